"""The default project is there; any other is said not to exist, until AppProject is built."""

from __future__ import annotations

import pytest

from driftless.policy import projects
from driftless.vocabulary.errors import NotFound


def test_the_default_project_allows() -> None:
    projects.refuse_unknown("default")
    assert projects.DEFAULT == "default"


def test_another_project_does_not_exist() -> None:
    with pytest.raises(NotFound, match="project payments does not exist"):
        projects.refuse_unknown("payments")
