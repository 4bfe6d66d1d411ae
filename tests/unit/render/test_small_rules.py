"""The room's small rules as tables: globs, variables, detection, what an object must have."""

from __future__ import annotations

from pathlib import Path

import pytest

from driftless.outlets.tools import Tools
from driftless.render import Context, Kind, detect, overridden
from driftless.render.environment import build_environment, substituted
from driftless.render.globs import matches
from driftless.render.manifests import objects_of
from driftless.render.shape import Job
from driftless.vocabulary.argo import Source
from driftless.vocabulary.errors import NotBuiltYet, SourceError

SOURCE = Source.of({"repoURL": "https://git.test/r.git", "path": "app", "targetRevision": "main"})


@pytest.mark.parametrize(
    ("path", "pattern", "matched"),
    [
        ("a.yaml", "*.yaml", True),
        ("deep/er/a.yaml", "*.yaml", True),
        ("a.yml", "*.yaml", False),
        ("deep/a.yaml", "deep/?.yaml", True),
        ("one/a.json", "{one,two}/*.{yaml,json}", True),
        ("three/a.json", "{one,two}/*.{yaml,json}", False),
        ("two/x", "{one,{two,three}}/x", True),
        ("b.yaml", "[a-c].yaml", True),
        ("b.yaml", "[!a-c].yaml", False),
        ("a.yaml", "{,x}a.yaml", True),
        ("a" * 200, "*a" * 100 + "b", False),
    ],
)
def test_a_star_crosses_slashes_and_braces_are_a_choice(path: str, pattern: str, matched: bool) -> None:
    assert matches(path, pattern) is matched


@pytest.mark.parametrize(("pattern", "why"), [("{a,b", "does not close"), ("{a,b}" * 12, "more than 1000 choices")])
def test_a_pattern_that_is_none_is_refused(pattern: str, why: str) -> None:
    with pytest.raises(SourceError, match=why):
        matches("a", pattern)


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("$A", "1"),
        ("${A}b", "1b"),
        ("$Ab", ""),
        ("x-$NOPE-y", "x--y"),
        ("$$A", "$A"),
        ("5$", "5$"),
        ("$ A", "$ A"),
        ("$1A", "A"),
        ("plain", "plain"),
    ],
)
def test_variables_are_replaced_as_go_does_it(text: str, result: str) -> None:
    assert substituted(text, {"A": "1"}) == result


def test_the_build_environment_is_argo_cds(tmp_path: Path) -> None:
    context = Context("payments", "prod", "team", "0123456789abcdef")
    assert build_environment(Job(tmp_path, tmp_path / "app", SOURCE, context, Tools())) == {
        "ARGOCD_APP_NAME": "payments",
        "ARGOCD_APP_NAMESPACE": "prod",
        "ARGOCD_APP_PROJECT_NAME": "team",
        "ARGOCD_APP_REVISION": "0123456789abcdef",
        "ARGOCD_APP_REVISION_SHORT": "0123456",
        "ARGOCD_APP_REVISION_SHORT_8": "01234567",
        "ARGOCD_APP_SOURCE_PATH": "app",
        "ARGOCD_APP_SOURCE_REPO_URL": "https://git.test/r.git",
        "ARGOCD_APP_SOURCE_TARGET_REVISION": "main",
    }


