"""`driftless app …` from its arguments to its output, in Argo CD's columns and exit codes."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from driftless.cli import follow
from driftless.record import applications
from tests.unit.cli.conftest import Command
from tests.unit.console.stage import COMMIT, RESOURCE, SYNCED, deployed, ends, payments, works

CREATE = (
    *("app", "create", "payments", "--repo", "https://github.com/acme-corp/gitops-manifests.git"),
    *("--path", "apps/payments/overlays/production", "--revision", "main"),
    *("--dest-server", "https://kubernetes.default.svc", "--dest-namespace", "payments"),
)
LESSON = (*CREATE, "--sync-policy", "automated", "--auto-prune", "--self-heal")


@pytest.fixture(autouse=True)
def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "FIRST_PAUSE", 0.001)
    monkeypatch.setattr(follow, "LAST_PAUSE", 0.001)


def spec(driftless: Command, name: str = "payments") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(driftless("app", "get", name, "-o", "json").out)["spec"]
    return found


def test_the_lessons_create_makes_the_lessons_application(driftless: Command) -> None:
    made = driftless(*LESSON)
    assert (made.status, made.out, made.err) == (0, "application 'payments' created\n", "")
    assert spec(driftless)["syncPolicy"] == {"automated": {"prune": True, "selfHeal": True}}
    assert driftless(*LESSON).out == "application 'payments' unchanged\n"


def test_another_spec_needs_upsert(driftless: Command) -> None:
    driftless(*CREATE)
    refused = driftless(*LESSON)
    assert refused.status == 20
    assert refused.err.startswith("driftless: application payments exists and its spec differs")
    assert driftless(*LESSON, "--upsert").out == "application 'payments' updated\n"


def test_every_helm_and_kustomize_flag_arrives(driftless: Command, tmp_path: Any) -> None:
    literal = tmp_path / "literal.yaml"
    literal.write_text("replicas: 2\n")
    flags = ["--helm-set", "a=1", "--helm-set-string", "b=2", "--helm-set-file", "c=files/c.txt", "--values", "v.yaml"]
    flags += ["--values-literal-file", str(literal), "--release-name", "pay", "--helm-skip-crds", "-p", "d=x=y"]
    assert driftless(*CREATE, *flags, "--sync-retry-limit", "3", "--sync-option", "CreateNamespace=true").status == 0
    found = spec(driftless)
    assert found["source"]["helm"] == {
        "releaseName": "pay",
        "valueFiles": ["v.yaml"],
        "skipCrds": True,
        "values": "replicas: 2\n",
        "parameters": [
            {"name": "a", "value": "1"},
            {"name": "d", "value": "x=y"},
            {"name": "b", "value": "2", "forceString": True},
        ],
        "fileParameters": [{"name": "c", "path": "files/c.txt"}],
    }
    assert found["syncPolicy"] == {"syncOptions": ["CreateNamespace=true"], "retry": {"limit": 3}}


def test_create_from_a_file_takes_flags_on_top(driftless: Command, tmp_path: Any) -> None:
    path = tmp_path / "application.json"
    path.write_text(json.dumps(payments()))
    made = driftless("app", "create", "-f", str(path), "--revision", "v2", "-l", "team=a", "--set-finalizer")
    assert made.out == "application 'payments' created\n"
    document = json.loads(driftless("app", "get", "payments", "-o", "json").out)
    assert document["spec"]["source"]["targetRevision"] == "v2"
    assert document["metadata"]["labels"] == {"team": "a"}
    assert document["metadata"]["finalizers"] == ["resources-finalizer.argocd.argoproj.io"]


def test_set_changes_what_its_flags_name_and_unset_takes_away(driftless: Command) -> None:
    driftless(*LESSON)
    changed = ("app", "set", "payments", "--nameprefix", "x-", "--kustomize-image", "app=registry.example:5000/app:v2")
    assert driftless(*changed, "--self-heal=false", "--sync-option", "A=1").status == 0
    found = spec(driftless)
    assert found["source"]["kustomize"] == {"namePrefix": "x-", "images": ["app=registry.example:5000/app:v2"]}
    assert found["syncPolicy"] == {"automated": {"prune": True, "selfHeal": False}, "syncOptions": ["A=1"]}
    driftless(
        "app", "set", "payments", "--kustomize-image", "app=registry.example:5000/app:v3", "--sync-option", "!A=1"
    )
    found = spec(driftless)
    assert found["source"]["kustomize"]["images"] == ["app=registry.example:5000/app:v3"]
    assert "syncOptions" not in found["syncPolicy"]
    driftless("app", "unset", "payments", "--nameprefix", "--kustomize-image", "app=registry.example:5000/app:v3")
    assert "kustomize" not in spec(driftless)["source"]
    driftless("app", "set", "payments", "--sync-policy", "none")
    assert "syncPolicy" not in spec(driftless)


def test_a_destination_has_a_server_or_a_name(driftless: Command) -> None:
    driftless(*CREATE)
    driftless("app", "set", "payments", "--dest-name", "prod")
    assert spec(driftless)["destination"] == {"name": "prod", "namespace": "payments"}


@pytest.mark.parametrize(
    ("argv", "text"),
    [
        (("app", "create"), "give the application a name"),
        ((*CREATE, "--auto-prune"), "go with --sync-policy automated"),
        ((*CREATE, "--sync-policy", "sometimes"), "must be automated or none"),
        ((*CREATE, "--helm-set", "novalue"), "must be written NAME=VALUE"),
        (("app", "set", "payments", "--sync-retry-limit", "x"), "invalid int value"),
        (("app", "sync"), "no application"),
        (("app", "nothing"), "invalid choice"),
        (("app", "get", "elsewhere/payments"), "namespace argocd"),
        (("app", "wait", "payments", "--resource", "Deployment"), "GROUP:KIND:[NAMESPACE/]NAME"),
    ],
)
def test_wrong_usage_is_a_sentence_and_exit_status_1(driftless: Command, argv: tuple[str, ...], text: str) -> None:
    ended = driftless(*argv)
    assert ended.status == 1
    assert text in ended.err and len(ended.err.splitlines()) == 1
    assert "Traceback" not in ended.err


def test_an_application_alone_is_listed_in_argo_cds_columns(driftless: Command) -> None:
    driftless(*LESSON)
    works(driftless.console, "payments", status=SYNCED)
    header, row = driftless("app", "list").out.splitlines()
    columns = [
        "NAME",
        "CLUSTER",
        "NAMESPACE",
        "PROJECT",
        "STATUS",
        "HEALTH",
        "SYNCPOLICY",
        "CONDITIONS",
        "REPO",
        "PATH",
        "TARGET",
    ]
    cells = ["argocd/payments", "https://kubernetes.default.svc", "payments", "default", "Synced", "Healthy"]
    cells += ["Auto-Prune", "<none>", "https://github.com/acme-corp/gitops-manifests.git"]
    cells += ["apps/payments/overlays/production", "main"]
    padded = [max(len(pair[0]), len(pair[1])) + 2 for pair in zip(columns, cells, strict=True)]
    for line, words in ((header, columns), (row, cells)):
        assert line == "".join(word.ljust(width) for word, width in zip(words, padded, strict=True)).rstrip()
    assert driftless("app", "list", "-o", "name").out == "argocd/payments\n"
    assert json.loads(driftless("app", "list", "-o", "json").out)[0]["metadata"]["name"] == "payments"
    assert driftless("app", "list", "-l", "team=none", "-o", "name").out == ""


def test_get_shows_the_header_conditions_and_resources(driftless: Command) -> None:
    driftless(*LESSON)
    condition = {"type": "SyncError", "message": "failed", "lastTransitionTime": "2026-11-21T13:00:02Z"}
    drifted = SYNCED | {"sync": {"status": "OutOfSync", "revision": COMMIT}, "conditions": [condition]}
    works(driftless.console, "payments", status=drifted, resources=(RESOURCE,))
    assert (
        driftless("app", "get", "payments").out
        == f"""\
