"""`Validate=false` under server-side apply: the API server refuses a field that its schema lacks whatever we ask for,

so the fields it names are left out and the rest is applied, as a client-side apply without validation has it.
In: a target and how to apply it. Out: the object as answered. Raises ClusterRefused.
"""

from __future__ import annotations

import copy
import json
import re
from typing import Any

from driftless.outlets.cluster import Cluster
from driftless.vocabulary.errors import ClusterRefused
from driftless.vocabulary.objects import Manifest

_ROUNDS = 5
_UNDECLARED = re.compile(r"((?:\.[\w$-]+|\[[^\]]*\])+): field not declared in schema")
_STEP = re.compile(r"\.([\w$-]+)|\[([^\]]*)\]")
_PAIR = re.compile(r'(\w+)=("(?:[^"\\]|\\.)*"|[^,]+)')


def apply_as_told(cluster: Cluster, target: Manifest, validate: str, *, dry_run: bool = False) -> Manifest:
    """Server-side apply; with `validate` "Ignore", again without the fields that the API server does not know."""
    for _ in range(_ROUNDS):
        try:
            return cluster.apply(target, dry_run=dry_run, validate=validate)
        except ClusterRefused as error:
            fitting = without_undeclared(target, error.message)
            if validate != "Ignore" or fitting == target:
                raise
            target = fitting
    return cluster.apply(target, dry_run=dry_run, validate=validate)


def without_undeclared(target: Manifest, message: str) -> Manifest:
    """The target less the fields that the API server's message calls undeclared; the target itself is not touched."""
    fitting = copy.deepcopy(target)
    for path in _UNDECLARED.findall(message):
        *above, last = _STEP.findall(path)
        place: Any = fitting
        for name, item in above:
            place = _below(place, name, item)
        if isinstance(place, dict):
            place.pop(last[0], None)
    return fitting


def _below(place: Any, name: str, item: str) -> Any:
    if isinstance(place, dict):
        return place.get(name)
    if not isinstance(place, list):
        return None
    if item.isdigit():
        return place[int(item)] if int(item) < len(place) else None
    wanted = {key: json.loads(value) for key, value in _PAIR.findall(item)}
    return next((entry for entry in place if isinstance(entry, dict) and wanted.items() <= entry.items()), None)
