"""Lists, page by page: a namespace may hold far more objects than memory or one answer should.

In: a kind and where. Out: its objects, with apiVersion and kind filled in (the API server leaves them out of items).
"""

from __future__ import annotations

from dataclasses import replace

from driftless.outlets.cluster.connection import Answer, Request, Transport
from driftless.outlets.cluster.discovery import Kind
from driftless.vocabulary.objects import Manifest

PAGE = 500
_WORTH_READING_PAST = 50
"""Listing a further 50 objects costs about as much as getting one by its name."""
_METADATA_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
_EXPIRED = 410


def listed(
    transport: Transport,
    kind: Kind,
    namespace: str | None,
    *,
    selector: str = "",
    metadata_only: bool = False,
    wanted: int | None = None,
) -> tuple[list[Manifest], bool]:
    """The objects, and whether these are all of them.

    With `wanted` (how many the caller looks for) it stops after a page when what remains is too much to read past.
    A list that expires on its way (410) starts again.
    """
    items: list[Manifest] = []
    query = {"limit": str(PAGE)} | ({"labelSelector": selector} if selector else {})
    request = Request(
        "GET",
        kind.path(namespace),
        f"the {kind.plural} in {namespace}" if namespace else f"all {kind.plural}",
        "list",
        headers={"Accept": _METADATA_ONLY} if metadata_only else {},
        query=query,
        again=True,
    )
    answer = transport.send(request)
    while True:
        items += _filled(answer, kind)
        meta = answer.body.get("metadata") or {}
        token = meta.get("continue")
        if not token:
            return items, True
        if wanted is not None and int(meta.get("remainingItemCount") or 0) > wanted * _WORTH_READING_PAST:
            return items, False
        answer = transport.send(_next(request, query | {"continue": token}))
        if answer.status == _EXPIRED:
            items = []
            answer = transport.send(_next(request, {k: v for k, v in query.items() if k != "limit"}))


def _next(request: Request, query: dict[str, str]) -> Request:
    return replace(request, query=query, accepted=frozenset({_EXPIRED}))


def _filled(answer: Answer, kind: Kind) -> list[Manifest]:
    return [{**item, "apiVersion": kind.api_version, "kind": kind.kind} for item in answer.body.get("items") or ()]