Name:               argocd/payments
Project:            default
Server:             https://kubernetes.default.svc
Namespace:          payments
URL:                {driftless.url}/applications/payments
Source:
- Repo:             https://github.com/acme-corp/gitops-manifests.git
  Target:           main
  Path:             apps/payments/overlays/production
SyncWindow:         Sync Allowed
Sync Policy:        Automated (Prune)
Sync Status:        OutOfSync from main (abc1234)
Health Status:      Healthy

CONDITION  MESSAGE  LAST TRANSITION
SyncError  failed   2026-11-21 13:00:02 +0000 UTC

GROUP  KIND        NAMESPACE  NAME      STATUS  HEALTH   HOOK  MESSAGE
apps   Deployment  payments   payments  Synced  Healthy
"""
    )


def test_a_name_may_carry_its_namespace(driftless: Command) -> None:
    driftless(*CREATE)
    assert driftless("app", "get", "argocd/payments", "-o", "name").out == "argocd/payments\n"


def test_refresh_waits_until_the_application_was_looked_at(driftless: Command) -> None:
    driftless(*CREATE)
    later = SYNCED | {"reconciledAt": "2026-11-21T14:00:00Z"}
    driftless.console.steps = [lambda: None, lambda: works(driftless.console, "payments", status=later)]
    document = json.loads(driftless("app", "get", "payments", "--refresh", "-o", "json").out)
    assert document["status"]["reconciledAt"] == "2026-11-21T14:00:00Z"
    late = driftless("app", "get", "payments", "--refresh", "--timeout", "0.01")
    assert late.status == 1 and "did not end within" in late.err


def test_sync_streams_rows_and_ends_with_the_operation(driftless: Command) -> None:
    driftless(*CREATE)
    driftless.console.steps = [lambda: None, ends(driftless.console, "payments")]
    ended = driftless("app", "sync", "payments", "--prune")
    assert (ended.status, ended.err) == (0, "")
    header, row, *rest = ended.out.splitlines()
    assert header.split() == [
        "TIMESTAMP",
        *["GROUP", "KIND", "NAMESPACE", "NAME", "STATUS", "HEALTH", "HOOK", "MESSAGE"],
    ]
    cells = [
        "apps",
        "Deployment",
        "payments",
        "payments",
        "Synced",
        "Healthy",
        "deployment.apps/payments",
        "configured",
    ]
    assert row.split()[1:] == cells
    assert "Phase:              Succeeded" in rest
    assert "Duration:           2s" in rest
    assert "Message:            successfully synced (all tasks run)" in rest


def test_a_failed_sync_exits_1_and_says_why(driftless: Command) -> None:
    driftless(*CREATE)
    driftless.console.steps = [ends(driftless.console, "payments", "Failed")]
    ended = driftless("app", "sync", "payments")
    assert ended.status == 1
    assert ended.err == "driftless: the operation of application payments ended Failed: one object was refused\n"


def test_what_needs_pruning_after_a_whole_sync_exits_1(driftless: Command) -> None:
    driftless(*CREATE)

    def left() -> None:
        ends(driftless.console, "payments", sync={"status": "OutOfSync", "revision": COMMIT})()
        extra = RESOURCE | {"name": "old", "requiresPruning": True, "status": "OutOfSync"}
        works(driftless.console, "payments", resources=(RESOURCE, extra))

    driftless.console.steps = [left]
    ended = driftless("app", "sync", "payments")
    assert ended.status == 1 and "1 resources require pruning" in ended.err


def test_a_sync_under_way_refuses_another_with_20(driftless: Command) -> None:
    driftless(*CREATE)
    assert driftless("app", "sync", "payments", "--async").status == 0
    ended = driftless("app", "sync", "payments")
    assert ended.status == 20 and "another operation is already in progress" in ended.err


def test_a_time_out_exits_1_and_the_operation_goes_on(driftless: Command) -> None:
    driftless(*CREATE)
    ended = driftless("app", "sync", "payments", "--timeout", "0.02")
    assert ended.status == 1 and "timed out (0.02 s)" in ended.err


def test_an_operation_that_another_replaced_exits_1(driftless: Command) -> None:
    driftless(*CREATE)

    def replaced() -> None:
        last = {"operation": {"id": "another"}, "phase": "Succeeded", "startedAt": "2026-11-21T15:00:00Z"}
        works(driftless.console, "payments", asked=None, status=SYNCED | {"operationState": last})

    driftless.console.steps = [lambda: None, replaced]
    ended = driftless("app", "sync", "payments")
    assert ended.status == 1 and "another operation took the place" in ended.err


def body_of_sync(driftless: Command, *argv: str) -> dict[str, Any]:
    assert driftless("app", "sync", "payments", "--async", *argv).status == 0
    asked: dict[str, Any] = json.loads((driftless.console.world.table.get("STATE", "payments") or {})["asked"])
    return asked


def test_the_flags_of_sync_arrive(driftless: Command) -> None:
    driftless(*CREATE)
    flags = ("--prune", "--force", "--strategy", "apply", "--replace", "--retry-limit", "2", "--info", "why=test")
    asked = body_of_sync(driftless, *flags, "--resource", "apps:Deployment:payments/payments", "--confirm-prune")
    assert asked["sync"] == {
        "syncStrategy": {"apply": {"force": True}},
        "resources": [{"group": "apps", "kind": "Deployment", "namespace": "payments", "name": "payments"}],
        "syncOptions": ["Replace=true"],
        "prune": True,
    }
    assert (asked["retry"], asked["info"]) == ({"limit": 2}, [{"name": "why", "value": "test"}])
    assert asked["confirmPrune"] is True


def test_resources_are_chosen_by_pattern_and_exclusion(driftless: Command) -> None:
    driftless(*CREATE)
    service = {"version": "v1", "kind": "Service", "namespace": "payments", "name": "payments", "status": "Synced"}
    works(driftless.console, "payments", resources=(RESOURCE, service))
    asked = body_of_sync(driftless, "--resource", "*:*:*", "--resource", "!apps:Deployment:*")
    assert [row["kind"] for row in asked["sync"]["resources"]] == ["Service"]
    assert driftless("app", "sync", "payments", "--resource", "*:Job:*").status == 20


def test_history_is_a_table_and_a_rollback_goes_to_its_id(driftless: Command) -> None:
    driftless(*CREATE)
    deployed(driftless.console, "payments", 0, 1, 2)
    assert (
        driftless("app", "history", "payments").out
        == """\
