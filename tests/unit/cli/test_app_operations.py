"""`app sync|rollback|resume|terminate-op|wait|delete`: asked for, followed, ended with the right status."""

from __future__ import annotations

import json
from typing import Any

import pytest

from driftless.record import applications
from tests.unit.cli.conftest import Command
from tests.unit.cli.lesson import CREATE, LESSON
from tests.unit.console.stage import COMMIT, RESOURCE, SYNCED, deployed, ends, works


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


def test_the_deployment_with_id_0_is_a_wish_of_its_own(driftless: Command) -> None:
    driftless(*CREATE)
    deployed(driftless.console, "payments", 0, 1, 2)
    assert driftless("app", "rollback", "payments", "0", "--async").status == 0
    asked = json.loads((driftless.console.world.table.get("STATE", "payments") or {})["asked"])
    assert asked["rollback"]["id"] == 0


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


@pytest.mark.parametrize(
    "status",
    [
        {"conditions": [{"type": "ComparisonError", "message": "path k9s does not exist"}]},
        {"operationState": {"phase": "Failed", "message": "path k9s does not exist"}},
        {"operationState": {"phase": "Running", "retryCount": 2, "message": "path k9s does not exist"}},
    ],
    ids=["condition", "failed operation", "operation that is tried again"],
)
def test_a_wait_in_vain_says_what_stands_in_the_way(driftless: Command, status: dict[str, Any]) -> None:
    driftless(*CREATE)
    works(driftless.console, "payments", status=SYNCED | {"health": {"status": "Missing"}} | status)
    ended = driftless("app", "wait", "payments", "--timeout", "0.05")
    assert ended.status == 1
    assert "it is Synced and Missing: path k9s does not exist" in ended.err


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
