"""Which applications a push concerns: the repository, the revision, the files."""

from __future__ import annotations

import pytest

from driftless import interest


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/acme-corp/gitops-manifests",
        "https://github.com/acme-corp/gitops-manifests.git",
        "https://github.com/acme-corp/gitops-manifests.git/",
        "https://github.com/acme-corp/gitops-manifests//",
        "HTTPS://GitHub.com/Acme-Corp/GitOps-Manifests.git",
        "https://x-access-token:t0ken@github.com/acme-corp/gitops-manifests.git",
        "https://github.com:443/acme-corp/gitops-manifests",
        "http://github.com/acme-corp/gitops-manifests",
        "git://github.com/acme-corp/gitops-manifests.git",
        "git@github.com:acme-corp/gitops-manifests.git",
        "git@github.com:/acme-corp/gitops-manifests.git",
        "ssh://git@github.com/acme-corp/gitops-manifests.git",
        "ssh://git@ssh.github.com:443/acme-corp/gitops-manifests.git",
        "ssh://git@altssh.github.com:443/acme-corp/gitops-manifests",
        "github.com/acme-corp/gitops-manifests",
        " https://github.com/acme-corp/gitops-manifests ",
    ],
)
def test_one_repository_has_one_name(url: str) -> None:
    assert interest.canonical(url) == "github.com/acme-corp/gitops-manifests"


@pytest.mark.parametrize(
    "url",
    [
        "https://acme-corp@dev.azure.com/acme-corp/Platform/_git/gitops-manifests",
        "git@ssh.dev.azure.com:v3/acme-corp/Platform/gitops-manifests",
        "ssh://git@ssh.dev.azure.com/v3/acme-corp/Platform/gitops-manifests",
        "https://acme-corp.visualstudio.com/Platform/_git/gitops-manifests",
        "https://acme-corp.visualstudio.com/DefaultCollection/Platform/_git/gitops-manifests",
        "acme-corp@vs-ssh.visualstudio.com:v3/acme-corp/Platform/gitops-manifests",
    ],
)
def test_azures_forms_are_one(url: str) -> None:
    assert interest.canonical(url) == "dev.azure.com/acme-corp/platform/_git/gitops-manifests"


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://dev.azure.com/acme-corp/_git/tools", "dev.azure.com/acme-corp/tools/_git/tools"),
        ("https://dev.azure.com/acme-corp/Web%20Shop/_git/api", "dev.azure.com/acme-corp/web shop/_git/api"),
        ("http://127.0.0.1:3000/acme/app.git", "127.0.0.1:3000/acme/app"),
        ("http://localhost:80/acme/app.git", "localhost/acme/app"),
        ("http://[::1]:3000/acme/app", "[::1]:3000/acme/app"),
        ("ssh://git@127.0.0.1:2222/acme/app", "127.0.0.1/acme/app"),
        ("https://git.acme.example:8443/acme/app", "git.acme.example/acme/app"),
        ("ssh://git@git.acme.example:7999/acme/app.git", "git.acme.example/acme/app"),
        ("https://git.acme.example/a/b/c/app.git", "git.acme.example/a/b/c/app"),
        ("https://ssh.local/app", "ssh.local/app"),
        ("", ""),
        ("https://", ""),
        ("https://host:port:port/x", "host:port:port/x"),
    ],
)
def test_the_name_of(url: str, name: str) -> None:
    assert interest.canonical(url) == name


def test_a_canonical_name_is_its_own_canonical_name() -> None:
    for url in ("http://github.com/a/b.git", "https://acme.visualstudio.com/p/_git/r", "ssh://git@h.example:22/x/y"):
        assert interest.canonical(interest.canonical(url)) == interest.canonical(url)


MAIN, BLUE, TAG = "refs/heads/main", "refs/heads/feature/blue", "refs/tags/v1.4.0"


@pytest.mark.parametrize(
    ("ref", "target", "default", "concerned"),
    [
        (MAIN, "", "main", True),
        (MAIN, "HEAD", "main", True),
        (MAIN, "refs/remotes/origin/HEAD", "main", True),
        (BLUE, "HEAD", "main", False),
        (BLUE, "HEAD", None, True),
        (TAG, "HEAD", None, False),
        (MAIN, "main", "main", True),
        (MAIN, "main", "trunk", True),
        (MAIN, "refs/heads/main", "trunk", True),
        (MAIN, "release", "main", False),
        (BLUE, "feature/blue", "main", True),
        (BLUE, "blue", "main", False),
        (TAG, "v1.4.0", "main", True),
        (TAG, "refs/tags/v1.4.0", "main", True),
        (TAG, "v1.5.0", "main", True),
        (TAG, "1.x", "main", True),
        (TAG, ">=1.2.0 <2", "main", True),
        ("refs/tags/release-7", "1.x", "main", False),
        ("refs/heads/1.4.0", ">=1.2", "main", False),
        (MAIN, "b93e07d15c2a4f886d1e0b7ac5f3924e8d6017fa", "main", False),
        (MAIN, "b93e07d", "main", False),
        ("refs/heads/main2", "main", "main", False),
    ],
)
def test_a_ref_concerns_a_target(ref: str, target: str, default: str | None, concerned: bool) -> None:
    assert interest.matches(ref, target, default) is concerned


@pytest.mark.parametrize(
    "target",
    [
        "*",
        "1",
        "1.2",
        "v1.2",
        "1.x",
        "1.2.*",
        "~1.4",
        "^2.0.0",
        ">= 1.2, < 2",
        "1.x || 2.x",
        "1.2 - 1.4",
        ">=1.2 <2",
        "!=1.3",
    ],
)
def test_this_is_a_constraint(target: str) -> None:
    assert interest.is_constraint(target)


@pytest.mark.parametrize("target", ["main", "HEAD", "release-1.2", "feature/1.x", "1.2.3.4", "v", "main 1.2"])
def test_this_is_no_constraint(target: str) -> None:
    assert not interest.is_constraint(target)


PAYMENTS = "apps/payments"


@pytest.mark.parametrize(
    ("paths", "annotation", "touched"),
    [
        (None, ".", True),
        (("apps/orders/a.yaml",), None, True),
        (("apps/orders/a.yaml",), " ; ", True),
        (("apps/payments/a.yaml",), ".", True),
        (("apps/payments/deep/a.yaml",), ".", True),
        (("apps/payments-eu/a.yaml",), ".", False),
        (("apps/orders/a.yaml",), ".", False),
        (("apps/base/a.yaml",), ".;../base", True),
        (("shared/a.yaml",), ".;/shared", True),
        (("shared/a.yaml",), "/shared/a.yaml", True),
        (("shared/a.yaml",), "/shared/*.yaml", True),
        (("shared/a.json",), "/shared/*.yaml", False),
        (("apps/payments/values-eu.yaml",), "values-*.yaml", True),
        (("anything",), "/", True),
        (("README.md", "apps/payments/a.yaml"), ".", True),
        ((), ".", False),
    ],
)
def test_files_touch_an_application(paths: tuple[str, ...] | None, annotation: str | None, touched: bool) -> None:
    assert interest.touched(paths, annotation, PAYMENTS) is touched


def test_a_source_at_the_root_is_touched_by_every_file() -> None:
    assert interest.touched(("a.yaml",), ".", "")
    assert interest.touched(("a.yaml",), ".", ".")
