"""Signing in: the token becomes a cookie for the pages, or is given back to whoever speaks Argo CD's session call.

POST with JSON {"username": "admin", "password": TOKEN} answers {"token": TOKEN}; the pages' form sends `token`,
or `end` to sign out, and is led back to the overview.
"""

from __future__ import annotations

from driftless.console import identity
from driftless.console.call import Surroundings
from driftless.console.pages import login
from driftless.console.request import Answer, Request
from driftless.vocabulary.errors import NotFound, Unauthorized

PATH = "/api/v1/session"
HOURS_12 = 12 * 3600


def answer(request: Request, around: Surroundings) -> Answer:
    """Raises Unauthorized for a wrong token over JSON; the form is shown again instead."""
    if request.method != "POST" or request.iam_door:
        raise NotFound("a session is opened with POST", hint="or show the token as Authorization: Bearer")
    if "json" in request.headers.get("content-type", "json"):
        shown = str(request.document().get("password") or "")
        identity.check(shown, around.token)
        return Answer({"token": shown})
    form = request.form()
    if "end" in form:
        return _back(_cookie(request, "", 0))
    shown = form.get("token", "").strip()
    try:
        identity.check(shown, around.token)
    except Unauthorized:
        return login(request, wrong=True)
    return _back(_cookie(request, shown, HOURS_12))


def _back(cookie: str) -> Answer:
    return Answer("", status=303, headers={"location": "/"}, cookies=(cookie,))


def _cookie(request: Request, value: str, seconds: int) -> str:
    """Secure wherever the browser came over TLS; the local stack speaks plain HTTP on loopback."""
    secure = "; Secure" if request.headers.get("x-forwarded-proto", "").startswith("https") else ""
    return f"{identity.COOKIE}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}"
