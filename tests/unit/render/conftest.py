"""The real helm and kustomize: those on PATH, else the ones that the development stack builds."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from driftless.outlets.tools import Tools

NAMES = ("helm", "kustomize")


@pytest.fixture(scope="session")
def tools_path() -> str:
    if all(shutil.which(name) for name in NAMES):
        return os.environ["PATH"]
    from devstack import build

    return os.pathsep.join(sorted({str(file.parent) for file in build.tools().values()}))


@pytest.fixture(scope="session")
def tools(tools_path: str) -> Tools:
    return Tools(tools_path)


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """An empty artifact."""
    root = tmp_path / "repo"
    root.mkdir()
    return root
