"""What `scripts/build` made fits Lambda, and is made for the functions' processor and Python."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILT = ROOT / ".aws-sam" / "build"
MB = 1024 * 1024
LAMBDA_MB = 250
"""All layers and the function together, unzipped: Lambda's own limit."""
CODE_AND_LIBRARIES_MB = 60
FUNCTION_BYTES = 32 * 1024

pytestmark = pytest.mark.skipif(
    not (BUILT / "template.yaml").is_file(), reason="nothing is built: run scripts/build (it needs a Python 3.13)"
)


def size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def test_code_and_libraries_are_small() -> None:
    assert size(BUILT / "CoreLayer") + size(BUILT / "DepsLayer") <= CODE_AND_LIBRARIES_MB * MB


def test_all_layers_fit_a_function() -> None:
    layers = ("CoreLayer", "DepsLayer", "ToolsLayer")
    assert sum(size(BUILT / name) for name in layers) <= LAMBDA_MB * MB


@pytest.mark.parametrize("name", ["Webhook", "Poll", "Fetch", "Sync", "Relay", "Console"])
def test_a_function_is_its_door_and_nothing_else(name: str) -> None:
    assert [file.name for file in (BUILT / name).iterdir()] == ["app.py"]
    assert size(BUILT / name) <= FUNCTION_BYTES


def test_our_code_is_in_the_layer_as_it_is_in_the_repository() -> None:
    files = [p for p in (ROOT / "layers/core").rglob("*") if p.is_file() and p.suffix != ".pyc"]
    if max(p.stat().st_mtime for p in files) > (BUILT / "template.yaml").stat().st_mtime:
        pytest.skip("the code is newer than what was built from it: run scripts/build")
    built = {p.relative_to(BUILT / "CoreLayer/python") for p in (BUILT / "CoreLayer").rglob("*") if p.is_file()}
    assert built == {p.relative_to(ROOT / "layers/core") for p in files}


def test_libraries_are_for_the_functions_processor_and_python() -> None:
    libraries = list((BUILT / "DepsLayer").rglob("*.so"))
    foreign = [p.name for p in libraries if not ("aarch64" in p.name or p.name.endswith("abi3.so"))]
    assert libraries
    assert not foreign


@pytest.mark.parametrize("name", ["helm", "kustomize"])
def test_tools_are_for_the_functions_processor(name: str) -> None:
    with (BUILT / "ToolsLayer" / "bin" / name).open("rb") as file:
        head = file.read(20)
    assert head[:4] == b"\x7fELF"
    assert int.from_bytes(head[18:20], "little") == 183, "not an arm64 binary"


def test_the_large_kubernetes_package_stays_out() -> None:
    assert not (BUILT / "DepsLayer" / "python" / "kubernetes").exists()
