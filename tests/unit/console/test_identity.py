"""Who asks: the token, the cookie, the IAM door; and what nobody is told."""

from __future__ import annotations

from typing import Any

import pytest

from driftless.console import permission
from driftless.console.identity import Identity
from driftless.vocabulary.errors import Forbidden
from tests.unit.console.stage import TOKEN, Console, event

USER_INFO = "/api/v1/session/userinfo"


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer ", "Bearer wrong", f"Basic {TOKEN}", TOKEN, "Bearer the-administrators-toke"],
)
def test_without_the_token_nothing_is_answered(console: Console, authorization: str) -> None:
    answer = console.answer(event("GET", USER_INFO, headers={"authorization": authorization}))
    assert (answer.status, answer.body["error"]) == (401, "Unauthorized")
    assert TOKEN not in answer.body["message"]


def test_the_token_is_the_administrator(console: Console) -> None:
    assert console.call("GET", USER_INFO).body["username"] == "admin"


def signed(path: str, arn: str) -> dict[str, Any]:
    made = event("GET", path)
    made["requestContext"]["authorizer"] = {"iam": {"userArn": arn}}
    return made


def test_a_signed_request_is_its_principal_under_the_iam_door_only(console: Console) -> None:
    arn = "arn:aws:sts::111122223333:assumed-role/deployer/me"
    assert console.answer(signed(f"/iam{USER_INFO}", arn)).body["username"] == arn
    assert console.answer(signed(USER_INFO, arn)).status == 401
    assert console.answer(event("GET", f"/iam{USER_INFO}", headers={"authorization": f"Bearer {TOKEN}"})).status == 401


def with_cookie(method: str, **headers: str) -> dict[str, Any]:
    made = event(method, "/api/v1/applications/x/sync" if method == "POST" else USER_INFO, {}, headers=headers)
    return made | {"cookies": [f"driftless-token={TOKEN}"]}


def test_a_cookie_reads_from_anywhere_and_writes_from_its_own_pages_only(console: Console) -> None:
    assert console.answer(with_cookie("GET")).status == 200
    assert console.answer(with_cookie("POST")).status == 401
    assert console.answer(with_cookie("POST", **{"sec-fetch-site": "cross-site"})).status == 401
    assert console.answer(with_cookie("POST", origin="https://elsewhere.example")).status == 401
    assert console.answer(with_cookie("POST", **{"sec-fetch-site": "same-origin"})).status == 404
    assert console.answer(with_cookie("POST", origin="https://console.example")).status == 404


def test_signing_in_gives_a_cookie_that_scripts_cannot_read(console: Console) -> None:
    headers = {"content-type": "application/x-www-form-urlencoded", "x-forwarded-proto": "https"}
    answer = console.answer(event("POST", "/api/v1/session", f"token={TOKEN}", headers=headers))
    assert (answer.status, answer.headers["location"]) == (303, "/")
    (cookie,) = answer.cookies
    assert cookie.startswith(f"driftless-token={TOKEN};")
    for word in ("HttpOnly", "SameSite=Strict", "Secure"):
        assert word in cookie
    wrong = console.answer(event("POST", "/api/v1/session", "token=nope", headers=headers))
    assert (wrong.status, wrong.cookies) == (401, ())
    out = console.answer(event("POST", "/api/v1/session", "end=1", headers=headers))
    assert "Max-Age=0" in out.cookies[0]


def test_argo_cds_session_call_gives_the_token_back(console: Console) -> None:
    body = {"username": "admin", "password": TOKEN}
    assert console.answer(event("POST", "/api/v1/session", body)).body == {"token": TOKEN}
    assert console.answer(event("POST", "/api/v1/session", body | {"password": "x"})).status == 401


def test_can_i_answers_yes_to_whoever_has_an_identity(console: Console) -> None:
    assert console.call("GET", "/api/v1/account/can-i/applications/sync/default/*").body == {"value": "yes"}
    assert console.call("GET", "/api/v1/account/can-i/nothing/sync/x").status == 400
    assert console.call("GET", "/api/v1/account/can-i/applications/dance/x").status == 400


def test_nobody_may_do_nothing() -> None:
    with pytest.raises(Forbidden, match="may not sync applications default/payments"):
        permission.demand(Identity("", "none"), "applications", "sync", "default/payments")
