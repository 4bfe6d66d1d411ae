"""Which objects are hooks, of which phases, and when they go (argo-behaviour 5.3; Helm's mapping: 2.3)."""

from enum import StrEnum

from driftless.vocabulary.model import HookType
from driftless.vocabulary.objects import (
    HELM_HOOK,
    HELM_HOOK_DELETE_POLICY,
    HOOK,
    HOOK_DELETE_POLICY,
    Manifest,
    annotations,
    listed,
)

_FROM_HELM = {
    "pre-install": HookType.PRE_SYNC,
    "pre-upgrade": HookType.PRE_SYNC,
    "post-install": HookType.POST_SYNC,
    "post-upgrade": HookType.POST_SYNC,
    "pre-delete": HookType.PRE_DELETE,
    "post-delete": HookType.POST_DELETE,
}


class DeletePolicy(StrEnum):
    HOOK_SUCCEEDED = "HookSucceeded"
    HOOK_FAILED = "HookFailed"
    BEFORE_HOOK_CREATION = "BeforeHookCreation"


_TYPES = {str(t): t for t in HookType}
_POLICIES = {str(p): p for p in DeletePolicy}
_POLICY_FROM_HELM = {
    "before-hook-creation": DeletePolicy.BEFORE_HOOK_CREATION,
    "hook-succeeded": DeletePolicy.HOOK_SUCCEEDED,
    "hook-failed": DeletePolicy.HOOK_FAILED,
}


def hook_types(obj: Manifest) -> tuple[HookType, ...] | None:
    """None for an ordinary object. An empty tuple: a hook that never runs (`Skip`, an unknown or unsupported one)."""
    notes = annotations(obj)
    ours = listed(notes.get(HOOK))
    known = [_TYPES[text] for text in ours if text in _TYPES]
    if known:
        return tuple(t for t in known if t is not HookType.SKIP)
    helm = listed(notes.get(HELM_HOOK))
    if not ours and not helm:
        return None
    return tuple(dict.fromkeys(_FROM_HELM[text] for text in helm if text in _FROM_HELM)) if not ours else ()


def delete_policies(obj: Manifest) -> frozenset[DeletePolicy]:
    """BeforeHookCreation unless something valid is said."""
    notes = annotations(obj)
    ours = [_POLICIES[text] for text in listed(notes.get(HOOK_DELETE_POLICY)) if text in _POLICIES]
    helm = [_POLICY_FROM_HELM[t] for t in listed(notes.get(HELM_HOOK_DELETE_POLICY)) if t in _POLICY_FROM_HELM]
    return frozenset(ours or helm or [DeletePolicy.BEFORE_HOOK_CREATION])
