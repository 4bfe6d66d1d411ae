"""What one render may read of a commit: files outside of the folder included, files that cannot matter left out."""

from __future__ import annotations

from typing import Any

import pytest

from driftless.checkout import Footprint, footprint, unchanged
from driftless.checkout.places import joined
from driftless.vocabulary.errors import NotBuiltYet, SourceError
from tests.unit.checkout.conftest import SUBMODULE_AT, Content, commit_of, link

URL = "https://github.com/acme-corp/gitops-manifests.git"


def source(path: str, **blocks: Any) -> dict[str, Any]:
    return {"repoURL": URL, "path": path, **blocks}


def made(files: dict[str, Content], path: str, **blocks: Any) -> Footprint:
    return footprint(commit_of(files), source(path, **blocks))


def paths(found: Footprint) -> list[str]:
    return [entry.path for entry in found.files]


def changed_by(files: dict[str, Content], change: dict[str, Content | None], path: str, **blocks: Any) -> bool:
    """Whether the recorded inputs say that `change` concerns the application."""
    before = made(files, path, **blocks)
    after = {name: text for name, text in {**files, **change}.items() if text is not None}
    return not unchanged(commit_of(after), before.inputs)


PLAIN: dict[str, Content] = {"apps/a/x.yaml": "x", "apps/a/deep/y.yaml": "y", "apps/b/z.yaml": "z", "README.md": "r"}


def test_a_plain_folder_is_its_own_files() -> None:
    assert paths(made(PLAIN, "apps/a")) == ["apps/a/x.yaml"]


def test_a_recursive_folder_is_all_below_it() -> None:
    assert paths(made(PLAIN, "apps/a", directory={"recurse": True})) == ["apps/a/deep/y.yaml", "apps/a/x.yaml"]


@pytest.mark.parametrize("path", [".", "", "/."[1:]])
def test_the_root_is_a_folder_too(path: str) -> None:
    assert paths(made(PLAIN, path)) == ["README.md"]


@pytest.mark.parametrize(
    ("change", "concerned"),
    [
        ({"apps/a/x.yaml": "changed"}, True),
        ({"apps/a/new.yaml": "new"}, True),
        ({"apps/a/x.yaml": None, "apps/a/other": "x"}, True),
        ({"apps/a/deep/y.yaml": "changed"}, False),
        ({"apps/b/z.yaml": "changed"}, False),
        ({"README.md": "changed"}, False),
    ],
)
def test_a_plain_folder_is_concerned_by_its_own_files_alone(change: dict[str, Content | None], concerned: bool) -> None:
    assert changed_by(PLAIN, change, "apps/a") is concerned


def test_nothing_recorded_is_never_unchanged() -> None:
    assert not unchanged(commit_of(PLAIN), ())


# ---- kustomize -------------------------------------------------------------------------------------------------------

KUSTOMIZE: dict[str, Content] = {
    "overlays/prod/kustomization.yaml": (
        "resources: [../../base, extra/job.yaml]\n"
        "components: [../../components/tls]\n"
        "patches: [{path: ../patches/replicas.yaml}]\n"
        "configMapGenerator: [{name: c, files: [app.conf=../../config/prod.conf]}]\n"
        "namePrefix: prod-\n"
    ),
    "overlays/prod/extra/job.yaml": "job",
    "overlays/prod/notes/unread.txt": "n",
    "overlays/patches/replicas.yaml": "p",
    "overlays/dev/kustomization.yaml": "resources: [../../base]",
    "base/kustomization.yaml": "resources: [deployment.yaml]",
    "base/deployment.yaml": "d",
    "components/tls/kustomization.yaml": "kind: Component",
    "config/prod.conf": "c",
    "config/dev.conf": "c",
    "prod-": "a file that is called as a prefix is",
}


def test_a_kustomization_is_what_it_refers_to_and_on_from_there() -> None:
    assert paths(made(KUSTOMIZE, "overlays/prod")) == [
        "base/deployment.yaml",
        "base/kustomization.yaml",
        "components/tls/kustomization.yaml",
        "config/prod.conf",
        "overlays/patches/replicas.yaml",
        "overlays/prod/extra/job.yaml",
        "overlays/prod/kustomization.yaml",
    ]


