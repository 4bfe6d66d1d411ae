"""Objects in and out of one cluster: read, list, server-side apply, create, replace, patch, delete; many at a time.

In: manifests and keys. Out: manifests as the API server answers them. Raises ClusterRefused for a no to one request and
Unavailable for a cluster that does not answer; "not there" is None, and only ever what the server itself said.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from driftless.outlets.cluster.connection import THREADS, Connection, Request, Transport
from driftless.outlets.cluster.discovery import Discoverer, Discovery, Kind
from driftless.outlets.cluster.listing import listed
from driftless.vocabulary.errors import ClusterRefused
from driftless.vocabulary.objects import FIELD_MANAGER, Manifest, ObjectKey, group_version, key_of

FEW = 6
"""Up to so many objects of one kind and namespace are read one by one, more of them by one list."""
_NOT_FOUND = frozenset({404})
_POOL = "driftless-cluster"

Manifests = list[Manifest]
T = TypeVar("T")
R = TypeVar("R")


class UnknownKind(ClusterRefused):
    """The cluster has no such kind: no request was made."""

    def __init__(self, api_version: str, kind: str) -> None:
        super().__init__(
            404,
            "UnknownKind",
            f"the cluster has no kind {api_version} {kind}",
            hint="install its CustomResourceDefinition first, or put it into the same sync",
        )


class Cluster:
    """One API server. Safe to use from any thread; made by `connect`, which keeps one per process and configuration."""

    def __init__(self, connection: Connection, threads: int = THREADS) -> None:
        self.endpoint = connection.endpoint
        self._transport = Transport(connection, threads)
        self._discoverer = Discoverer(self._transport)
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix=_POOL)

    @property
    def requests(self) -> Counter[str]:
        """How many requests went out since the process began, by verb."""
        return self._transport.requests

    def discovery(self, *, fresh: bool = False) -> Discovery:
        """The kinds of the cluster, at most 30 s old; `fresh` asks now."""
        return self._discoverer.discovery(fresh=fresh)

    def kind_of(self, obj: Manifest) -> Kind:
        """The kind of an object, in the object's own version. Raises UnknownKind."""
        group, version = group_version(obj)
        name = str(obj.get("kind", ""))
        found = self._discoverer.knowing({(group, name)}).kind(group, name, version)
        if found is None:
            raise UnknownKind(str(obj.get("apiVersion", "")), name)
        return found

    def map(self, function: Callable[[T], R], items: Iterable[T]) -> list[R]:
        """`function` of every item, in their order, several at a time. The first error ends it.

        Called from inside itself it works through the items one by one: waiting for a thread from a thread could
        wait for ever.
        """
        todo = [*items]
        if len(todo) < 2 or threading.current_thread().name.startswith(_POOL):
            return [function(item) for item in todo]
        return [*self._threads.map(function, todo)]

    def get(self, key: ObjectKey, kind: Kind) -> Manifest | None:
        """One object, or None when the server says that it is not there."""
        answer = self._transport.send(
            Request("GET", kind.path(key.namespace, key.name), str(key), "get", again=True, accepted=_NOT_FOUND)
        )
        return None if answer.status == 404 else dict(answer.body)

    def read(self, refs: Iterable[tuple[ObjectKey, str]]) -> dict[ObjectKey, Manifest | None]:
        """The live objects of (key, version), the cheapest way; None = not there, or no such kind here.

        A version that is no longer served is read in the one that is: it is the same object.
        """
        wanted = dict(refs)
        known = self._discoverer.knowing({(key.group, key.kind) for key in wanted})
        heaps: dict[tuple[Kind, str], list[ObjectKey]] = {}
        for key, version in wanted.items():
            kind = known.serving(key.group, key.kind, version)
            if kind is not None:
                heaps.setdefault((kind, key.namespace if kind.namespaced else ""), []).append(key)
        single = [(key, kind) for (kind, _), keys in heaps.items() if len(keys) <= FEW for key in keys]
        many = [(kind, namespace, keys) for (kind, namespace), keys in heaps.items() if len(keys) > FEW]
        jobs: list[Callable[[], dict[ObjectKey, Manifest | None]]] = [
            *(lambda heap=heap: self._read_heap(*heap) for heap in many),
            *(lambda one=one: {one[0]: self.get(*one)} for one in single),
        ]
        found: dict[ObjectKey, Manifest | None] = dict.fromkeys(wanted)
        for part in self.map(lambda job: job(), jobs):
            found |= part
        return found

    def _read_heap(self, kind: Kind, namespace: str, keys: list[ObjectKey]) -> dict[ObjectKey, Manifest | None]:
        items, complete = listed(self._transport, kind, namespace if kind.namespaced else None, wanted=len(keys))
        by_name = {item["metadata"]["name"]: item for item in items}
        return {key: by_name.get(key.name) if complete or key.name in by_name else self.get(key, kind) for key in keys}

    def apply(
        self,
        obj: Manifest,
        *,
        dry_run: bool = False,
        force: bool = True,
        validate: str = "Strict",
        manager: str = FIELD_MANAGER,
    ) -> Manifest:
        """Server-side apply; answers the object as it now is (or would be). `validate`: Strict, Warn or Ignore."""
        kind, key = self.kind_of(obj), key_of(obj)
        body = obj
        if "managedFields" in obj["metadata"]:
            body = obj | {"metadata": {k: v for k, v in obj["metadata"].items() if k != "managedFields"}}
        query = {"fieldManager": manager, "force": str(force).lower()} | _asked(dry_run, validate)
        return self._written(
            Request(
                "PATCH",
                kind.path(key.namespace, key.name),
                str(key),
                "apply",
                body=body,
                content_type="application/apply-patch+yaml",
                query=query,
                again=True,
            )
        )

    def create(self, obj: Manifest, *, dry_run: bool = False, validate: str = "Strict") -> Manifest:
        """A new object (`generateName` is fine). Raises ClusterRefused 409 AlreadyExists."""
        kind, key = self.kind_of(obj), key_of(obj)
        query = {"fieldManager": FIELD_MANAGER} | _asked(dry_run, validate)
        path = kind.path(key.namespace)
        return self._written(Request("POST", path, str(key), "create", body=obj, query=query))

    def replace(self, obj: Manifest, *, dry_run: bool = False, validate: str = "Strict") -> Manifest:
        """The whole object as given (PUT). `metadata.resourceVersion`, when set, guards it."""
        kind, key = self.kind_of(obj), key_of(obj)
        query = {"fieldManager": FIELD_MANAGER} | _asked(dry_run, validate)
        path = kind.path(key.namespace, key.name)
        return self._written(Request("PUT", path, str(key), "replace", body=obj, query=query))

    def patch(self, kind: Kind, key: ObjectKey, patch: Any, content_type: str) -> Manifest:
        """A JSON patch or merge patch by its media type. Raises ClusterRefused, 404 included."""
        return self._written(
            Request(
                "PATCH",
                kind.path(key.namespace, key.name),
                str(key),
                "patch",
                body=patch,
                content_type=content_type,
                query={"fieldManager": FIELD_MANAGER},
            )
        )

    def delete(
        self, key: ObjectKey, kind: Kind, *, uid: str | None = None, propagation: str = "Foreground"
    ) -> Manifest | None:
        """Delete one object; None when it is gone, else the object that is on its way out (finalizers, children).

        `uid` guards against deleting a namesake that came later: ClusterRefused 409.
        """
        body: dict[str, Any] = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": propagation}
        body |= {"preconditions": {"uid": uid}} if uid else {}
        path = kind.path(key.namespace, key.name)
        request = Request("DELETE", path, str(key), "delete", body=body, again=uid is not None, accepted=_NOT_FOUND)
        answer = self._transport.send(request)
        going = answer.status != 404 and (answer.body or {}).get("metadata", {}).get("deletionTimestamp")
        return dict(answer.body) if going else None

    def list(
        self, kind: Kind, namespace: str | None = None, *, selector: str = "", metadata_only: bool = False
    ) -> Manifests:
        """Every object of a kind, in one namespace or (None) in all; apiVersion and kind are filled in.

        `selector`: a label selector. `metadata_only`: metadata and nothing else, about half the bytes.
        """
        where = namespace if kind.namespaced else None
        return listed(self._transport, kind, where, selector=selector, metadata_only=metadata_only)[0]

    def _written(self, request: Request) -> Manifest:
        return dict(self._transport.send(request).body)


def _asked(dry_run: bool, validate: str) -> dict[str, str]:
    return {"fieldValidation": validate} | ({"dryRun": "All"} if dry_run else {})
