"""Which objects are hooks, and of which phases (argo-behaviour 5.3; Helm's mapping: 2.3)."""

from driftless.vocabulary.model import HookType
from driftless.vocabulary.objects import (
    HELM_HOOK,
    HOOK,
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


_TYPES = {str(t): t for t in HookType}


def hook_types(obj: Manifest) -> tuple[HookType, ...] | None:
    """None for an ordinary object. An empty tuple: a hook that never runs (`Skip`, an unknown or unsupported one).

    Helm's annotation counts where Argo CD's names no type that is known.
    """
    notes = annotations(obj)
    ours, helm = listed(notes.get(HOOK)), listed(notes.get(HELM_HOOK))
    if not ours and not helm:
        return None
    known = [_TYPES[text] for text in ours if text in _TYPES] or [_FROM_HELM[t] for t in helm if t in _FROM_HELM]
    return tuple(dict.fromkeys(t for t in known if t is not HookType.SKIP))
