"""Builds etcd, the Kubernetes control plane, kwok, kubectl, helm and kustomize from their pinned go.mod files.

In: the three Go modules of this repository. Out: one path for each binary, in the user's cache folder, named by a
digest of what was built, so that a second call costs a few file checks. A folder in KUBEBUILDER_ASSETS (as
controller-runtime's envtest knows it) is looked into first for the control plane's own binaries; what is not there
(envtest's has neither controller-manager nor scheduler) is built all the same: without them no pod becomes ready.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from driftless.vocabulary.errors import DriftlessError

ROOT = Path(__file__).resolve().parent.parent
FLAGS = ("-trimpath",)
STAGES = ("node/fast", "node/heartbeat-with-lease", "pod/fast")
BUILD_TIMEOUT = 3600


@dataclass(frozen=True)
class Module:
    """One go.mod: `packages` maps a binary's name to the Go package it is built from."""

    folder: str
    packages: dict[str, str]


CONTROL_PLANE = Module(
    "devstack/controlplane",
    {
        "etcd": "go.etcd.io/etcd/server/v3",
        "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
        "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
        "kube-scheduler": "k8s.io/kubernetes/cmd/kube-scheduler",
        "kubectl": "k8s.io/kubernetes/cmd/kubectl",
    },
)
KWOK = Module("devstack/kwok", {"kwok": "sigs.k8s.io/kwok/cmd/kwok"})
TOOLS = Module(
    "layers/tools",
    {"helm": "helm.sh/helm/v4/cmd/helm", "kustomize": "sigs.k8s.io/kustomize/kustomize/v5"},
)


def cache_folder() -> Path:
    """Where everything rebuilt at will is kept: `$XDG_CACHE_HOME/driftless`, else `~/.cache/driftless`."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "driftless"


def control_plane() -> dict[str, Path]:
    """Paths of etcd, kube-apiserver, kube-controller-manager, kube-scheduler, kubectl and kwok, built if need be."""
    return _binaries(CONTROL_PLANE, os.environ.get("KUBEBUILDER_ASSETS", "")) | _binaries(KWOK)


def tools() -> dict[str, Path]:
    """Paths of helm and kustomize; both in one folder of their own, which stands for Lambda's /opt/bin."""
    return _binaries(TOOLS)


def kubectl() -> Path:
    return _binaries(Module(CONTROL_PLANE.folder, {"kubectl": CONTROL_PLANE.packages["kubectl"]}))["kubectl"]


def kwok_stages() -> list[Path]:
    """The kwok stages that make nodes and pods ready, copied once out of kwok's own module."""
    folder = _folder(KWOK) / "stages"
    if not folder.is_dir():
        with exclusively("bin"):
            if not folder.is_dir():
                _copy_stages(folder)
    return sorted(folder.glob("*.yaml"))


def _copy_stages(folder: Path) -> None:
    source = Path(_go(["list", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/kwok"], ROOT / KWOK.folder)) / "kustomize/stage"
    with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
        for stage in STAGES:
            for path in (source / stage).glob("*.yaml"):
                if path.name != "kustomization.yaml":
                    shutil.copyfile(path, Path(temporary) / path.name)
        Path(temporary).chmod(0o755)
        shutil.copytree(temporary, folder)


def _binaries(module: Module, assets: str = "") -> dict[str, Path]:
    found = {name: Path(assets) / name for name in module.packages if assets and (Path(assets) / name).is_file()}
    folder = _folder(module)
    wanted = {name: folder / name for name in module.packages if name not in found}
    if not all(path.is_file() for path in wanted.values()):
        with exclusively("bin"):
            for name, path in wanted.items():
                if not path.is_file():
                    _build(module, name, path)
    return found | wanted


def _folder(module: Module) -> Path:
    digest = hashlib.sha256()
    for part in ("go.mod", "go.sum"):
        digest.update((ROOT / module.folder / part).read_bytes())
    digest.update(repr((FLAGS, _stamps(module), *_target())).encode())
    return cache_folder() / "bin" / digest.hexdigest()[:16]


def _target() -> tuple[str, str]:
    machine = platform.machine().lower()
    return platform.system().lower(), {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine)


def _stamps(module: Module) -> str:
    """Linker flags: small binaries that know their version; an unstamped API server calls itself v0.0.0-master."""
    flags = ["-s", "-w"]
    match = re.search(r"k8s\.io/kubernetes (v(\d+)\.(\d+)\.\S+)", (ROOT / module.folder / "go.mod").read_text())
    for package in ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version") if match else ():
        assert match is not None
        for name, value in zip(("gitVersion", "gitMajor", "gitMinor"), match.groups(), strict=True):
            flags += ["-X", f"{package}.{name}={value}"]
    return " ".join(flags)


def _build(module: Module, name: str, path: Path) -> None:
    goos, goarch = _target()
    say(f"building {name} (once; kept in {cache_folder()})")
    start = time.monotonic()
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as temporary:
        unfinished = Path(temporary) / name
        command = ["build", *FLAGS, "-ldflags", _stamps(module), "-o", str(unfinished), module.packages[name]]
        _go(command, ROOT / module.folder, {"CGO_ENABLED": "0", "GOOS": goos, "GOARCH": goarch})
        unfinished.replace(path)
    say(f"built {name} in {time.monotonic() - start:.0f} s")


def _go(arguments: list[str], folder: Path, extra: dict[str, str] | None = None) -> str:
    needed = re.search(r"^go (\S+)", (folder / "go.mod").read_text(), re.MULTILINE)
    least = needed.group(1) if needed else ""
    advice = f"install Go {least} or newer and put it on PATH, or use an existing cluster with --kubeconfig"
    if not shutil.which("go"):
        raise DriftlessError("the development stack is built with Go, which is not on PATH", hint=advice)
    command = ["go", *arguments]
    done = subprocess.run(
        command, cwd=folder, env=os.environ | (extra or {}), capture_output=True, text=True, timeout=BUILD_TIMEOUT
    )
    if done.returncode:
        last = "\n".join(done.stderr.strip().splitlines()[-15:])
        hint = advice if "requires go" in last or "toolchain" in last else "see the lines above"
        raise DriftlessError(f"go {arguments[0]} failed in {folder}:\n{last}\n", hint=hint)
    return done.stdout.strip()


@contextlib.contextmanager
def exclusively(what: str) -> Iterator[None]:
    """Holds off other builders of `what`: two at once would do the same work twice on the same cores."""
    folder = cache_folder() / what
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waiting for another build of {what} to end")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
