"""YAML as Kubernetes reads it: the values that kubectl, Helm and Argo CD would see, not those of Python's own loader.

In: the text of a file or of a tool's output, and the name to blame. Out: a JSON value per document, without the empty.
Raises BadYaml naming file, document and line; SourceError for what would eat the machine (size, depth, alias bomb).

The rules are those of Go's sigs.k8s.io/yaml, asked through `helm template` with `fromYaml` (tests pin each of them).
Built from libyaml's events in one flat loop: hostile depth cannot overflow a stack, and it is twice as fast as
constructing through PyYAML's nodes.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import Any, Final

import yaml
from yaml._yaml import CParser

from driftless.vocabulary.errors import SourceError
from driftless.vocabulary.yaml_scalars import NoJsonValue, key_text, plain, tagged

MAX_BYTES = 64 * 1024 * 1024
MAX_DEPTH = 200
MAX_ALIAS_WEIGHT = 8 * 1024 * 1024
"""What aliases may add to one text: characters of copied scalars plus 16 for each copied value."""

_VALUE_WEIGHT = 16
_NOTHING: Final[Any] = object()
_MERGE: Final[Any] = object()
_MERGE_TAG = "tag:yaml.org,2002:merge"
_BINARY_TAG = "tag:yaml.org,2002:binary"


class BadYaml(SourceError):
    """Text that is not YAML, or YAML without a JSON form. `document` (from 1) is where reading stopped."""

    def __init__(self, where: str, document: int, line: int, problem: str, *, hint: str = "") -> None:
        super().__init__("render", f"{where}: document {document}, line {line}: {problem}", hint=hint)
        self.document = document


def documents(text: bytes | str, where: str) -> list[Any]:
    """All documents of `text` as JSON values, in order, without the empty ones. `where` is named in every refusal."""
    if len(text) > MAX_BYTES:
        raise SourceError("render", f"{where}: {len(text) >> 20} MiB of YAML is more than {MAX_BYTES >> 20} MiB")
    builder = _Builder(where)
    parser = CParser(text)
    try:
        builder.read(parser.get_event)
    except yaml.MarkedYAMLError as fault:
        mark = fault.problem_mark or fault.context_mark
        problem, hint = _explained(fault)
        raise BadYaml(where, max(builder.document, 1), mark.line + 1 if mark else 1, problem, hint=hint) from None
    except yaml.YAMLError:
        raise BadYaml(where, max(builder.document, 1), 1, "it holds bytes that are not text (UTF-8)") from None
    finally:
        parser.dispose()
    return builder.found


def _explained(fault: yaml.MarkedYAMLError) -> tuple[str, str]:
    """libyaml's sentence (it never quotes content), and what a person does about the two most common faults."""
    problem = " ".join(part for part in (fault.context, fault.problem) if part) or "this is not YAML"
    if "cannot start any token" in problem or "tab character" in problem:
        return problem, "a tab cannot indent, use spaces; a value that starts with %, @ or ` needs quotes"
    if "mapping values are not allowed" in problem or "did not find expected" in problem:
        return problem, "look at the indentation here and just above"
    return problem, ""


class _Frame:
    """A map or list under construction; `key` is the map's key that waits for its value."""

    __slots__ = ("anchor", "key", "value")

    def __init__(self, value: dict[str, Any] | list[Any], anchor: str | None) -> None:
        self.value = value
        self.anchor = anchor
        self.key: Any = _NOTHING