@pytest.mark.parametrize(
    ("files", "block", "kind"),
    [
        (["a.yaml"], {}, Kind.DIRECTORY),
        (["Chart.yaml"], {}, Kind.HELM),
        (["MyChart.yaml"], {}, Kind.HELM),
        (["kustomization.yaml"], {}, Kind.KUSTOMIZE),
        (["kustomization.yml"], {}, Kind.KUSTOMIZE),
        (["Kustomization", "Chart.yaml"], {}, Kind.KUSTOMIZE),
        (["sub/Chart.yaml"], {}, Kind.DIRECTORY),
        (["Chart.yaml"], {"directory": {"recurse": True}}, Kind.DIRECTORY),
        (["Chart.yaml"], {"directory": {}}, Kind.HELM),
        (["kustomization.yaml"], {"helm": {"releaseName": "x"}}, Kind.HELM),
        ([], {"kustomize": {"namePrefix": "x"}}, Kind.KUSTOMIZE),
        ([], {"chart": "redis"}, Kind.HELM),
    ],
)
def test_what_a_folder_asks_for(repo: Path, files: list[str], block: dict[str, object], kind: Kind) -> None:
    for name in files:
        (repo / name).parent.mkdir(exist_ok=True)
        (repo / name).write_text("")
    assert detect(repo, Source.of({"repoURL": "r", "path": "."} | block)) == kind


def test_an_override_removes_with_null_and_leaves_where_the_source_is_from(repo: Path) -> None:
    (repo / ".argocd-source.yaml").write_text(
        "repoURL: https://evil.test\nkustomize: {namePrefix: null, nameSuffix: b}"
    )
    source = Source.of(SOURCE.raw | {"kustomize": {"namePrefix": "a"}})
    merged = overridden(repo, "payments", source)
    assert (merged.repo_url, merged.kustomize) == (SOURCE.repo_url, {"nameSuffix": "b"})
    assert overridden(repo, "payments", merged) == merged


def test_without_override_files_the_source_is_the_same_object(repo: Path) -> None:
    assert overridden(repo, "payments", SOURCE) is SOURCE


@pytest.mark.parametrize(
    ("text", "error", "sentence"),
    [
        ("plugin: {name: x}", NotBuiltYet, "source.plugin is not built yet"),
        ("- 1", SourceError, ".argocd-source.yaml must hold one map"),
        ("a: b: c", SourceError, ".argocd-source.yaml: document 1, line 1"),
        ("helm: {releaseName: a}\nkustomize: {namePrefix: b}", SourceError, "multiple application sources defined"),
    ],
)
def test_a_bad_override_is_refused_by_name(repo: Path, text: str, error: type[Exception], sentence: str) -> None:
    (repo / ".argocd-source.yaml").write_text(text)
    with pytest.raises(error, match=sentence):
        overridden(repo, "payments", SOURCE)


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        (5, "x is a number, not a Kubernetes object"),
        ("text", "x is a text, not a Kubernetes object"),
        ({"apiVersion": "v1"}, "x has no kind"),
        ({"kind": "A"}, r"x \(A\) has no apiVersion"),
        ({"kind": "A", "apiVersion": 1}, r"x \(A\): apiVersion is a number, not a text; quote it"),
        ({"kind": ["A"], "apiVersion": "v1"}, "x: kind is a list, not a text"),
        ({"kind": "A", "apiVersion": "v1"}, r"x \(A\) has no metadata"),
        ({"kind": "A", "apiVersion": "v1", "metadata": {"name": 1}}, "metadata.name is a number"),
        ({"kind": "A", "apiVersion": "v1", "metadata": {"name": ""}}, "has no metadata.name"),
        ({"kind": "A", "apiVersion": "v1", "metadata": {"name": "a", "labels": []}}, "metadata.labels is a list"),
        ({"kind": "A", "apiVersion": "v1", "metadata": {"name": "a", "labels": {"b": True}}}, "labels.b is a boolean"),
    ],
)
def test_what_is_no_object_is_refused_without_quoting_it(document: object, problem: str) -> None:
    with pytest.raises(SourceError, match=problem):
        list(objects_of(document, "x"))


def test_generate_name_is_a_name() -> None:
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"generateName": "a-", "labels": None}}
    assert list(objects_of(job, "x")) == [job]


@pytest.mark.parametrize("document", [{}, {"items": None, "kind": "List"}, {"items": [], "kind": "List"}])
def test_an_empty_document_or_list_holds_nothing(document: object) -> None:
    assert list(objects_of(document, "x")) == []
