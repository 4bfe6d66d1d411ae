"""Which objects are hooks, and of which phases (argo-behaviour 5.3; Helm's mapping: 2.3)."""

from __future__ import annotations

import pytest

from driftless.plan.hooks import hook_types
from driftless.vocabulary.objects import HELM_HOOK, HOOK


def types(argo: str | None = None, helm: str | None = None) -> list[str] | None:
    said = {name: text for name, text in ((HOOK, argo), (HELM_HOOK, helm)) if text is not None}
    found = hook_types({"metadata": {"annotations": said}})
    return None if found is None else [str(t) for t in found]


@pytest.mark.parametrize("obj", [{}, {"metadata": None}, {"metadata": {"annotations": None}}])
def test_an_object_without_the_annotation_is_no_hook(obj: dict[str, None]) -> None:
    assert hook_types(obj) is None


@pytest.mark.parametrize(
    ("text", "phases"),
    [
        ("PreSync", ["PreSync"]),
        ("Sync", ["Sync"]),
        ("PostSync", ["PostSync"]),
        ("SyncFail", ["SyncFail"]),
        ("PreDelete", ["PreDelete"]),
        ("PostDelete", ["PostDelete"]),
        ("PreSync, PostSync", ["PreSync", "PostSync"]),
        ("PreSync,PreSync", ["PreSync"]),
        ("Skip", []),
        ("Skip,PreSync", ["PreSync"]),
        ("presync", []),
        ("Never", []),
        ("Never,PostSync", ["PostSync"]),
    ],
)
def test_argo_cds_annotation_names_the_phases(text: str, phases: list[str]) -> None:
    assert types(argo=text) == phases


@pytest.mark.parametrize(
    ("text", "phases"),
    [
        ("pre-install", ["PreSync"]),
        ("pre-upgrade", ["PreSync"]),
        ("pre-install,pre-upgrade", ["PreSync"]),
        ("post-install", ["PostSync"]),
        ("post-upgrade,post-install", ["PostSync"]),
        ("pre-delete", ["PreDelete"]),
        ("post-delete", ["PostDelete"]),
        ("test", []),
        ("pre-rollback", []),
        ("post-rollback", []),
        ("test,post-install", ["PostSync"]),
    ],
)
def test_helms_hooks_map_to_phases_and_the_others_never_run(text: str, phases: list[str]) -> None:
    assert types(helm=text) == phases


@pytest.mark.parametrize(
    ("argo", "phases"), [("PostSync", ["PostSync"]), ("Skip", []), ("unknown", ["PreSync"]), ("", ["PreSync"])]
)
def test_helms_annotation_counts_where_argo_cds_says_nothing_valid(argo: str, phases: list[str]) -> None:
    assert types(argo=argo, helm="pre-install") == phases
