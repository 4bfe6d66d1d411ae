"""A short look whether a deleted object is gone: what takes longer is a delayed message's business, not a paid sleep's.

In: the object that was deleted. Out: None once the API server no longer has it, else what is still there.
"""

from __future__ import annotations

import time

from driftless.outlets.cluster import Cluster
from driftless.vocabulary.objects import Manifest, key_of

PAUSES = (0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.6)
"""Seconds between looks: about two in all."""


def gone(cluster: Cluster, live: Manifest) -> Manifest | None:
    """None when the object is gone or another of that name has taken its place (its uid tells)."""
    key, kind, uid = key_of(live), cluster.kind_of(live), live["metadata"]["uid"]
    for pause in (*PAUSES, None):
        current = cluster.get(key, kind)
        if current is None or current["metadata"]["uid"] != uid:
            return None
        if pause is not None:
            time.sleep(pause)
    return current
