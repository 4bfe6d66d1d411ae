"""`app list|get|history|diff|manifests|resources`: Argo CD's columns and header lines."""

from __future__ import annotations

import json
import re

import pytest

from tests.unit.cli.conftest import Command
from tests.unit.cli.lesson import CREATE, LESSON
from tests.unit.console.stage import COMMIT, RESOURCE, SYNCED, works


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


def test_diff_names_who_changed_what(driftless: Command) -> None:
    driftless(*CREATE)
    changes = [
        {"path": "spec.replicas", "manager": "kubectl", "operation": "Update scale", "time": "2026-11-21T13:00:00Z"},
        {"path": "spec.paused", "manager": "", "operation": "", "time": ""},
    ]
    driftless.console.live["diff"] = {"items": [{"diff": DIFF, "changes": changes}]}
    said = driftless("app", "diff", "payments").out.removeprefix("\n" + DIFF)
    assert said == "# spec.replicas was changed by kubectl (Update scale, 2026-11-21T13:00:00Z)\n"


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
    container = {"kind": "Container", "name": "web", "uid": "3", "parentRefs": [{"uid": "2"}]}
    driftless.console.live["resource-tree"] = {"nodes": [container, pod, healthy]}
    assert driftless("app", "resources", "payments", "--output", "tree").out == (
        "KIND/NAME            HEALTH   MESSAGE\nDeployment/payments  Healthy\n└─Pod/payments-1\n  └─Container/web\n"
    )


def test_colours_stay_out_of_pipes(driftless: Command) -> None:
    driftless(*CREATE)
    assert not re.search(r"\x1b", driftless("app", "get", "payments").out)
