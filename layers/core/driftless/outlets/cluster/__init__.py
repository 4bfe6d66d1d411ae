"""The one door to a Kubernetes API server: a thin client over kept connections, without the `kubernetes` package.

In: a cluster's stored configuration. Out: `Cluster`, one per process and configuration, so that a warm function finds
its connections open and its discovery known.

    connection  requests, tried again where that is harmless     refusal   a no, in words that give nothing away
    discovery   which kinds there are                            listing   pages
    requests    objects: read, list, apply, replace, delete      config    stored configuration -> Connection
"""

from driftless.outlets.cluster.config import connect
from driftless.outlets.cluster.connection import Connection
from driftless.outlets.cluster.discovery import Discovery, Kind
from driftless.outlets.cluster.requests import Cluster, UnknownKind

__all__ = ["Cluster", "Connection", "Discovery", "Kind", "UnknownKind", "connect"]
