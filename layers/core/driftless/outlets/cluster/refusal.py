"""An API server's no, as words for a person that give nothing away: it may quote the object that was sent.

In: the HTTP status, the answer, what was asked and what was sent. Out: ClusterRefused. Object bodies and dumps of Go
values are left out for every kind; for a Secret only words known to hold no value of it get through.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Any

from driftless.vocabulary.errors import ClusterRefused

LONGEST = 1000
_HARMLESS_REASONS = {"NotFound", "AlreadyExists", "Conflict", "Forbidden"}
_HARMLESS_WORDS = re.compile(
    r"(?:unknown|duplicate) field \"[\w.\[\]-]+\""
    r"|illegal base64 data at input byte \d+"
    r"|\.[\w.-]+: (?:expected [a-z ()]+|field not declared in schema)"
)
_CAUSES = {
    "FieldValueRequired": "required",
    "FieldValueForbidden": "may not be set or changed",
    "FieldValueDuplicate": "there already",
    "FieldValueNotSupported": "not one of the values it may have",
    "FieldValueTooLong": "too long",
    "FieldValueTooMany": "too many",
}
_UNREADABLE = ("failed to create typed patch object", "failed to convert new object")
_OPENING, _CLOSING = "{[", "}]"


def refusal(status: int, answer: Any, about: str, sent: Any) -> ClusterRefused:
    """`answer`: the Status as parsed, or whatever a proxy on the way said; `sent`: the request's body or None."""
    told: dict[str, Any] = answer if isinstance(answer, dict) else {}
    if unreadable(status, answer):
        status, told = 422, told | {"reason": "Invalid"}
    reason = str(told.get("reason") or {401: "Unauthorized", 403: "Forbidden", 404: "NotFound"}.get(status, ""))
    message = str(told.get("message") or "")
    if about.startswith("Secret ") or (isinstance(sent, dict) and sent.get("kind") == "Secret"):
        words = _secret_words(about, reason, told, sent)
    else:
        words = cleaned(message)
    if not words:
        words = f"{about}: the API server answered {status}" + (f" ({reason})" if reason else "")
    hint = "see whether the sync role is known to the cluster (EKS access entry)" if status == 401 else ""
    return ClusterRefused(status, reason, words, hint=hint)


def unreadable(status: int, answer: Any) -> bool:
    """Server-side apply answers 500 for an object that does not fit its schema: the same again would not help."""
    return status == 500 and isinstance(answer, dict) and str(answer.get("message", "")).startswith(_UNREADABLE)


def cleaned(message: str) -> str:
    """The message without what stands in braces or in Go's `map[...]`, at most LONGEST characters."""
    kept: list[str] = []
    depth = 0
    for index, character in enumerate(message):
        if depth == 0 and (character == "{" or (character == "[" and message.startswith("map", index - 3))):
            kept.append(f"{character}…{_CLOSING[_OPENING.index(character)]}")
            depth = 1
        elif depth:
            depth += (character in _OPENING) - (character in _CLOSING)
        else:
            kept.append(character)
    text = " ".join("".join(kept).split())
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _secret_words(about: str, reason: str, told: dict[str, Any], sent: Any) -> str:
    message = str(told.get("message") or "")
    if reason in _HARMLESS_REASONS:
        return _without_values(cleaned(message), sent)
    causes = (told.get("details") or {}).get("causes") or ()
    found = [f"{c['field']}: {_CAUSES.get(c.get('reason', ''), 'not valid')}" for c in causes if c.get("field")]
    found += _HARMLESS_WORDS.findall(message)
    if not found:
        return f"{about} is refused ({reason}); the API server's words are kept back, they may quote the secret"
    return f"{about} is refused ({reason}): {_without_values(', '.join(found), sent)}"


def _without_values(text: str, sent: Any) -> str:
    """An admission policy may quote what it judged: no value of the Secret, encoded or not, gets through."""
    values: set[str] = set()
    for part in ("data", "stringData") if isinstance(sent, dict) else ():
        for value in _leaves(sent.get(part)):
            values |= {value, _decoded(value)}
    for value in sorted(values, key=len, reverse=True):
        text = text.replace(value, "++++++++") if len(value) > 3 else text
    return text


def _leaves(value: Any) -> Iterator[str]:
    """Whatever Git holds where a Secret's values belong: a list or a bare text is just as secret."""
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _leaves(inner)
    elif value is not None:
        yield str(value)


def _decoded(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode()
    except (binascii.Error, ValueError):
        return value
