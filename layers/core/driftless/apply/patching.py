"""A JSON patch that rests on what was read: made anew and tried again when the object has moved meanwhile.

In: a live object, and what to change of it. Out: nothing; an object that is gone is fine. For finalizers and field
owners, which others write too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from driftless.outlets.cluster import Cluster
from driftless.vocabulary.errors import ClusterRefused
from driftless.vocabulary.objects import Manifest, key_of

_TRIES = 4
JsonPatch = list[dict[str, Any]]


def patch_as_read(cluster: Cluster, live: Manifest, patch_of: Callable[[Manifest], JsonPatch | None]) -> None:
    """`patch_of` gives the patch for the object as it is now, None when there is nothing to change.

    Raises ClusterRefused, Unavailable.
    """
    key, current = key_of(live), live
    for attempt in range(_TRIES):
        patch = patch_of(current)
        if patch is None:
            return
        kind = cluster.kind_of(live)
        try:
            cluster.patch(kind, key, patch, "application/json-patch+json")
            return
        except ClusterRefused as error:
            if error.status == 404:
                return
            if error.status not in (409, 422) or attempt == _TRIES - 1:
                raise
            found = cluster.get(key, kind)
            if found is None:
                return
            current = found
