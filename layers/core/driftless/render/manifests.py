"""What a renderer found, made sure to be Kubernetes objects: lists expanded, every object with its names.

In: parsed documents and a way to name each. Out: objects. Raises SourceError naming the file (or tool) and document.
What is wrong here would be refused by the API server anyway, but without a word about the file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from driftless.vocabulary.errors import SourceError
from driftless.vocabulary.objects import Manifest


class NotAnObject(SourceError):
    """A document that Kubernetes could not even name: no map, or no kind."""

    def __init__(self, problem: str, *, hint: str = "") -> None:
        super().__init__("render", problem, hint=hint)


def manifests(documents: Sequence[Any], place: Callable[[int], str]) -> list[Manifest]:
    """All objects of `documents`. `place(3)` names the third one: "apps/x/all.yaml: document 3"."""
    found: list[Manifest] = []
    for number, document in enumerate(documents, 1):
        found.extend(objects_of(document, place(number)))
    return found


def objects_of(document: Any, where: str) -> Iterator[Manifest]:
    """The objects of one document: itself, or what its list holds. An empty map, or a list of null, holds nothing."""
    if document == {}:
        return
    if not isinstance(document, dict):
        raise NotAnObject(f"{where} is {_shown(document)}, not a Kubernetes object")
    items = document.get("items", ())
    if isinstance(items, list):
        for number, item in enumerate(items, 1):
            yield from objects_of(item, f"{where}, item {number}")
    elif items is not None or "spec" in document or "status" in document:
        yield _named(document, where)


def _named(document: Manifest, where: str) -> Manifest:
    if not document.get("kind"):
        raise NotAnObject(f"{where} has no kind", hint="every Kubernetes object needs one")
    kind = _text(document, "kind", where)
    _text(document, "apiVersion", f"{where} ({kind})")
    meta = document.get("metadata")
    if not isinstance(meta, dict):
        raise SourceError("render", f"{where} ({kind}) has no metadata")
    for field in ("name", "generateName", "namespace"):
        if not isinstance(meta.get(field), str | None):
            raise SourceError(
                "render", f"{where} ({kind}): metadata.{field} is {_shown(meta[field])}, not a text", hint="quote it"
            )
    if not meta.get("name") and not meta.get("generateName"):
        raise SourceError("render", f"{where} ({kind}) has no metadata.name")
    for field in ("labels", "annotations"):
        _texts(meta.get(field), f"{where} ({kind} {meta.get('name') or meta['generateName']}): metadata.{field}")
    return document


def _text(document: Manifest, field: str, where: str) -> str:
    value = document.get(field)
    if value in (None, ""):
        raise SourceError("render", f"{where} has no {field}", hint="every Kubernetes object needs one")
    if not isinstance(value, str):
        raise SourceError("render", f"{where}: {field} is {_shown(value)}, not a text", hint="quote it")
    return value


def _texts(values: Any, where: str) -> None:
    if not isinstance(values, dict | None):
        raise SourceError("render", f"{where} is {_shown(values)}, not a map")
    for key, value in (values or {}).items():
        if not isinstance(value, str | None):
            raise SourceError("render", f"{where}.{key} is {_shown(value)}, not a text", hint="quote it")


def _shown(value: Any) -> str:
    """What kind of thing it is; the thing itself stays out of messages."""
    names = {dict: "a map", list: "a list", bool: "a boolean", int: "a number", float: "a number", str: "a text"}
    return names.get(type(value), "empty")
