"""Application manifests: what is accepted as it stands, what is refused by which path (argo-behaviour 1.1, 1.2)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from driftless.vocabulary.argo import Application, Automated, application
from driftless.vocabulary.errors import NotBuiltYet, Refused

LESSONS = Path(__file__).parent / "lessons"
GIT: dict[str, Any] = {"repoURL": "https://git.example/a.git", "path": "k8s", "targetRevision": "main"}
LOCAL: dict[str, Any] = {"server": "https://kubernetes.default.svc", "namespace": "pay"}


def manifest(metadata: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    """An Application that is accepted, with parts of its spec replaced; None takes a part out."""
    whole = {"project": "default", "source": GIT, "destination": LOCAL} | spec
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": "payments", "namespace": "argocd"} | (metadata or {}),
        "spec": {k: v for k, v in whole.items() if v is not None},
    }


def accepted(metadata: dict[str, Any] | None = None, **spec: Any) -> Application:
    return application(manifest(metadata, **spec))


@pytest.mark.parametrize("path", sorted(LESSONS.glob("*-accepted.yaml")), ids=lambda p: p.stem)
def test_a_lessons_application_is_accepted_as_it_stands(path: Path) -> None:
    app = application(yaml.safe_load(path.read_text()))
    assert app.warnings == ()
    assert app.destination.server == "https://kubernetes.default.svc"


@pytest.mark.parametrize("path", sorted(LESSONS.glob("*-refused.yaml")), ids=lambda p: p.stem)
def test_a_lessons_other_kind_is_refused_by_name(path: Path) -> None:
    document = yaml.safe_load(path.read_text())
    with pytest.raises(Refused, match=rf"got {document['apiVersion']} {document['kind']}$"):
        application(document)


def test_the_lessons_policy_arrives_whole() -> None:
    app = application(yaml.safe_load((LESSONS / "payments-service-accepted.yaml").read_text()))
    assert app.automated == Automated(prune=True, self_heal=True, allow_empty=False)
    assert app.sync_options == {"CreateNamespace=true", "PrunePropagationPolicy=foreground"}
    assert app.cascades
    assert app.spec["syncPolicy"]["retry"]["backoff"] == {"duration": "5s", "factor": 2, "maxDuration": "3m"}


@pytest.mark.parametrize(
    "document", [None, [], "text", {}, {"kind": "Application"}, {"kind": "Application", "apiVersion": "v1"}]
)
def test_what_is_no_application_is_refused(document: Any) -> None:
    with pytest.raises(Refused):
        application(document)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"source": None}, "spec.source is required"),
        ({"source": {"path": "k8s"}}, "spec.source.repoURL is required"),
        ({"source": {"repoURL": "https://git.example/a.git"}}, "spec.source.path or spec.source.chart is required"),
        (
            {"source": {"repoURL": "https://c.example", "chart": "pg"}},
            "spec.source.targetRevision is required for a chart",
        ),
        ({"source": GIT | {"targetRevision": 1.0}}, "spec.source.targetRevision must be a string, not 1.0"),
        ({"source": GIT | {"helm": {"valueFiles": "values.yaml"}}}, "spec.source.helm.valueFiles must be a list"),
        (
            {"source": GIT | {"helm": {"releaseName": "a"}, "kustomize": {"namePrefix": "b"}}},
            "spec.source has helm and kustomize: multiple application sources defined",
        ),
        ({"destination": None}, "spec.destination is required"),
        ({"destination": {}}, "spec.destination.server is required"),
        ({"destination": {"namespace": "pay"}}, "spec.destination.server is required"),
        ({"destination": LOCAL | {"name": "in-cluster"}}, "spec.destination has both server and name"),
        ({"syncPolicy": {"automated": True}}, "spec.syncPolicy.automated must be a map, not true"),
        (
            {"syncPolicy": {"automated": {"prune": "yes"}}},
            "spec.syncPolicy.automated.prune must be a boolean, not 'yes'",
        ),
        ({"syncPolicy": {"retry": {"limit": "5"}}}, "spec.syncPolicy.retry.limit must be an integer, not '5'"),
        (
            {"syncPolicy": {"retry": {"backoff": {"duration": "soon"}}}},
            "spec.syncPolicy.retry.backoff.duration must be a duration",
        ),
        (
            {"syncPolicy": {"retry": {"backoff": {"maxDuration": "3 minutes"}}}},
            "spec.syncPolicy.retry.backoff.maxDuration must be a duration",
        ),
        ({"ignoreDifferences": [{"group": "apps"}]}, "spec.ignoreDifferences[0].kind is required"),
        ({"revisionHistoryLimit": "10"}, "spec.revisionHistoryLimit must be an integer, not '10'"),
    ],
)
def test_a_refusal_names_the_path(spec: dict[str, Any], message: str) -> None:
    with pytest.raises(Refused) as refused:
        accepted(**spec)
    assert str(refused.value).startswith(message)


@pytest.mark.parametrize(
    "name", [None, "", "Payments", "-a", "a-", "a..b", "a.-b", "a_b", "a/b", "a" * 254, 7, ["a"]], ids=repr
)
def test_a_name_that_kubernetes_would_refuse_is_refused(name: Any) -> None:
    with pytest.raises(Refused, match=r"^metadata\.name"):
        accepted({"name": name})


@pytest.mark.parametrize("name", ["a", "payments-2", "a.b", "a" * 253])
def test_a_dns_name_is_accepted(name: str) -> None:
    assert accepted({"name": name}).name == name


@pytest.mark.parametrize("block", [{"labels": {"a": 1}}, {"annotations": ["a"]}, {"finalizers": "one"}], ids=repr)
def test_metadata_of_the_wrong_type_is_refused(block: dict[str, Any]) -> None:
    with pytest.raises(Refused, match=rf"^metadata\.{next(iter(block))}"):
        accepted(block)


@pytest.mark.parametrize(
    "spec",
    [
        {"sourceHydrator": {"drySource": {}}},
        {"source": None, "sources": [GIT, GIT]},
        {"source": GIT | {"plugin": {"name": "mine"}}},
    ],
    ids=lambda spec: next(reversed(spec)),
)
def test_what_argo_cd_has_and_we_do_not_is_refused_as_such(spec: dict[str, Any]) -> None:
    with pytest.raises(NotBuiltYet, match="is not built yet"):
        accepted(**spec)


def test_sources_beat_source() -> None:
    app = accepted(source=GIT | {"path": "ignored"}, sources=[GIT | {"path": "taken"}])
    assert app.source.path == "taken"


def test_an_empty_list_of_sources_says_nothing() -> None:
    assert accepted(sources=[]).source.path == "k8s"


@pytest.mark.parametrize(
    ("metadata", "spec", "warning"),
    [
        ({}, {"sorce": {}}, "unknown field spec.sorce (did you mean source?)"),
        ({}, {"syncPolicy": {"automated": {"selfheal": True}}}, "unknown field spec.syncPolicy.automated.selfheal"),
        ({}, {"source": GIT | {"helm": {"valuesFiles": []}}}, "unknown field spec.source.helm.valuesFiles"),
        ({"namespace": "team-a"}, {}, "metadata.namespace team-a is not used"),
    ],
)
def test_what_is_not_understood_warns(metadata: dict[str, Any], spec: dict[str, Any], warning: str) -> None:
    [said] = accepted(metadata, **spec).warnings
    assert said.startswith(warning)


def test_an_operation_in_a_manifest_warns_and_is_left_out() -> None:
    app = application(manifest() | {"operation": {"sync": {}}, "status": {"sync": {}}})
    assert len(app.warnings) == 1 and "driftless app sync" in app.warnings[0]
    assert set(app.manifest) == {"apiVersion", "kind", "metadata", "spec"}


@pytest.mark.parametrize(
    ("policy", "automated"),
    [
        (None, None),
        ({}, None),
        ({"automated": None}, None),
        ({"automated": {}}, Automated()),
        ({"automated": {"enabled": None, "prune": None}}, Automated()),
        ({"automated": {"enabled": True, "allowEmpty": True}}, Automated(allow_empty=True)),
        ({"automated": {"enabled": False, "prune": True}}, None),
    ],
    ids=repr,
)
def test_automation_is_on_by_presence_unless_it_says_no(policy: dict[str, Any] | None, automated: Any) -> None:
    assert accepted(syncPolicy=policy).automated == automated


@pytest.mark.parametrize(
    ("block", "kept"),
    [
        ({"helm": {}}, False),
        ({"kustomize": {"images": []}}, False),
        ({"directory": {"recurse": False}}, False),
        ({"directory": {"recurse": True}}, True),
        ({"directory": {"include": "*.yaml"}}, True),
    ],
    ids=repr,
)
def test_an_empty_block_does_not_decide_the_kind_of_source(block: dict[str, Any], kept: bool) -> None:
    source = accepted(source=GIT | block).source
    assert (source.helm or source.kustomize or source.directory or None) == (
        next(iter(block.values())) if kept else None
    )


def test_an_empty_block_beside_a_real_one_is_no_second_kind() -> None:
    source = accepted(source=GIT | {"helm": {"releaseName": "a"}, "directory": {"recurse": False}}).source
    assert source.helm == {"releaseName": "a"} and source.directory is None


@pytest.mark.parametrize(
    ("destination", "stored"),
    [
        ({"server": "https://a.example/"}, {"server": "https://a.example"}),
        ({"name": "in-cluster", "server": None}, {"name": "in-cluster"}),
        (
            {"name": "", "server": "https://a.example", "namespace": "n"},
            {"server": "https://a.example", "namespace": "n"},
        ),
    ],
    ids=repr,
)
def test_a_destination_is_exactly_one_of_server_and_name(destination: dict[str, Any], stored: dict[str, Any]) -> None:
    assert accepted(destination=destination).spec["destination"] == stored


@pytest.mark.parametrize("project", [None, ""])
def test_no_project_is_the_default_project(project: str | None) -> None:
    app = accepted(project=project)
    assert (app.project, app.spec["project"]) == ("default", "default")


@pytest.mark.parametrize(("limit", "kept"), [(None, 10), (0, 0), (3, 3), (-1, 0)])
def test_the_history_limit_is_ten_and_never_negative(limit: int | None, kept: int) -> None:
    assert accepted(revisionHistoryLimit=limit).history_limit == kept


@pytest.mark.parametrize(
    ("finalizer", "cascades"),
    [
        ("resources-finalizer.argocd.argoproj.io", True),
        ("resources-finalizer.argocd.argoproj.io/foreground", True),
        ("resources-finalizer.argocd.argoproj.io/background", True),
        ("resources-finalizer.argocd.argoproj.io.example", False),
        ("example.com/mine", False),
    ],
)
def test_a_resources_finalizer_cascades(finalizer: str, cascades: bool) -> None:
    assert accepted({"finalizers": [finalizer]}).cascades is cascades


def test_what_says_nothing_is_dropped_so_that_the_same_spec_stays_the_same() -> None:
    bare, wordy = accepted(), accepted(syncPolicy={"automated": None, "syncOptions": []}, info=None)
    assert bare.manifest == wordy.manifest


def test_parsing_again_changes_nothing() -> None:
    once = accepted({"labels": {"team": "pay"}}, syncPolicy={"automated": {}, "retry": {"limit": 2}})
    assert application(once.manifest) == once


def test_nulls_everywhere_are_as_good_as_nothing() -> None:
    nulls = dict.fromkeys(("helm", "kustomize", "directory", "plugin", "chart", "ref"))
    spec = {"ignoreDifferences": None, "syncPolicy": None, "sources": None, "sourceHydrator": None}
    document = manifest({"labels": None, "annotations": None, "finalizers": None})
    document["spec"] |= spec | {"source": GIT | nulls}
    assert application(document).warnings == ()


def test_an_ignore_rule_arrives_with_its_lists() -> None:
    rule = {"group": "apps", "kind": "Deployment", "jsonPointers": ["/spec/replicas"], "managedFieldsManagers": ["hpa"]}
    [ignore] = accepted(ignoreDifferences=[rule]).ignore
    assert (ignore.json_pointers, ignore.managed_fields_managers) == (("/spec/replicas",), ("hpa",))
    assert (ignore.name, ignore.namespace) == ("", "")
