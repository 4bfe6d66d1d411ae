"""The pages in a real browser: sign in, look, see a change come by itself, sign out, without one complaint of it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from moto import mock_aws

from driftless.outlets import aws
from tests.unit.console import door, stage

CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on this machine")


@pytest.fixture
def console(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[stage.Console]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        aws.client.cache_clear()
        yield stage.make(tmp_path)
    aws.client.cache_clear()


def test_a_person_signs_in_looks_around_and_signs_out(console: stage.Console) -> None:
    from playwright.sync_api import expect, sync_playwright

    console.call("POST", "/api/v1/applications", stage.payments())
    complaints: list[str] = []
    with door.opened(console) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if "Content Security" in said.text else None)
        page.clock.install()
        page.goto(url)
        page.get_by_label("Token").fill("wrong")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_text("That token is not valid.")).to_be_visible()
        page.get_by_label("Token").fill(stage.TOKEN)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("link", name="payments").click()
        expect(page.get_by_role("heading", name="payments")).to_be_visible()
        expect(page.get_by_text("Unknown")).to_be_visible()
        stage.works(console, "payments", status=stage.SYNCED, resources=(stage.RESOURCE,))
        page.clock.fast_forward(5000)
        expect(page.get_by_text("apps/Deployment")).to_be_visible()
        assert page.evaluate("document.cookie") == ""
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_label("Token")).to_be_visible()
        browser.close()
    assert complaints == []


HOSTILE = "\"><script>document.title='owned'</script><img src=x onerror=document.title='owned'>"


def test_what_strangers_write_is_shown_and_never_run(console: stage.Console) -> None:
    from playwright.sync_api import expect, sync_playwright

    source = {"repoURL": f"https://git.test/{HOSTILE}", "path": HOSTILE, "targetRevision": HOSTILE}
    destination = {"server": HOSTILE, "namespace": HOSTILE}
    created = console.call("POST", "/api/v1/applications", stage.payments(source=source, destination=destination))
    assert created.status == 200
    condition = {"type": HOSTILE, "message": HOSTILE}
    resource = dict.fromkeys(("group", "kind", "namespace", "name", "status"), HOSTILE)
    last = {"phase": HOSTILE, "message": HOSTILE, "startedAt": HOSTILE, "finishedAt": HOSTILE}
    health = {"status": HOSTILE, "message": HOSTILE}
    status = {"sync": {"status": HOSTILE, "revision": HOSTILE}, "health": health, "conditions": [condition]}
    status |= {"operationState": last, "reconciledAt": HOSTILE}
    stage.works(console, "payments", status=status, resources=(resource | {"health": health},))
    with door.opened(console) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.clock.install()
        page.goto(url)
        page.get_by_label("Token").fill(stage.TOKEN)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_text("onerror").first).to_be_visible()
        page.get_by_role("link", name="payments").click()
        expect(page.get_by_role("heading", name="payments")).to_be_visible()
        page.clock.fast_forward(5000)
        expect(page.get_by_text("onerror").first).to_be_visible()
        assert page.title() != "owned" and page.locator("main script, main img").count() == 0
        assert all(address.startswith(url) for address in asked), asked
        browser.close()
