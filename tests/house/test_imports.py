"""The house rules of imports hold, and every one of them would notice a breach (tried on a copy of the code)."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
BREACHES = {
    "Imports go forward: doors, flows, rooms, outlets, vocabulary; and no room sees another": (
        "plan/__init__.py",
        "import driftless.policy",
    ),
    "Thinking rooms touch nothing of the world: no outlet, no AWS, no network, no process": (
        "compare/__init__.py",
        "import subprocess",
    ),
    "The CLI knows the REST API and the vocabulary, never the flows or the rooms": (
        "cli/__init__.py",
        "import driftless.record",
    ),
    "The functions' path never imports the kubernetes package: it is larger than all the rest": (
        "outlets/eks.py",
        "import kubernetes",
    ),
}


def lint(root: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(root / "layers" / "core")}
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=120)


def test_the_house_keeps_its_rules_of_imports() -> None:
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout


def test_every_rule_has_a_breach_to_try() -> None:
    assert {contract["name"] for contract in CONTRACTS} == set(BREACHES)


@pytest.mark.parametrize("rule", BREACHES)
def test_a_breach_is_noticed(rule: str, tmp_path: Path) -> None:
    module, line = BREACHES[rule]
    shutil.copytree(ROOT / "layers" / "core", tmp_path / "layers" / "core")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    with (tmp_path / "layers" / "core" / "driftless" / module).open("a") as file:
        file.write(f"\n{line}\n")
    done = lint(tmp_path)
    assert done.returncode != 0
    assert f"{rule} BROKEN" in " ".join(done.stdout.split())