class _Builder:
    def __init__(self, where: str) -> None:
        self.where = where
        self.document = 0
        self.found: list[Any] = []
        self._stack: list[_Frame] = []
        self._anchors: dict[str, Any] = {}
        self._copied = 0

    def read(self, next_event: Callable[[], Any]) -> None:
        """One pass over the events. The order of the tests is their frequency."""
        stack = self._stack
        while True:
            event = next_event()
            kind = type(event)
            if kind is yaml.ScalarEvent:
                self._scalar(event)
            elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
                self._open(event, {} if kind is yaml.MappingStartEvent else [])
            elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
                done = stack.pop()
                if done.anchor:
                    self._anchors[done.anchor] = done.value
                self._place(done.value, event)
            elif kind is yaml.AliasEvent:
                self._alias(event)
            elif kind is yaml.DocumentStartEvent:
                self.document += 1
                self._anchors = {}
            elif kind is yaml.StreamEndEvent:
                return

    def _scalar(self, event: Any) -> None:
        tag, text = event.tag, event.value
        value = self._tagged(event, tag, text) if tag else plain(text) if event.implicit[0] else text
        if event.anchor:
            self._anchors[event.anchor] = value
        # only a bare or tagged << as a key merges; "<<" in quotes is an ordinary key
        if text == "<<" and (event.implicit[0] or tag == _MERGE_TAG) and self._awaits_key():
            self._stack[-1].key = _MERGE
        else:
            self._place(value, event)

    def _tagged(self, event: Any, tag: str, text: str) -> Any:
        try:
            if tag == _BINARY_TAG:
                return base64.b64decode("".join(text.split()), validate=True).decode()
            return tagged(tag, text)
        except (binascii.Error, UnicodeDecodeError):
            raise self._bad(event, "a !!binary value is not the base64 of a text") from None
        except NoJsonValue as fault:
            raise self._bad(event, str(fault)) from None

    def _awaits_key(self) -> bool:
        return bool(self._stack) and type(self._stack[-1].value) is dict and self._stack[-1].key is _NOTHING

    def _open(self, event: Any, value: dict[str, Any] | list[Any]) -> None:
        if self._awaits_key():
            raise self._bad(event, "a key must be a single value, not a map or a list")
        if len(self._stack) >= MAX_DEPTH:
            raise SourceError("render", f"{self._at(event)}: nested deeper than {MAX_DEPTH} levels")
        self._stack.append(_Frame(value, event.anchor))

    def _alias(self, event: Any) -> None:
        if event.anchor not in self._anchors:
            problem = "an alias (*) has no anchor above it, or is inside its own anchor"
            raise self._bad(event, problem, hint="quote it if a text is meant")
        self._place(self._copy(self._anchors[event.anchor], len(self._stack), event), event)

    def _copy(self, value: Any, depth: int, event: Any) -> Any:
        """An alias becomes a value of its own, as in JSON: no two places share a map that somebody may change."""
        self._copied += _VALUE_WEIGHT + (len(value) if type(value) is str else 0)
        if self._copied > MAX_ALIAS_WEIGHT or depth > MAX_DEPTH:
            raise SourceError(
                "render",
                f"{self._at(event)}: its aliases expand to too much (an alias bomb)",
                hint="write the values out, or use fewer aliases",
            )
        if type(value) is dict:
            self._copied += sum(map(len, value))
            return {key: self._copy(item, depth + 1, event) for key, item in value.items()}
        if type(value) is list:
            return [self._copy(item, depth + 1, event) for item in value]
        return value

    def _place(self, value: Any, event: Any) -> None:
        """Put a finished value where it belongs: the document list, a list, a map's key or a map's value."""
        if type(value) is float and (value != value or value in (float("inf"), float("-inf"))):
            raise self._bad(event, "infinity and not-a-number have no JSON form", hint="quote it if a text is meant")
        if not self._stack:
            if value is not None:
                self.found.append(value)
            return
        top = self._stack[-1]
        into = top.value
        if isinstance(into, list):
            into.append(value)
        elif top.key is _NOTHING:
            top.key = value if type(value) is str else self._key(value, event)
        elif top.key is _MERGE:
            self._merge(into, value, event)
            top.key = _NOTHING
        else:
            into[top.key] = value
            top.key = _NOTHING

    def _key(self, value: Any, event: Any) -> str:
        try:
            return key_text(value)
        except NoJsonValue as fault:
            raise self._bad(event, str(fault), hint="put the key in quotes") from None

    def _merge(self, into: dict[str, Any], value: Any, event: Any) -> None:
        """`<<: *a` sets a's keys here and now: later keys of this map override, earlier ones are overridden (as Go)."""
        parts = value if type(value) is list else [value]
        if not all(type(part) is dict for part in parts):
            raise self._bad(event, "<< merges a map or a list of maps, nothing else")
        for part in reversed(parts):
            into.update(part)

    def _at(self, event: Any) -> str:
        return f"{self.where}: document {self.document}, line {event.start_mark.line + 1}"

    def _bad(self, event: Any, problem: str, *, hint: str = "") -> BadYaml:
        return BadYaml(self.where, self.document, event.start_mark.line + 1, problem, hint=hint)
