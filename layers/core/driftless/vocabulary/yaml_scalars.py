"""What one YAML scalar means, by the rules of Go's sigs.k8s.io/yaml (YAML 1.1 with its exceptions).

In: the text of a scalar, with or without a tag. Out: a JSON value; whole numbers are ints, as Kubernetes decodes JSON.
`y`, `no` and `on` are booleans, `0777` and `0o17` octal, `1e3` is 1000; `1:30` and dates stay texts.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

_CONSTANTS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "true", "True", "TRUE"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "off", "Off", "OFF", "false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}
_INTEGER = re.compile(
    r"(?P<sign>[-+]?)"
    r"(?:0[xX](?P<hex>[0-9a-fA-F]+)|0[bB](?P<binary>[01]+)|0[oO]?(?P<octal>[0-7]+)|(?P<decimal>0|[1-9][0-9]*))"
)
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_BASES = {"hex": 16, "binary": 2, "octal": 8, "decimal": 10}
_NUMERIC_START = frozenset("+-.0123456789")
_TAG = "tag:yaml.org,2002:"
_LONGEST_NUMBER = 400
"""Longer texts stay texts: no float64 needs more, and Python's int() is quadratic in the length."""


class NoJsonValue(ValueError):
    """A scalar that its tag or its place does not allow; the message is a person's sentence without the scalar."""


def plain(text: str) -> Any:
    """The value of an unquoted, untagged scalar."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    return _number(text) if text[0] in _NUMERIC_START else text


@lru_cache(maxsize=2048)
def _number(text: str) -> Any:
    if len(text) > _LONGEST_NUMBER:
        return text
    # a text may hold underscores between digits (1_000), but one that starts with a dot may not: Go's rule
    bare = text if text[0] == "." else text.replace("_", "")
    if found := _INTEGER.fullmatch(bare):
        base = _BASES[str(found.lastgroup)]
        value = int(found["sign"] + found[str(found.lastgroup)], base)
        if -(2**63) <= value < 2**63:
            return value
        if 0 < value < 2**64:
            return float(value)
    # what is too long for 64 bits is a float if it can be read as a decimal one, else a text
    if _FLOAT.fullmatch(bare):
        number = float(bare)
        return text if number in (float("inf"), float("-inf")) else _whole(number)
    return text


def _whole(number: float) -> int | float:
    """1e3 and 1.0 are 1000 and 1: JSON writes them without a point, and Kubernetes reads an integer."""
    return int(number) if number.is_integer() and -(2**63) <= number < 2**63 else number


def tagged(tag: str, text: str) -> Any:
    """The value of a scalar with an explicit tag; unknown tags mean text. Raises NoJsonValue."""
    kinds: dict[str, tuple[type, ...]] = {
        f"{_TAG}int": (int,),
        f"{_TAG}float": (int, float),
        f"{_TAG}bool": (bool,),
        f"{_TAG}null": (type(None),),
    }
    if tag not in kinds:
        return text
    value = plain(text)
    allowed = kinds[tag]
    if not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed):
        raise NoJsonValue(f"a value is tagged !!{tag.removeprefix(_TAG)} and is none")
    return value


def key_text(value: Any) -> str:
    """A key that is not a text, as JSON spells it: true -> "true", 8080 -> "8080". Raises NoJsonValue."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float) and abs(value) < 1e6:
        text = f"{value:.7g}"
        # Go writes number keys with the precision of a float32; where that would lose digits a person must choose
        if "e" not in text and float(text) == value:
            return text
    raise NoJsonValue("a key must be a text, a whole number or a boolean")
