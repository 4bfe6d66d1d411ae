"""What scripts that were written for `argocd` pass with every command."""

from __future__ import annotations

import pytest

from tests.unit.cli.conftest import Command
from tests.unit.cli.lesson import CREATE
from tests.unit.console.stage import TOKEN


@pytest.mark.parametrize(
    "words",
    [
        ("--grpc-web", "app", "list", "-o", "name"),
        ("app", "list", "--insecure", "--plaintext", "-o", "name"),
        ("--auth-token", TOKEN, "--grpc-web", "app", "list", "-o", "name"),
        ("app", "get", "payments", "-N", "argocd", "-o", "name"),
    ],
    ids=["before the verb", "behind it", "with a value", "namespace"],
)
def test_what_every_argocd_script_passes_is_taken(driftless: Command, words: tuple[str, ...]) -> None:
    driftless(*CREATE)
    ended = driftless(*words)
    assert (ended.status, ended.out) == (0, "argocd/payments\n"), ended.err


def test_another_namespace_of_applications_is_refused(driftless: Command) -> None:
    ended = driftless("app", "get", "payments", "-N", "team-a")
    assert ended.status == 1 and "are in the namespace argocd, not in team-a" in ended.err