@pytest.mark.parametrize(
    ("path", "concerned"),
    [
        ("base/deployment.yaml", ["overlays/prod", "overlays/dev"]),
        ("config/prod.conf", ["overlays/prod"]),
        ("overlays/patches/replicas.yaml", ["overlays/prod"]),
        ("config/dev.conf", []),
        ("overlays/prod/notes/unread.txt", []),
    ],
)
def test_a_base_concerns_its_users_and_nobody_else(path: str, concerned: list[str]) -> None:
    users = [app for app in ("overlays/prod", "overlays/dev") if changed_by(KUSTOMIZE, {path: "changed"}, app)]
    assert users == concerned


def test_an_overlay_below_its_base_takes_the_base_and_not_all_below() -> None:
    files: dict[str, Content] = {
        "kustomization.yaml": "resources: [app.yaml]",
        "app.yaml": "a",
        "overlays/prod/kustomization.yaml": "resources: [../..]",
        "overlays/dev/kustomization.yaml": "resources: [../..]",
    }
    assert paths(made(files, "overlays/prod")) == ["app.yaml", "kustomization.yaml", "overlays/prod/kustomization.yaml"]


def test_a_missing_base_that_comes_later_is_a_change() -> None:
    files: dict[str, Content] = {"o/kustomization.yaml": "resources: [../base/x.yaml]"}
    assert changed_by(files, {"base/x.yaml": "now"}, "o")


def test_bases_in_a_circle_end() -> None:
    files: dict[str, Content] = {
        "a/kustomization.yaml": "resources: [../b]",
        "b/kustomization.yaml": "resources: [../a]",
    }
    assert paths(made(files, "a")) == ["a/kustomization.yaml", "b/kustomization.yaml"]


def test_a_chain_of_a_thousand_bases_ends() -> None:
    files: dict[str, Content] = {f"b{n}/kustomization.yaml": f"resources: [../b{n + 1}]" for n in range(1000)}
    assert len(paths(made(files, "b0"))) == 1000


def test_the_source_s_own_components_and_patches_belong_to_it() -> None:
    files: dict[str, Content] = {"a/kustomization.yaml": "", "c/kustomization.yaml": "", "p.yaml": "p"}
    block = {"components": ["../c"], "patches": [{"path": "../p.yaml"}]}
    assert paths(made(files, "a", kustomize=block)) == ["a/kustomization.yaml", "c/kustomization.yaml", "p.yaml"]


@pytest.mark.parametrize(
    "address",
    [
        "https://github.com/acme/base?ref=v1",
        "https://raw.githubusercontent.com/acme/r/main/x.yaml",
        "github.com/acme/base//deploy?ref=v1",
        "git@github.com:acme/base.git",
        "ssh://git@github.com/acme/base",
    ],
)
def test_a_remote_base_is_refused_by_name(address: str) -> None:
    with pytest.raises(NotBuiltYet, match=r"a/kustomization.yaml: resources entry .* outside of the repository"):
        made({"a/kustomization.yaml": f"resources: ['{address}']"}, "a")


@pytest.mark.parametrize("entry", ["../../etc/passwd", "/etc/passwd"])
def test_a_base_out_of_the_repository_is_refused_by_name(entry: str) -> None:
    with pytest.raises(SourceError, match=f"resources entry {entry} leads out of the repository"):
        made({"a/kustomization.yaml": f"resources: ['{entry}']"}, "a")


@pytest.mark.parametrize("text", ["resources: [", "- a\n- b", "", "just text", "a: \t b"])
def test_a_kustomization_that_is_none_is_left_to_the_render(text: str) -> None:
    assert paths(made({"a/kustomization.yaml": text}, "a")) == ["a/kustomization.yaml"]


# ---- helm ------------------------------------------------------------------------------------------------------------

HELM: dict[str, Content] = {
    "charts/web/Chart.yaml": "dependencies: [{name: lib, repository: 'file://../lib', version: 1.x}]",
    "charts/web/templates/deep/d.yaml": "d",
    "charts/lib/Chart.yaml": "dependencies: [{name: tiny, repository: file://../tiny}]",
    "charts/lib/templates/_t.tpl": "t",
    "charts/tiny/Chart.yaml": "name: tiny",
    "charts/other/Chart.yaml": "name: other",
    "env/prod.yaml": "p",
    "env/dev.yaml": "d",
    "env/web-a.yaml": "a",
    "env/web-b.yaml": "b",
    "env/eu/prod.yaml": "e",
}
CHART = [p for p in sorted(HELM) if p.startswith("charts/") and "other" not in p]


