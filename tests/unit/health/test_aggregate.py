"""The application's health out of its objects' (argo-behaviour, section 7)."""

from __future__ import annotations

import pytest

from driftless import health
from driftless.vocabulary.model import Compared, Health, HealthStatus
from driftless.vocabulary.objects import ObjectKey

HEALTHY = Health(HealthStatus.HEALTHY)
MISSING = Health(HealthStatus.MISSING)


def row(name: str, *, live: bool = True, hook: bool = False, annotations: dict[str, str] | None = None) -> Compared:
    obj = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "annotations": annotations or {}}}
    key = ObjectKey("", "Pod", "payments", name)
    return Compared(key, "v1", target=obj, live=obj if live else None, modified=False, hook=hook)


def is_(status: HealthStatus, message: str = "why") -> Health:
    return Health(status, message)


@pytest.mark.parametrize("worst", [s for s in HealthStatus if s is not HealthStatus.MISSING])
def test_an_application_is_as_healthy_as_its_worst_object(worst: HealthStatus) -> None:
    rows = [(row("a"), HEALTHY), (row("b"), is_(worst)), (row("c"), HEALTHY)]
    assert health.aggregate(rows).status is worst


def test_no_objects_are_healthy() -> None:
    assert health.aggregate([]) == HEALTHY


def test_kinds_without_a_check_do_not_count() -> None:
    assert health.aggregate([(row("a"), None)]) == HEALTHY


def test_one_missing_object_worsens_nothing() -> None:
    assert health.aggregate([(row("a", live=False), MISSING), (row("b"), HEALTHY)]) == HEALTHY


def test_an_application_none_of_whose_objects_is_live_is_missing() -> None:
    rows = [(row("a", live=False), MISSING), (row("hook", hook=True), is_(HealthStatus.DEGRADED))]
    assert health.aggregate(rows).status is HealthStatus.MISSING


def test_hooks_do_not_count() -> None:
    assert health.aggregate([(row("a"), HEALTHY), (row("b", hook=True), is_(HealthStatus.DEGRADED))]) == HEALTHY


def test_an_object_whose_check_is_ignored_does_not_count() -> None:
    ignored = row("b", annotations={"argocd.argoproj.io/ignore-healthcheck": "true"})
    assert health.aggregate([(row("a"), HEALTHY), (ignored, is_(HealthStatus.DEGRADED))]) == HEALTHY


def test_the_message_names_up_to_three_causes() -> None:
    rows = [(row(name), is_(HealthStatus.DEGRADED, f"broke {name}")) for name in "abcd"]
    message = health.aggregate([*rows, (row("e"), is_(HealthStatus.PROGRESSING))]).message
    assert message == ("Pod payments/a: broke a; Pod payments/b: broke b; Pod payments/c: broke c; and 1 more")


def test_an_object_that_only_git_has_is_missing() -> None:
    assert health.of_row(row("a", live=False)) == MISSING


def test_a_hook_that_has_not_run_has_no_health() -> None:
    assert health.of_row(row("a", live=False, hook=True)) is None
