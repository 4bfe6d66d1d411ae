"""Which applications does a push concern? Three questions over values: same repository, same revision, same files.

In: addresses, refs and paths of a push; what applications ask for. Out: a canonical name, yes or no.
Where the payload cannot tell, the answer is yes: the fetch looks at the refs and the Git trees themselves, so a wrong
yes costs one look-up, and a wrong no would leave a change to the poll. The rules are argo-behaviour.md section 10.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from urllib.parse import unquote

_AZURE = "dev.azure.com"
_FULL_SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_NUMBER = r"(?:\d+|[xX*])"
_COMPARATOR = re.compile(rf"(?:[=!<>~^]|[<>!=]=|=[<>]|~>)?\s*v?{_NUMBER}(?:\.{_NUMBER}){{0,2}}(?:[-+][0-9A-Za-z.+-]+)?")
_VERSION = re.compile(r"v?\d+(?:\.\d+){0,2}(?:[-+][0-9A-Za-z.+-]+)?")


def canonical(url: str) -> str:
    """One text for one repository, however it is addressed: `host/path`, in lower case.

    Dropped: scheme, user and password, `ssh.` and `altssh.` before the host, `.git`, slashes at the end, and the port.
    The port of an HTTP address stays on a loopback host alone: there it is all that tells two servers apart, and
    elsewhere a payload may leave out what an application's repoURL names, or the reverse. Azure DevOps' SSH and
    visualstudio.com forms become `dev.azure.com/org/project/_git/repo`.
    """
    scheme, host, path = _parts(url.strip())
    host, port = _without_port(host.rpartition("@")[2].lower())
    bare = re.sub(r"^(?:alt)?ssh\.(?=.+\.)", "", host)
    path = re.sub(r"/{2,}", "/", unquote(path)).strip("/").lower().removesuffix(".git").rstrip("/")
    if bare == _AZURE or bare.endswith(".visualstudio.com"):
        return _azure(bare, path)
    default = {"http": "80", "https": "443"}.get(scheme)
    kept = f":{port}" if port and default and port != default and _is_loopback(bare) else ""
    return f"{bare}{kept}/{path}".rstrip("/")


def _parts(url: str) -> tuple[str, str, str]:
    """Scheme, authority, path; `user@host:path` is git's short form of ssh, and an address without both is https."""
    scheme, separator, rest = url.partition("://")
    if separator:
        authority, _, path = rest.partition("/")
        return scheme.lower(), authority, path
    short = re.fullmatch(r"([^/:\[]+|[^/@]*@?\[[^\]]*\]):(.*)", url, re.DOTALL)
    if short:
        return "ssh", short[1], short[2]
    authority, _, path = url.partition("/")
    return "https", authority, path


def _without_port(authority: str) -> tuple[str, str]:
    found = re.fullmatch(r"(\[[^\]]*\]|[^:]*)(?::(\d*))?", authority)
    return (found[1], found[2] or "") if found else (authority, "")


def _is_loopback(host: str) -> bool:
    return host == "localhost" or host.endswith(".localhost") or host.startswith("127.") or host == "[::1]"


def _azure(host: str, path: str) -> str:
    """Azure's SSH form `v3/org/project/repo` and its old host `org.visualstudio.com`, as Azure names them today.

    The project is left out of an address where the repository bears its name: `org/_git/repo`.
    """
    steps = path.split("/")
    if steps[0] == "v3" and len(steps) == 4:
        steps = [steps[1], steps[2], "_git", steps[3]]
    elif host != _AZURE:
        project = [step for step in steps if step != "defaultcollection"]
        steps = [host.removesuffix(".visualstudio.com"), *project]
    if len(steps) == 3 and steps[1] == "_git":
        steps = [steps[0], steps[2], "_git", steps[2]]
    return "/".join([_AZURE, *steps])


def matches(ref: str, target_revision: str, default_branch: str | None) -> bool:
    """Does a change of `ref` (full name) concern an application that tracks `target_revision`?

    "" and HEAD ask for the default branch, any branch where the provider does not name it. A commit id never moves.
    A semver constraint asks for every tag that looks like a version; which one satisfies it, the fetch decides.
    """
    target = target_revision.strip()
    branch, tag = ref.removeprefix("refs/heads/"), ref.removeprefix("refs/tags/")
    is_branch, is_tag = branch != ref, tag != ref
    if target in ("", "HEAD") or (target.startswith("refs/") and target.endswith("/HEAD")):
        return is_branch and default_branch in (None, branch)
    if _FULL_SHA.fullmatch(target):
        return False
    if target.removeprefix("refs/heads/").removeprefix("refs/tags/") in (branch, tag):
        return True
    return is_tag and is_constraint(target) and _VERSION.fullmatch(tag) is not None


def is_constraint(target_revision: str) -> bool:
    """Could this be a semver constraint: `>=1.2 <2`, `~1.4`, `1.x || 2.x`, `1.2 - 1.4`, `*`, or a version alone?"""
    parts = re.split(r"\s*(?:\|\||,|\s-\s)\s*|(?<=[\w*])\s+", target_revision.strip())
    return all(_COMPARATOR.fullmatch(part) for part in parts)


def touched(paths: Sequence[str] | None, generate_paths: str | None, source_path: str) -> bool:
    """Is one of the changed `paths` among those that the application is made from?

    `generate_paths` is its annotation `argocd.argoproj.io/manifest-generate-paths`: entries parted by `;`, relative to
    `source_path`, or to the repository's root with a leading slash; each a file, a folder, or a glob. Unknown paths
    and a missing annotation are yes. A `*` also crosses slashes here, which says yes rather too often.
    """
    entries = [entry.strip() for entry in (generate_paths or "").split(";") if entry.strip()]
    if paths is None or not entries:
        return True
    wanted = [_from_root(entry, source_path) for entry in entries]
    return any(_within(path.lstrip("/"), pattern) for path in paths for pattern in wanted)


def _from_root(entry: str, source_path: str) -> str:
    return posixpath.normpath(entry if entry.startswith("/") else f"/{source_path}/{entry}").lstrip("/")


def _within(path: str, pattern: str) -> bool:
    return pattern == "" or path == pattern or path.startswith(f"{pattern}/") or fnmatchcase(path, pattern)