SOURCE  https://github.com/acme-corp/gitops-manifests.git
ID      DATE                           REVISION
0       2026-11-20 13:00:01 +0000 UTC  main (0000000)
1       2026-11-21 13:00:01 +0000 UTC  main (0000000)
2       2026-11-22 13:00:01 +0000 UTC  main (0000000)
"""
    )
    assert driftless("app", "history", "payments", "-o", "id").out == "0\n1\n2\n"
    driftless.console.steps = [ends(driftless.console, "payments")]
    ended = driftless("app", "rollback", "payments", "1")
    assert ended.status == 0 and "Operation:          Rollback" in ended.out
    assert driftless("app", "rollback", "payments", "9").status == 20


def test_terminate_without_an_operation_is_refused_with_20(driftless: Command) -> None:
    driftless(*CREATE)
    ended = driftless("app", "terminate-op", "payments")
    assert ended.status == 20 and "no operation is in progress" in ended.err
    driftless("app", "sync", "payments", "--async")
    assert driftless("app", "terminate-op", "payments").status == 0


def test_resume_says_so(driftless: Command) -> None:
    driftless(*LESSON)
    assert driftless("app", "resume", "payments").out == "application 'payments' resumed\n"


def test_wait_ends_when_it_is_synced_healthy_and_idle(driftless: Command) -> None:
    driftless(*CREATE)
    moving = SYNCED | {"health": {"status": "Progressing"}}
    steps = [lambda: works(driftless.console, "payments", status=moving, resources=(RESOURCE,))]
    driftless.console.steps = [*steps, lambda: works(driftless.console, "payments", status=SYNCED)]
    ended = driftless("app", "wait", "payments", "--timeout", "20")
    assert ended.status == 0
    assert ended.out.startswith("TIMESTAMP")
    assert "Health Status:      Healthy" in ended.out


@pytest.mark.parametrize(
    ("flags", "status"),
    [
        (("--sync",), 0),
        (("--operation",), 0),
        (("--health",), 1),
        (("--degraded",), 0),
        (("--health", "--degraded"), 0),
        (("--suspended",), 1),
        ((), 1),
        (("--resource", "apps:Deployment:payments"), 0),
        (("--resource", "apps:Deployment:other"), 1),
    ],
)
def test_wait_waits_for_what_its_flags_say(driftless: Command, flags: tuple[str, ...], status: int) -> None:
    driftless(*CREATE)
    degraded = SYNCED | {"health": {"status": "Degraded"}}
    works(driftless.console, "payments", status=degraded, resources=(RESOURCE,))
    assert driftless("app", "wait", "payments", *flags, "--timeout", "0.05").status == status


def test_delete_keeps_and_cascade_says_so_and_wait_sees_it_go(driftless: Command) -> None:
    driftless(*CREATE)
    assert driftless("app", "delete", "payments").out == "application 'payments' deleted\n"
    item = driftless.console.world.table.get("STATE", "payments") or {}
    assert json.loads(item["deleting"])["cascade"] is False
    flags = ("--cascade", "-y", "-p", "background", "--wait")
    world = driftless.console.world

    def gone() -> None:
        world.table.write(*applications.forget(applications.read(world.table, "payments")))

    driftless.console.steps = [lambda: None, gone]
    assert driftless("app", "delete", "payments", *flags).out.endswith("application 'payments' is gone\n")
    assert driftless("app", "delete", "payments").status == 20


@pytest.mark.parametrize(("argv", "cascade"), [(("--cascade",), True), (("--cascade=false",), False), ((), False)])
def test_a_flag_before_the_name_does_not_swallow_it(driftless: Command, argv: tuple[str, ...], cascade: bool) -> None:
    driftless(*CREATE)
    assert driftless("app", "delete", *argv, "payments").status == 0
    item = driftless.console.world.table.get("STATE", "payments") or {}
    assert json.loads(item["deleting"])["cascade"] is cascade


DIFF = """\
===== apps/Deployment payments/payments =====
--- desired (Git)
+++ live (cluster)
@@ -1,5 +1,5 @@
 spec:
