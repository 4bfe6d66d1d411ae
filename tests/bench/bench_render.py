"""How long a render takes beside the bare tool: `python tests/bench/bench_render.py [RUNS]`.

Prints milliseconds, medians over RUNS (default 21), on a small application of each kind (Deployment, Service and
ConfigMap) and the reading of 1 MB of YAML. The tools are those on PATH, else the development stack's.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve()
sys.path[:0] = [str(HERE.parents[2] / "layers/core"), str(HERE.parents[2])]

from driftless.outlets.tools import Tools  # noqa: E402
from driftless.render import Context, render  # noqa: E402
from driftless.vocabulary.argo import Source  # noqa: E402
from driftless.vocabulary.yaml_documents import documents  # noqa: E402

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  labels: {app: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: web
        image: registry.test/web:1.2.3
        ports: [{containerPort: 8080, name: http}]
        env: [{name: LOG, value: info}]
        resources: {requests: {cpu: 100m, memory: 128Mi}, limits: {memory: 256Mi}}
"""
SERVICE = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {selector: {app: web}, ports: [{port: 80}]}\n"
CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata: {a: b, c: d}\n"
MANIFESTS = {"deployment.yaml": DEPLOYMENT, "service.yaml": SERVICE, "config.yaml": CONFIG}


def main(runs: int) -> None:
    path = _tools_path()
    tools = Tools(path)
    with tempfile.TemporaryDirectory(prefix="driftless-bench-") as name:
        repo = _repository(Path(name))
        environment = {"PATH": path, "HOME": name}

        def bare(*argv: str) -> Callable[[], object]:
            return lambda: subprocess.run(argv, cwd=repo, env=environment, capture_output=True, check=True, timeout=60)

        def ours(folder: str, **block: object) -> Callable[[], object]:
            source = Source.of({"repoURL": "https://git.test/r.git", "path": folder} | block)
            return lambda: render(repo, source, Context("web", "web"), tools)

        megabyte = "---\n".join([DEPLOYMENT] * (1_000_000 // len(DEPLOYMENT))).encode()
        edits = {"namePrefix": "a-", "images": ["registry.test/web:2"]}
        rows: list[tuple[str, Callable[[], object], Callable[[], object] | None]] = [
            ("Directory, 3 files", ours("plain"), None),
            ("Kustomize, overlay", ours("overlay"), bare("kustomize", "build", "overlay")),
            ("Kustomize, 2 edits", ours("overlay", kustomize=edits), bare("kustomize", "build", "overlay")),
            ("Helm, 3 templates", ours("chart"), bare("helm", "template", "web", "chart")),
            ("1 MB of YAML", lambda: documents(megabyte, "bench"), None),
        ]
        print(f"{'ms, medians of ' + str(runs):<22}{'render':>10}{'bare tool':>12}")
        for label, run, tool in rows:
            alone = f"{_median(tool, runs):12.1f}" if tool else f"{'':>12}"
            print(f"{label:<22}{_median(run, runs):10.1f}{alone}")


def _tools_path() -> str:
    if shutil.which("helm") and shutil.which("kustomize"):
        return os.environ["PATH"]
    from devstack import build

    return os.pathsep.join(sorted({str(file.parent) for file in build.tools().values()}))


def _repository(root: Path) -> Path:
    for folder in ("plain", "base", "chart/templates"):
        (root / folder).mkdir(parents=True)
        for name, text in MANIFESTS.items():
            (root / folder / name).write_text(text)
    (root / "overlay").mkdir()
    (root / "base/kustomization.yaml").write_text(f"resources: [{', '.join(MANIFESTS)}]\n")
    (root / "overlay/kustomization.yaml").write_text("namespace: web\nresources: [../base]\n")
    (root / "chart/Chart.yaml").write_text("apiVersion: v2\nname: web\nversion: 0.1.0\n")
    return root


def _median(run: Callable[[], object], runs: int) -> float:
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1000


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 21)
