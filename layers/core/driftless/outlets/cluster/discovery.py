"""What kinds an API server knows, from its aggregated discovery: three requests, one conditional answer when unchanged.

In: a transport. Out: `Discovery`, kept for the life of the process and looked at again when it is older than FRESH.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from threading import Lock
from typing import Any
from urllib.parse import quote

from driftless.outlets.cluster.connection import Answer, Request, Transport
from driftless.vocabulary.errors import NotBuiltYet, Refused, Unavailable
from driftless.vocabulary.model import Capabilities

FRESH = 30.0
"""Seconds during which nobody asks again, unless an unknown kind turns up."""
_AT_ONCE = 1.0
"""A hundred objects of one unknown kind ask once, not a hundred times."""
_AGGREGATED = "application/json;g=apidiscovery.k8s.io;v={};as=APIGroupDiscoveryList"
_ACCEPT = ",".join([_AGGREGATED.format("v2"), _AGGREGATED.format("v2beta1"), "application/json"])


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind in one version, as the API server serves it; `plural` is its name in paths."""

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool
    verbs: tuple[str, ...] = ()

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace: str | None, name: str | None = None) -> str:
        """The collection's path, or one object's. Raises Refused for a name that would point elsewhere.

        "", ".", ".." and "/" would turn a request for one object into one for a whole collection.
        """
        parts = ["apis", self.group, self.version] if self.group else ["api", self.version]
        if self.namespaced and namespace is not None:
            parts += ["namespaces", _segment(namespace, f"the namespace of {self.kind} {name or ''}".rstrip())]
        parts.append(self.plural)
        if name is not None:
            parts.append(_segment(name, f"the name of a {self.kind}"))
        return "/" + "/".join(parts)


def _segment(text: str, what: str) -> str:
    if text in ("", ".", "..") or "/" in text or "%" in text:
        raise Refused(f"{what} is {text!r}: not a name that an object can have")
    return quote(text, safe=":@")


@dataclass(frozen=True, slots=True)
class Discovery:
    """`kinds` by (group, kind), the preferred version first; `stale`: groups whose server does not answer now."""

    kinds: dict[tuple[str, str], tuple[Kind, ...]] = field(repr=False)
    stale: frozenset[str]
    kube_version: str
    endpoint: str

    def kind(self, group: str, kind: str, version: str | None = None) -> Kind | None:
        """The kind in that version, or in its preferred one; None when the server does not know it.

        Raises Unavailable when the group's own API server is down: then nobody knows.
        """
        served = self.kinds.get((group, kind), ())
        for one in served:
            if version is None or one.version == version:
                return one
        if not served and group in self.stale:
            raise Unavailable(
                f"the API group {group} of cluster {self.endpoint} is not answering",
                hint=f"kubectl get apiservices; the server behind {group} is down",
            )
        return None

    def serving(self, group: str, kind: str, version: str) -> Kind | None:
        """The kind in that version if it is served, else in the preferred one: the objects are the same ones."""
        return self.kind(group, kind, version) or self.kind(group, kind)

    def capabilities(self) -> Capabilities:
        """What Helm's `.Capabilities` says: `v1`, `apps/v1`, `apps/v1/Deployment`, sorted."""
        words: set[str] = set()
        for served in self.kinds.values():
            for kind in served:
                words |= {kind.api_version, f"{kind.api_version}/{kind.kind}"}
        return Capabilities(self.kube_version, tuple(sorted(words)))


class Discoverer:
    """Keeps one API server's discovery; safe to ask from any thread."""

    def __init__(self, transport: Transport, clock: Callable[[], float] = time.monotonic) -> None:
        self._transport = transport
        self._clock = clock
        self._lock = Lock()
        self._known: Discovery | None = None
        self._asked = 0.0
        self._answers: dict[str, Answer] = {}

    def discovery(self, *, fresh: bool = False) -> Discovery:
        """What is known, at most FRESH seconds old; `fresh` asks now (304 when nothing changed)."""
        with self._lock:
            if self._known and not fresh and self._clock() - self._asked < FRESH:
                return self._known
            before = dict(self._answers)
            for path in ("/api", "/apis"):
                self._answers[path] = self._ask(path)
            if self._known is None or before != self._answers:
                self._known = self._read()
            self._asked = self._clock()
            return self._known

    def knowing(self, keys: set[tuple[str, str]]) -> Discovery:
        """A discovery that was asked anew if it lacks one of these (group, kind)."""
        known = self.discovery()
        stale = self._clock() - self._asked > _AT_ONCE
        return self.discovery(fresh=True) if stale and not keys <= known.kinds.keys() else known

    def _ask(self, path: str) -> Answer:
        kept = self._answers.get(path)
        etag = kept.headers.get("ETag") if kept else None
        headers = {"Accept": _ACCEPT} | ({"If-None-Match": etag} if etag else {})
        answer = self._transport.send(
            Request("GET", path, f"its kinds ({path})", "discover", headers=headers, again=True)
        )
        if kept and answer.status == 304:
            return kept
        if not isinstance(answer.body, dict) or answer.body.get("kind") != "APIGroupDiscoveryList":
            raise NotBuiltYet(
                f"cluster {self._transport.endpoint} has no aggregated discovery",
                hint="Kubernetes 1.27 or newer is needed",
            )
        return answer

    def _read(self) -> Discovery:
        version = self._transport.send(Request("GET", "/version", "its version", "discover", again=True)).body
        kinds: dict[tuple[str, str], list[Kind]] = {}
        stale: set[str] = set()
        for answer in self._answers.values():
            for group in answer.body.get("items") or ():
                name = group["metadata"].get("name", "")
                stale |= {name for v in group["versions"] if v.get("freshness") == "Stale"}
                for kind in _kinds(name, group["versions"]):
                    kinds.setdefault((kind.group, kind.kind), []).append(kind)
        return Discovery(
            kinds={key: tuple(served) for key, served in kinds.items()},
            stale=frozenset(stale),
            kube_version=str(version["gitVersion"]).split("-")[0].split("+")[0],
            endpoint=self._transport.endpoint,
        )


def _kinds(group: str, versions: list[dict[str, Any]]) -> Iterator[Kind]:
    for version in versions:
        for resource in version.get("resources") or ():
            answers = resource.get("responseKind") or {}
            if answers.get("kind"):
                yield Kind(
                    group=group,
                    version=version["version"],
                    kind=answers["kind"],
                    plural=resource["resource"],
                    namespaced=resource.get("scope") == "Namespaced",
                    verbs=tuple(resource.get("verbs") or ()),
                )
