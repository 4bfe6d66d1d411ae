"""A mocked AWS per test, beside the real Git host of the Git tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.flows import cloud as clouds
from tests.unit.git.conftest import git as git
from tests.unit.git.conftest import git_host as git_host
from tests.unit.git.conftest import repository as repository


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[clouds.Cloud]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setattr("driftless.flows.fetching.publish.WORKERS", 1)  # the mocked table is not made for more
    with clouds.cloud(tmp_path) as made:
        yield made
