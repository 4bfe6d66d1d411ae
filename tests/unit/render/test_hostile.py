"""Hostile content: links that leave the artifact, alias bombs, huge files. Each refusal names the thing."""

from __future__ import annotations

from pathlib import Path

import pytest

from driftless.outlets.tools import Tools
from driftless.render import Context, render
from driftless.render import directory as directory_room
from driftless.vocabulary.argo import Source
from driftless.vocabulary.errors import SourceError

CONTEXT = Context(app_name="payments", namespace="payments")
OBJECT = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"


def source(path: str = ".") -> Source:
    return Source.of({"repoURL": "https://git.test/r.git", "path": path})


@pytest.mark.parametrize("target", ["/proc/self/environ", "/etc", "../../../outside", "/proc/self/fd"])
@pytest.mark.parametrize("place", ["link.yaml", "deep/er/link"])
def test_a_link_that_leaves_the_repository_is_named(repo: Path, tools: Tools, target: str, place: str) -> None:
    (repo / "a.yaml").write_text(OBJECT)
    (repo / place).parent.mkdir(parents=True, exist_ok=True)
    (repo / place).symlink_to(target)
    with pytest.raises(SourceError, match=f"link {place} leads out of the repository"):
        render(repo, source(), CONTEXT, tools)


def test_a_chain_of_links_that_ends_outside_is_named(repo: Path, tools: Tools) -> None:
    (repo / "app").mkdir()
    (repo / "app/first").symlink_to("../second")
    (repo / "second").symlink_to("/etc/hostname")
    with pytest.raises(SourceError, match=r"link (second|app/first) leads out of the repository"):
        render(repo, source("app"), CONTEXT, tools)


def test_an_application_path_through_a_link_that_leaves_is_refused(repo: Path, tools: Tools) -> None:
    (repo / "app").symlink_to("/etc")
    with pytest.raises(SourceError, match=r"source.path 'app' leads out of the repository"):
        render(repo, source("app"), CONTEXT, tools)


def test_a_link_inside_the_repository_is_followed(repo: Path, tools: Tools) -> None:
    (repo / "shared").mkdir()
    (repo / "shared/a.yaml").write_text(OBJECT)
    (repo / "app").mkdir()
    (repo / "app/linked.yaml").symlink_to("../shared/a.yaml")
    assert [o["metadata"]["name"] for o in render(repo, source("app"), CONTEXT, tools).objects] == ["a"]


def test_links_in_a_circle_are_named(repo: Path, tools: Tools) -> None:
    (repo / "a").symlink_to("b")
    (repo / "b").symlink_to("a")
    with pytest.raises(SourceError, match=r"link [ab] leads in a circle"):
        render(repo, source(), CONTEXT, tools)


def test_an_alias_bomb_is_an_error_although_it_is_no_manifest(repo: Path, tools: Tools) -> None:
    bomb = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))
    (repo / "bomb.yaml").write_text(bomb)
    with pytest.raises(SourceError, match=r"bomb.yaml: document 1, line \d+: its aliases expand to too much"):
        render(repo, source(), CONTEXT, tools)


def test_manifests_together_over_the_cap_name_the_file_that_went_over(
    repo: Path, tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directory_room, "MAX_COMBINED_BYTES", 2_000_000)
    for name in ("a", "b", "c"):
        (repo / f"{name}.yaml").write_text(OBJECT + "#" * 900_000)
    with pytest.raises(SourceError, match=r"more than 2 MB together, up to c.yaml"):
        render(repo, source(), CONTEXT, tools)


@pytest.mark.parametrize(
    "text", ["[" * 3000 + "]" * 3000, '{"a":' * 300 + "1" + "}" * 300, "NaN", '{"a": Infinity}', '{"a": "\\ud83d"}']
)
def test_json_that_kubernetes_could_not_read_is_refused(repo: Path, tools: Tools, text: str) -> None:
    (repo / "a.json").write_text(text)
    with pytest.raises(SourceError, match=r"^a.json"):
        render(repo, source(), CONTEXT, tools)


def test_charts_that_multiply_are_refused(repo: Path, tools: Tools, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("driftless.render.helm_dependencies.MAX_COPIED", 500)
    for level in range(6):
        rows = [f'- {{name: d{n}, version: 1.0.0, repository: "file://../c{level + 1}"}}' for n in range(6)]
        (repo / f"c{level}").mkdir()
        (repo / f"c{level}/Chart.yaml").write_text("\n".join(["name: c", "version: 1.0.0", "dependencies:", *rows]))
    (repo / "c6").mkdir()
    (repo / "c6/Chart.yaml").write_text("name: c\nversion: 1.0.0\n")
    with pytest.raises(SourceError, match=r"c\d: its file:// dependencies are more than 500 files together"):
        render(repo, source("c0"), CONTEXT, tools)


def test_a_chart_with_a_link_to_itself_ends(repo: Path, tools: Tools) -> None:
    (repo / "templates").mkdir()
    (repo / "Chart.yaml").write_text("apiVersion: v2\nname: c\nversion: 0.1.0\n")
    (repo / "templates/a.yaml").write_text(OBJECT)
    (repo / "loop").symlink_to(".")
    with pytest.raises(SourceError, match=r"^helm template .: .*too many"):
        render(repo, source(), CONTEXT, tools)


def test_a_literal_of_a_generated_secret_is_not_quoted(repo: Path, tools: Tools) -> None:
    (repo / "kustomization.yaml").write_text("secretGenerator: [{name: s, literals: [hunter2]}]\n")
    with pytest.raises(
        SourceError, match=r"^kustomize build .: .*a literal \(hidden\) is not as expected: key=value"
    ) as refused:
        render(repo, source(), CONTEXT, tools)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("value", ["a\0b", "\ud83d"])
def test_a_parameter_that_no_command_line_can_carry_is_refused(repo: Path, tools: Tools, value: str) -> None:
    (repo / "Chart.yaml").write_text("apiVersion: v2\nname: c\nversion: 0.1.0\n")
    raw = {"repoURL": "https://git.test/r.git", "helm": {"parameters": [{"name": "a", "value": value}]}}
    with pytest.raises(SourceError, match=r"^helm template .: a value holds a null character"):
        render(repo, Source.of(raw), CONTEXT, tools)
