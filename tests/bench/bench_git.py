"""What a push costs the fetch function's Git side: `python tests/bench/bench_git.py` prints medians of a few runs.

In: nothing; it builds a monorepo and a small repository of 100 applications with the real git, and serves them over
smart HTTP on loopback. Out: milliseconds of wall and CPU time per step, one line each.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "layers/core")]

from devstack import gitserver  # noqa: E402
from driftless import checkout  # noqa: E402
from driftless.outlets.git import Git  # noqa: E402
from driftless.outlets.git.cache import Cache  # noqa: E402
from driftless.vocabulary.git import Remote  # noqa: E402

RUNS = 5
MANIFEST = "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c{n}}}\ndata: {{n: '{n}', pad: '{pad}'}}\n"


class Bench:
    def __init__(self, folder: Path, server: gitserver.Server, name: str, files: int, apps: int) -> None:
        self.work, self.apps = folder / name, apps
        host: gitserver.GitHost = server.RequestHandlerClass.host  # type: ignore[attr-defined]
        host.create(f"{name}.git")
        self.bare = host.folder / f"{name}.git"
        self.remote = Remote(f"http://127.0.0.1:{server.server_address[1]}/{name}.git", name)
        self.folder = folder
        self.made = 0
        self.work.mkdir()
        self.git("init", "-q", "-b", "main")
        for n in range(files):
            path = self.work / f"apps/a{n % apps:03}/f{n}.yaml"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(MANIFEST.format(n=n, pad=os.urandom(400).hex()))
        self.push()

    def git(self, *arguments: str) -> str:
        identity = ("-c", "user.name=b", "-c", "user.email=b@b", "-c", "gc.auto=0")
        done = subprocess.run(
            ["git", *identity, *arguments], cwd=self.work, check=True, capture_output=True, text=True, timeout=120
        )
        return done.stdout.strip()

    def push(self) -> str:
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "change")
        self.git("push", "-q", str(self.bare), "main")
        return self.git("rev-parse", "HEAD")

    def change(self) -> str:
        self.made += 1
        (self.work / "apps/a000/f0.yaml").write_text(MANIFEST.format(n=self.made, pad=""))
        return self.push()

    def cold(self) -> Git:
        return Git(lookup=lambda _: None, cache=Cache(Path(tempfile.mkdtemp(dir=self.folder))))


def measured(name: str, step: Callable[[], object], before: Callable[[], object] = lambda: None) -> None:
    walls, cpus = [], []
    for _ in range(RUNS):
        before()
        wall, cpu = time.perf_counter(), time.process_time()
        step()
        walls.append((time.perf_counter() - wall) * 1000)
        cpus.append((time.process_time() - cpu) * 1000)
    print(f"{name:<66} {statistics.median(walls):8.0f} ms wall {statistics.median(cpus):8.0f} ms CPU", flush=True)


def source(app: int) -> dict[str, str]:
    return {"repoURL": "r", "path": f"apps/a{app:03}"}


def run(bench: Bench, title: str) -> None:
    head = bench.git("rev-parse", "HEAD")

    def first() -> None:
        git = bench.cold()
        git.look_up(bench.remote)
        trees = git.fetch(bench.remote, head)
        checkout.pack(trees, checkout.footprint(trees, {**source(1), "directory": {"recurse": True}}).files)  # type: ignore[dict-item]
        git.close()

    measured(f"{title}: cold, one application's artifact", first)
    git = bench.cold()
    git.fetch(bench.remote, head)
    measured(f"{title}: look-up of the refs", lambda: git.look_up(bench.remote))
    commits: list[str] = []

    def next_commit() -> None:
        git.look_up(bench.remote)
        trees = git.fetch(bench.remote, commits[-1])
        checkout.pack(trees, checkout.footprint(trees, source(0)).files)

    measured(f"{title}: a push, warm: look-up, fetch, artifact", next_commit, lambda: commits.append(bench.change()))
    old = git.fetch(bench.remote, head)
    inputs = [checkout.footprint(old, source(n)).inputs for n in range(bench.apps)]
    new = commits[-1]

    def compare() -> None:
        trees = git.fetch(bench.remote, new)
        assert sum(not checkout.unchanged(trees, row) for row in inputs) == 1

    measured(f"{title}: which of {bench.apps} applications changed", compare)
    git.close()


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="driftless-bench-") as name:
        folder = Path(name)
        server = gitserver.serve(folder / "host", 0)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        run(Bench(folder, server, "small", 300, 100), "100 applications, 300 files")
        run(Bench(folder, server, "monorepo", 20_000, 100), "monorepo, 20,000 files")
        server.shutdown()
        server.server_close()


if __name__ == "__main__":
    main()