-  replicas: 3
+  replicas: 5
"""


def test_diff_prints_the_lessons_text_and_exits_1(driftless: Command) -> None:
    driftless(*CREATE)
    same = {"kind": "Service", "name": "payments", "diff": "", "liveState": "{}", "targetState": "{}"}
    driftless.console.live["diff"] = {"items": [same, same | {"kind": "Deployment", "diff": DIFF}]}
    ended = driftless("app", "diff", "payments")
    assert (ended.status, ended.out) == (1, "\n" + DIFF)
    assert driftless("app", "diff", "payments", "--exit-code=false").status == 0
    assert driftless("app", "diff", "payments", "--diff-exit-code", "7").status == 7
    driftless.console.live["diff"] = {"items": [same]}
    ended = driftless("app", "diff", "payments")
    assert (ended.status, ended.out) == (0, "")


@pytest.mark.parametrize("argv", [("nobody",), (), ("payments", "--nonsense")])
def test_diff_exits_2_on_every_error(driftless: Command, argv: tuple[str, ...]) -> None:
    ended = driftless("app", "diff", *argv)
    assert ended.status == 2 and ended.err


def test_manifests_are_yaml_documents(driftless: Command) -> None:
    driftless(*CREATE)
    driftless.console.live["manifests"] = {"manifests": ['{"kind": "A", "x": 1}', '{"kind": "B"}'], "revision": "a"}
    assert driftless("app", "manifests", "payments").out == "---\nkind: A\nx: 1\n---\nkind: B\n"
    driftless.console.live["diff"] = {"items": [{"liveState": '{"kind": "L"}'}, {"liveState": ""}]}
    assert driftless("app", "manifests", "payments", "--source", "live").out == "---\nkind: L\n"


def test_resources_are_a_table_or_a_tree(driftless: Command) -> None:
    driftless(*CREATE)
    works(driftless.console, "payments", resources=(RESOURCE,))
    assert driftless("app", "resources", "payments").out == (
        "GROUP  KIND        NAMESPACE  NAME      ORPHANED\napps   Deployment  payments   payments  No\n"
    )
    pod = {"kind": "Pod", "name": "payments-1", "uid": "2", "parentRefs": [{"uid": "1"}]}
    healthy = {"kind": "Deployment", "name": "payments", "uid": "1", "health": {"status": "Healthy"}}
    driftless.console.live["resource-tree"] = {"nodes": [pod, healthy]}
    assert driftless("app", "resources", "payments", "--output", "tree").out == (
        "KIND/NAME            HEALTH   MESSAGE\nDeployment/payments  Healthy\n└─Pod/payments-1\n"
    )


def test_colours_stay_out_of_pipes(driftless: Command) -> None:
    driftless(*CREATE)
    assert not re.search(r"\x1b", driftless("app", "get", "payments").out)
