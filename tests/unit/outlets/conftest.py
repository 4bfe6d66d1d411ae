"""Mocked AWS for the outlets' tests: the record's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.record.mocked import Mocked, mocked_aws


@pytest.fixture(scope="module")
def aws_in_process() -> Iterator[None]:
    with mocked_aws():
        yield


@pytest.fixture
def here(aws_in_process: None, tmp_path: Path) -> Mocked:
    return Mocked(tmp_path)
