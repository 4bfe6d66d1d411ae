"""A shape that a manifest must have, and the check that names the path of what does not fit.

In: a value and a shape. Out: a warning per unknown field. Raises Refused at the first wrong type.
A shape is a leaf type ("string", "integer", "boolean", "int-or-string", "any"), a list of one shape, a dict of
field -> shape ("!" behind a field: it must be there), or `MapOf`. Argo CD leaves this to its CRD;
here there is no CRD.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from driftless.vocabulary.errors import Refused


@dataclass(frozen=True, slots=True)
class MapOf:
    """A free-form map of string keys to values of one shape."""

    values: Any


_LEAVES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "boolean": (bool,),
    "int-or-string": (int, str),
    "any": (object,),
}


def check(value: Any, shape: Any, path: str) -> Iterator[str]:
    """Yield a warning for every field that the shape does not know; refuse a value of the wrong type.

    `null` fits everywhere, as in Kubernetes: it means "not set". `path` is "" for a whole manifest.
    """
    if value is None:
        return
    if isinstance(shape, str):
        _leaf(value, shape, path)
    elif isinstance(shape, MapOf):
        for key, item in _expect(value, dict, path, "a map").items():
            yield from check(item, shape.values, _under(path, key))
    elif isinstance(shape, list):
        for index, item in enumerate(_expect(value, list, path, "a list")):
            yield from check(item, shape[0], f"{path}[{index}]")
    else:
        yield from _fields(_expect(value, dict, path, "a map"), shape, path)


def _fields(value: dict[str, Any], shape: dict[str, Any], path: str) -> Iterator[str]:
    known = {name.rstrip("!"): part for name, part in shape.items()}
    for name in shape:
        if name.endswith("!") and value.get(name[:-1]) in (None, ""):
            raise Refused(f"{_under(path, name[:-1])} is required")
    for name, item in value.items():
        if name in known:
            yield from check(item, known[name], _under(path, name))
        else:
            close = get_close_matches(str(name), known, n=1)
            yield f"unknown field {_under(path, name)}" + (f" (did you mean {close[0]}?)" if close else "")


def _under(path: str, name: Any) -> str:
    return f"{path}.{name}" if path else str(name)


def _leaf(value: Any, shape: str, path: str) -> None:
    allowed = _LEAVES[shape]
    wrong_bool = isinstance(value, bool) and bool not in allowed and object not in allowed
    if wrong_bool or not isinstance(value, allowed):
        raise Refused(f"{path} must be {_article(shape)}, not {_shown(value)}")


def _expect(value: Any, kind: type, path: str, words: str) -> Any:
    if not isinstance(value, kind):
        raise Refused(f"{path} must be {words}, not {_shown(value)}")
    return value


def _article(shape: str) -> str:
    return {"integer": "an integer", "int-or-string": "an integer or a string"}.get(shape, f"a {shape}")


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "a map"
    if isinstance(value, list):
        return "a list"
    text = repr(value) if isinstance(value, str) else str(value).lower()
    return text if len(text) <= 40 else text[:37] + "..."
