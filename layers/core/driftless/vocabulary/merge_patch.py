"""JSON merge patch (RFC 7396): how Argo CD's overrides and PATCH requests change a document.

In: a document and a patch, JSON values. Out: a new document.
"""

from __future__ import annotations

from typing import Any


def merged(target: Any, patch: Any) -> Any:
    """Maps merge, null removes, everything else replaces."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result
