"""The command against the real console over loopback HTTP, both in this process."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from moto import mock_aws

from driftless.cli import follow
from driftless.cli.main import main
from driftless.outlets import aws
from tests.unit.console import door, stage


@dataclass(frozen=True)
class Ended:
    status: int
    out: str
    err: str


@dataclass
class Command:
    """`driftless(...)` runs one command line; `console` is what it talks to."""

    console: stage.Console
    url: str
    capsys: pytest.CaptureFixture[str]

    def __call__(self, *argv: str) -> Ended:
        self.capsys.readouterr()
        try:
            status = main(list(argv))
        except SystemExit as stop:
            status = int(stop.code or 0)
        written = self.capsys.readouterr()
        return Ended(status, written.out, written.err)


@pytest.fixture
def driftless(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Command]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setattr(follow, "FIRST_PAUSE", 0.001)
    monkeypatch.setattr(follow, "LAST_PAUSE", 0.001)
    for name in ("AWS_ENDPOINT_URL", "DRIFTLESS_AUTH"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws():
        aws.client.cache_clear()
        console = stage.make(tmp_path)
        with door.opened(console) as url:
            monkeypatch.setenv("DRIFTLESS_URL", url)
            monkeypatch.setenv("DRIFTLESS_TOKEN", stage.TOKEN)
            yield Command(console, url, capsys)
    aws.client.cache_clear()
