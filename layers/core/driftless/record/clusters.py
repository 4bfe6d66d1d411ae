"""The CLUSTER items: where each destination's API server is and how to be known there. No credential in the clear:

an EKS cluster needs none (tokens are minted per run); a bearer token or client key is for local clusters only.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from driftless.outlets import table
from driftless.outlets.table import Table, Write
from driftless.vocabulary.argo import IN_CLUSTER, Destination
from driftless.vocabulary.errors import NotFound, Refused

PARTITION = "CLUSTER"


@dataclass(frozen=True, slots=True)
class Registered:
    """`server` is the name that destinations use (Argo CD's), `config` how to reach it (see outlets/cluster)."""

    server: str
    name: str
    config: dict[str, Any] = field(repr=False)


def add(registered: Registered) -> Write:
    return table.put(
        {
            **table.key(PARTITION, registered.server),
            "name": registered.name,
            "config": json.dumps(registered.config),
        }
    )


def remove(server: str) -> Write:
    return table.delete(table.key(PARTITION, server), "attribute_exists(pk)")


def read_all(tables: Table) -> list[Registered]:
    return [_registered(item) for item in tables.query(PARTITION)]


def _registered(item: table.Item) -> Registered:
    return Registered(item["sk"], item["name"], json.loads(item["config"]))


def find(tables: Table, destination: Destination) -> Registered:
    """The destination's cluster. Raises NotFound naming it, or Refused when a name fits more than one."""
    if destination.server:
        item = tables.get(PARTITION, destination.server)
        fitting = [_registered(item)] if item else []
    else:
        fitting = [c for c in read_all(tables) if destination.name and destination.name == c.name]
    if len(fitting) > 1:
        raise Refused(f"more than one cluster is named {destination.name}", hint="use spec.destination.server")
    if not fitting:
        wanted = destination.server or destination.name
        local = " (the cluster that Driftless was set up with)" if wanted == IN_CLUSTER else ""
        raise NotFound(
            f"cluster {wanted}{local} is not registered", hint="driftless cluster add CONTEXT, driftless cluster list"
        )
    return fitting[0]