@pytest.mark.parametrize(
    ("value_files", "beside"),
    [
        (["../../env/prod.yaml"], ["env/prod.yaml"]),
        (["/env/prod.yaml"], ["env/prod.yaml"]),
        (["/env/web-$ARGOCD_APP_NAME.yaml"], ["env/dev.yaml", "env/prod.yaml", "env/web-a.yaml", "env/web-b.yaml"]),
        (["/env/*/prod.yaml"], ["env/eu/prod.yaml"]),
        (["/env/**/prod.yaml"], ["env/eu/prod.yaml", "env/prod.yaml"]),
        (["/env/eu/**"], ["env/eu/prod.yaml"]),
        (["https://example.com/v.yaml", "$values/x.yaml", ""], []),
    ],
)
def test_a_chart_comes_with_its_value_files(value_files: list[str], beside: list[str]) -> None:
    assert paths(made(HELM, "charts/web", helm={"valueFiles": value_files})) == CHART + beside


def test_a_file_of_a_parameter_comes_too() -> None:
    found = made(HELM, "charts/web", helm={"fileParameters": [{"name": "x", "path": "/env/dev.yaml"}]})
    assert paths(found) == [*CHART, "env/dev.yaml"]


@pytest.mark.parametrize(
    ("change", "concerned"),
    [
        ({"charts/tiny/templates/new.yaml": "n"}, True),
        ({"env/new/prod.yaml": "n"}, True),
        ({"env/missing.yaml": "now"}, True),
        ({"charts/other/Chart.yaml": "n"}, False),
    ],
)
def test_a_chart_is_concerned_by_what_it_could_read(change: dict[str, Content | None], concerned: bool) -> None:
    helm = {"valueFiles": ["/env/*/prod.yaml", "/env/missing.yaml"], "ignoreMissingValueFiles": True}
    assert changed_by(HELM, change, "charts/web", helm=helm) is concerned


@pytest.mark.parametrize("entry", ["../../../etc/passwd", "/../x"])
def test_a_value_file_out_of_the_repository_is_refused_by_name(entry: str) -> None:
    with pytest.raises(SourceError, match=r"valueFiles: .* leads out of the repository"):
        made(HELM, "charts/web", helm={"valueFiles": [entry]})


def test_a_dependency_out_of_the_repository_is_refused_by_name() -> None:
    with pytest.raises(SourceError, match=r"a/Chart.yaml: the dependency file://../../x leads out of the repository"):
        made({"a/Chart.yaml": "dependencies: [{name: x, repository: file://../../x}]"}, "a")


def test_a_chart_of_a_chart_repository_is_not_built_yet() -> None:
    with pytest.raises(NotBuiltYet, match="chart nginx"):
        footprint(commit_of({}), {"repoURL": "https://charts.example", "chart": "nginx"})


# ---- overrides, links, submodules, limits ----------------------------------------------------------------------------


def test_an_override_file_may_bring_files_of_its_own() -> None:
    files = {**HELM, "charts/web/.argocd-source-web.yaml": "helm: {valueFiles: [/env/dev.yaml]}"}
    assert "env/dev.yaml" in paths(made(files, "charts/web"))


def test_a_link_comes_with_what_it_means() -> None:
    files: dict[str, Content] = {"a/x.yaml": link("../shared/x.yaml"), "shared/x.yaml": "x", "shared/y": "y"}
    assert paths(made(files, "a")) == ["a/x.yaml", "shared/x.yaml"]
    assert changed_by(files, {"shared/x.yaml": "changed"}, "a")
    assert not changed_by(files, {"shared/y": "changed"}, "a")


def test_a_folder_may_be_reached_through_a_link() -> None:
    files: dict[str, Content] = {"current": link("v2"), "v2/x.yaml": "x", "v3/x.yaml": "x3"}
    assert paths(made(files, "current")) == ["current", "v2/x.yaml"]
    assert changed_by(files, {"current": link("v3")}, "current")


