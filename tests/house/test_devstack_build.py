"""Binaries are built once, found again by what they are made of, and taken from KUBEBUILDER_ASSETS first."""

from __future__ import annotations

from pathlib import Path

import pytest

from devstack import build
from driftless.vocabulary.errors import DriftlessError

CONTROL_PLANE = {"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl", "kwok"}


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of our own, with every binary of the pins in it as an empty file."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)
    for module in (build.CONTROL_PLANE, build.KWOK, build.TOOLS):
        folder = build._folder(module)
        folder.mkdir(parents=True)
        for name in module.packages:
            (folder / name).touch()
    return tmp_path


def test_what_is_built_already_is_found_without_go(cache: Path) -> None:
    found = build.control_plane()
    assert found.keys() == CONTROL_PLANE and all(path.is_relative_to(cache) for path in found.values())
    assert {path.parent for path in build.tools().values()} == {build._folder(build.TOOLS)}


def test_assets_come_first_and_what_they_lack_is_ours(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assets = tmp_path / "assets"
    assets.mkdir()
    for name in ("etcd", "kube-apiserver"):
        (assets / name).touch()
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(assets))
    found = build.control_plane()
    assert found["etcd"].parent == found["kube-apiserver"].parent == assets
    assert found["kube-scheduler"].parent == build._folder(build.CONTROL_PLANE)


def test_without_go_the_way_out_is_said(cache: Path) -> None:
    (build._folder(build.TOOLS) / "helm").unlink()
    with pytest.raises(DriftlessError, match=r"install Go 1\.\d+"):
        build.tools()


def test_the_api_server_is_told_its_version() -> None:
    assert "k8s.io/component-base/version.gitVersion=v1." in build._stamps(build.CONTROL_PLANE)
