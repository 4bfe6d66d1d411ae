"""A Kubernetes label selector: `a=b,c!=d,e in (x,y),f notin (z),g,!h`, read once and asked per application."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from driftless.vocabulary.errors import Refused

Test = Callable[[Mapping[str, str]], bool]

_KEY = r"[A-Za-z0-9][-A-Za-z0-9_./]*"
_SET = re.compile(rf"({_KEY})\s+(in|notin)\s+\(([^()]*)\)")
_EQUAL = re.compile(rf"({_KEY})\s*(==|=|!=)\s*([-A-Za-z0-9_.]*)")
_EXISTS = re.compile(rf"(!?)\s*({_KEY})")


def parse(text: str) -> Test:
    """Raises Refused naming the part that is no requirement. An empty selector fits everything."""
    parts = [part.strip() for part in re.split(r",(?![^()]*\))", text) if part.strip()]
    tests = [_requirement(part) for part in parts]
    return lambda labels: all(test(labels) for test in tests)


def _requirement(part: str) -> Test:
    if found := _SET.fullmatch(part):
        key, values = found[1], {value.strip() for value in found[3].split(",")}
        wanted = found[2] == "in"
        return lambda labels: (labels.get(key) in values) == wanted
    if found := _EQUAL.fullmatch(part):
        key, value, wanted = found[1], found[3], found[2] != "!="
        return lambda labels: (labels.get(key) == value) == wanted
    if found := _EXISTS.fullmatch(part):
        key, wanted = found[2], not found[1]
        return lambda labels: (key in labels) == wanted
    raise Refused(f"{part[:60]!r} is no label selector", hint="write key=value, key!=value, key in (a,b), key or !key")