@pytest.mark.parametrize("target", ["/etc/passwd", "../../etc/passwd", "../../../../x"])
def test_a_link_that_leaves_is_refused_by_name(target: str) -> None:
    with pytest.raises(SourceError, match=r"the link a/x.yaml leads out of the repository"):
        made({"a/x.yaml": link(target)}, "a")


def test_links_that_leave_together_are_refused() -> None:
    files: dict[str, Content] = {"a/b/up": link("../.."), "a/b/x": link("up/../x"), "a/b/c": "c"}
    with pytest.raises(SourceError, match="leads out of the repository"):
        made(files, "a/b")


def test_links_in_a_circle_are_refused() -> None:
    with pytest.raises(SourceError, match="leads in a circle"):
        made({"a/x": link("y"), "a/y": link("x")}, "a")


def test_a_dangling_link_is_left_to_the_render_and_watched() -> None:
    files: dict[str, Content] = {"a/x": link("../later")}
    assert paths(made(files, "a")) == ["a/x"]
    assert changed_by(files, {"later": "now"}, "a")


@pytest.mark.parametrize("path", ["modules/lib", "modules/lib/deep"])
def test_a_submodule_is_refused_by_name(path: str) -> None:
    with pytest.raises(SourceError, match="modules/lib is a Git submodule"):
        made({"modules/lib": SUBMODULE_AT}, path)


def test_a_submodule_inside_of_a_chart_is_refused_by_name() -> None:
    with pytest.raises(SourceError, match="web/charts/lib is a Git submodule"):
        made({"web/Chart.yaml": "", "web/charts/lib": SUBMODULE_AT}, "web")


def test_a_submodule_beside_plain_files_concerns_nobody() -> None:
    assert paths(made({"x.yaml": "x", "lib": SUBMODULE_AT}, ".")) == ["x.yaml"]


def test_a_missing_folder_names_what_there_is() -> None:
    with pytest.raises(SourceError) as refusal:
        made({"apps/payments/x": "x", "apps/checkout/x": "x", "docs/x": "x"}, "apps/payment")
    assert str(refusal.value).startswith(f"path apps/payment does not exist in {URL} at ")
    assert str(refusal.value).endswith("; nearest: apps/payments, apps/checkout")


def test_a_file_is_no_folder() -> None:
    with pytest.raises(SourceError, match="path a/x is not a folder"):
        made({"a/x": "x"}, "a/x")


@pytest.mark.parametrize("path", ["/apps", "..", "apps/../..", "a\0b"])
def test_a_path_out_of_the_repository_is_refused(path: str) -> None:
    with pytest.raises(SourceError, match="leads out of the repository"):
        made(PLAIN, path)


@pytest.mark.parametrize("name", ["..", ".", ".git", ".GIT"])
def test_a_tree_that_git_would_not_write_is_refused(name: str) -> None:
    with pytest.raises(SourceError, match="is not a file name"):
        made({f"a/{name}": "x"}, "a")


def test_a_name_that_is_no_text_is_refused_with_its_bytes() -> None:
    with pytest.raises(SourceError, match=r"the file name a/caf\\udce9 is not UTF-8"):
        made({"a/caf\udce9": "x"}, "a")


def test_too_many_files_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("driftless.checkout.closure.MAX_FILES", 2)
    with pytest.raises(SourceError, match="reads more than 2 files, up to a/2"):
        made({f"a/{n}": "x" for n in range(3)}, "a")


def test_too_many_inputs_become_one() -> None:
    files: dict[str, Content] = {
        "a/kustomization.yaml": "resources: [" + ", ".join(f"../f/{n}" for n in range(500)) + "]"
    }
    assert [path for path, _ in made(files, "a").inputs] == [""]


@pytest.mark.parametrize(
    ("base", "path", "expected"),
    [
        ("a/b", "../c", "a/c"),
        ("a", "/c", "c"),
        ("", ".", ""),
        ("a", "..", ""),
        ("a", "../..", None),
        ("a", "b//./c/", "a/b/c"),
    ],
)
def test_paths_join(base: str, path: str, expected: str | None) -> None:
    assert joined(base, path) == expected
