"""An artifact's name and bytes, there and back; and what a hostile one would do."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from driftless.checkout import digest, footprint, pack, unpack
from driftless.vocabulary.errors import SourceError
from tests.unit.checkout.conftest import Content, commit_of, executable, link

FILES: dict[str, Content] = {
    "a/Chart.yaml": "name: a",
    "a/run.sh": executable("#!/bin/sh"),
    "a/values.yaml": link("../shared/v.yaml"),
    "a/ünïcode.yaml": "x",
    "shared/v.yaml": "v",
}
SOURCE = {"repoURL": "https://example.com/r.git", "path": "a"}


def packed(files: dict[str, Content]) -> tuple[str, bytes]:
    trees = commit_of(files)
    found = footprint(trees, SOURCE).files
    return digest(found), pack(trees, found)


def test_files_modes_and_links_survive(tmp_path: Path) -> None:
    unpack(packed(FILES)[1], tmp_path)
    assert {str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if not p.is_dir()} == set(FILES)
    assert (tmp_path / "a/values.yaml").read_text() == "v"
    assert (tmp_path / "a/values.yaml").is_symlink()
    assert (tmp_path / "a/run.sh").stat().st_mode & 0o111
    assert not (tmp_path / "a/Chart.yaml").stat().st_mode & 0o111


def test_the_same_content_has_the_same_name_and_bytes() -> None:
    assert packed(FILES) == packed({**dict(reversed(FILES.items())), "elsewhere": "ignored"})


@pytest.mark.parametrize(
    "change", [{"a/Chart.yaml": "name: b"}, {"a/run.sh": "#!/bin/sh"}, {"a/new": ""}, {"shared/v.yaml": "w"}]
)
def test_any_change_has_another_name(change: dict[str, Content]) -> None:
    assert packed({**FILES, **change})[0] != packed(FILES)[0]


def test_too_much_is_refused_with_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("driftless.checkout.artifact.MAX_BYTES", 20)
    with pytest.raises(SourceError, match=r"more than 0 MiB, up to a/"):
        packed({**FILES, "a/big": "x" * 100})


def zipped(*rows: tuple[str, int, str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, mode, text in rows:
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            archive.writestr(info, text)
    return out.getvalue()


@pytest.mark.parametrize(
    "rows",
    [
        [("../x", 0o100644, "x")],
        [("/etc/x", 0o100644, "x")],
        [("a/../../x", 0o100644, "x")],
        [("a", 0o120000, "/etc/passwd")],
        [("a", 0o120000, "../x")],
        [("a/b/up", 0o120000, "../.."), ("a/b/x", 0o120000, "up/../x")],
    ],
)
def test_what_leaves_the_folder_is_refused(rows: list[tuple[str, int, str]], tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    with pytest.raises(SourceError, match="leads out of it"):
        unpack(zipped(*rows), inside)
    assert [p.name for p in tmp_path.iterdir()] == ["inside"]


def test_a_file_is_never_written_through_a_link(tmp_path: Path) -> None:
    with pytest.raises((SourceError, OSError)):
        unpack(zipped(("a", 0o120000, "b"), ("a/x", 0o100644, "x"), ("b/y", 0o100644, "y")), tmp_path)
    assert not (tmp_path / "b/x").exists()


def test_a_zip_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("driftless.checkout.artifact.MAX_BYTES", 1000)
    with pytest.raises(SourceError, match="unpacked"):
        unpack(zipped(("a", 0o100644, "0" * 2000)), tmp_path)
    assert list(tmp_path.iterdir()) == []
