"""The pages: a form before anything is shown, everything escaped, nothing loaded from elsewhere."""

from __future__ import annotations

import re

from tests.unit.console.stage import RESOURCE, SYNCED, TOKEN, Console, deployed, event, payments, works


def page(console: Console, path: str, *, signed_in: bool = True) -> tuple[int, str, str]:
    made = event("GET", path)
    answer = console.answer(made | ({"cookies": [f"driftless-token={TOKEN}"]} if signed_in else {}))
    return answer.status, answer.body, answer.headers["content-security-policy"]


def test_without_a_token_there_is_only_the_form(console: Console) -> None:
    console.call("POST", "/api/v1/applications", payments())
    for path in ("/", "/applications/payments"):
        status, body, _ = page(console, path, signed_in=False)
        assert status == 401
        assert 'name="token"' in body and "payments" not in body


def test_the_overview_shows_every_application_with_its_state(console: Console) -> None:
    assert "No applications yet" in page(console, "/")[1]
    console.call("POST", "/api/v1/applications", payments())
    works(console, "payments", status=SYNCED)
    status, body, _ = page(console, "/")
    assert status == 200
    assert 'href="/applications/payments"' in body
    assert '<span class="pill good">Synced</span>' in body and "abc1234" in body


def test_a_password_in_repo_url_is_on_no_page_and_in_no_list(console: Console) -> None:
    source = {"repoURL": "https://ada:s3cret@git.test/r.git", "path": "."}
    console.call("POST", "/api/v1/applications", payments(source=source))
    shown = [page(console, path)[1] for path in ("/", "/applications/payments")]
    shown.append(str(console.call("GET", "/api/v1/repositories").body))
    for text in shown:
        assert "https://git.test/r.git" in text and "s3cret" not in text


def test_one_application_shows_resources_conditions_operation_and_history(console: Console) -> None:
    console.call("POST", "/api/v1/applications", payments())
    last = {"phase": "Failed", "message": "the quota is used up", "startedAt": "2026-11-21T13:00:00Z"}
    condition = {"type": "ComparisonError", "message": "path <apps> does not exist"}
    status = SYNCED | {"operationState": last, "conditions": [condition]}
    works(console, "payments", status=status, resources=(RESOURCE,))
    deployed(console, "payments", 3)
    code, body, _ = page(console, "/applications/payments")
    assert code == 200
    for text in ("apps/Deployment", "the quota is used up", "path &lt;apps&gt; does not exist", "2026-11-23T13:00:01Z"):
        assert text in body


def test_what_users_write_is_escaped(console: Console) -> None:
    source = {"repoURL": 'https://x.example/"><script>alert(1)</script>', "path": "<b>"}
    console.call("POST", "/api/v1/applications", payments(source=source))
    for path in ("/", "/applications/payments"):
        body = page(console, path)[1]
        assert "<script>alert" not in body and "<b>" not in body
        assert "&lt;b&gt;" in body


def test_a_page_allows_its_own_style_and_script_only(console: Console) -> None:
    _, body, policy = page(console, "/")
    (style,) = re.findall(r'<style nonce="([^"]+)"', body)
    (script,) = re.findall(r'<script nonce="([^"]+)"', body)
    assert style == script and f"script-src 'nonce-{script}'" in policy
    assert "default-src 'none'" in policy and "unsafe" not in policy
    assert page(console, "/")[2] != policy
    assert re.findall(r'(?:src|href)="(?:https?:)?//', body) == []


def test_an_application_that_is_not_there_is_a_page_too(console: Console) -> None:
    status, body, _ = page(console, "/applications/nobody")
    assert status == 404 and "application nobody does not exist" in body
