"""Every folder in cases/ is a small repository, a source, and what must come of it; its name says why.

`expected.yaml` holds the objects in their order, `refused.txt` the heart of the sentence that a person reads.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from driftless.outlets.tools import Tools
from driftless.render import Context, render
from driftless.vocabulary.argo import Source
from driftless.vocabulary.errors import DriftlessError, NotBuiltYet, SourceError
from driftless.vocabulary.model import Capabilities

CASES = Path(__file__).parent / "cases"
NAMES = sorted(case.name for case in CASES.iterdir())
CONTEXT = Context(
    app_name="payments",
    namespace="payments",
    project="default",
    revision="0123456789abcdef0123456789abcdef01234567",
    capabilities=Capabilities("v1.36.3", ("v1", "apps/v1", "gateway.networking.k8s.io/v1/HTTPRoute")),
)


def source_of(case: Path) -> Source:
    return Source.of({"repoURL": "https://git.test/r.git"} | yaml.safe_load((case / "source.yaml").read_text()))


def checkout(case: Path, to: Path) -> Path:
    return Path(shutil.copytree(case / "repo", to / "repo"))


def files_under(root: Path) -> dict[str, bytes]:
    return {str(f.relative_to(root)): f.read_bytes() for f in root.rglob("*") if f.is_file()}


@pytest.mark.parametrize("name", [n for n in NAMES if not n.startswith("refused-")])
def test_the_objects_are_as_expected_and_the_artifact_is_untouched(name: str, tmp_path: Path, tools: Tools) -> None:
    repo = checkout(CASES / name, tmp_path)
    before = files_under(repo)
    rendered = render(repo, source_of(CASES / name), CONTEXT, tools)
    expected: list[Any] = [d for d in yaml.safe_load_all((CASES / name / "expected.yaml").read_text()) if d]
    assert list(rendered.objects) == expected
    assert files_under(repo) == before
    kind = name.split("-")[0]
    if kind in ("helm", "kustomize", "directory"):
        assert rendered.source_type == kind.capitalize()


@pytest.mark.parametrize("name", [n for n in NAMES if n.startswith("refused-")])
def test_the_refusal_names_what_and_where(name: str, tmp_path: Path, tools: Tools) -> None:
    repo = checkout(CASES / name, tmp_path)
    with pytest.raises(DriftlessError) as refused:
        render(repo, source_of(CASES / name), CONTEXT, tools)
    said = str(refused.value)
    assert isinstance(refused.value, SourceError | NotBuiltYet)
    assert (CASES / name / "refused.txt").read_text().strip() in said
    assert str(tmp_path) not in said and "/tmp/" not in said and "hunter2" not in said
