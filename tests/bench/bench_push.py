"""What a user waits for, measured on the whole local stack: push → live → Synced, many applications at once, the poll.

Run: scripts/bench push [--applications 100] [--pushes 9]. Prints a table in Markdown; docs/benchmarks.md keeps it.
Times are seconds from the signed webhook POST; "live": the changed ConfigMap is in the API server, "Synced": the status
with the new revision and a succeeded operation. Medians (min-max); nothing here asserts.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import urllib3

from devstack.push import Checkout, Hook
from devstack.stack import Options, Stack

PATIENCE = 180.0
PUBLIC = "https://github.com"


def deployment(name: str) -> str:
    return f"""apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}}}
spec:
  replicas: 1
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec:
      containers: [{{name: main, image: "registry.example.com/{name}:1"}}]
"""


def service(name: str) -> str:
    return f"""apiVersion: v1
kind: Service
metadata: {{name: {name}}}
spec: {{selector: {{app: {name}}}, ports: [{{port: 80}}]}}
"""


def configmap(name: str, value: str) -> str:
    return f"""apiVersion: v1
kind: ConfigMap
metadata: {{name: {name}}}
data: {{value: "{value}"}}
"""


def plain(name: str, value: str) -> dict[str, str]:
    """Files of one plain application, below apps/<name>/."""
    parts = {"deployment": deployment(name), "service": service(name), "configmap": configmap(name, value)}
    return {f"apps/{name}/{part}.yaml": text for part, text in parts.items()}


def kustomize(name: str, value: str) -> dict[str, str]:
    files = plain(name, value)
    names = [path.rpartition("/")[2] for path in files]
    return files | {f"apps/{name}/kustomization.yaml": "resources: [" + ", ".join(names) + "]\n"}


def helm(name: str, value: str) -> dict[str, str]:
    chart = {
        f"apps/{name}/templates/{path.rpartition('/')[2]}": text.replace(f'"{value}"', "{{ .Values.value | quote }}")
        for path, text in plain(name, value).items()
    }
    metadata = f"apiVersion: v2\nname: {name}\nversion: 0.1.0\n"
    return chart | {f"apps/{name}/Chart.yaml": metadata, f"apps/{name}/values.yaml": f'value: "{value}"\n'}


class Bench:
    """A stack of its own, and the three things to do with it: register, push, look."""

    def __init__(self, folder: Path) -> None:
        mirrors = {"GitInsteadOf": f"{PUBLIC}/={{git}}/"}
        self.stack = Stack(folder / "stack", Options(parameters=mirrors), lambda line: print(line, file=sys.stderr))
        self.stack.start()
        names = self.stack.environment
        self.hook = Hook(names["DRIFTLESS_WEBHOOK_URL"], names["DRIFTLESS_WEBHOOK_SECRET"])
        self.url = names["DRIFTLESS_URL"]
        self.git_url = names["DRIFTLESS_GIT_URL"]
        self.folder = folder
        self._rest = urllib3.PoolManager(headers={"authorization": f"Bearer {names['DRIFTLESS_TOKEN']}"}, maxsize=16)
        self._plane = self.stack.planes["in-cluster"]

    def checkout(self, name: str) -> Checkout:
        return Checkout(self.folder / name, self.git_url, name, PUBLIC)

    def rest(self, method: str, path: str, body: Any = None) -> Any:
        answer = self._rest.request(method, f"{self.url}/api/v1{path}", json=body)
        if answer.status >= 400:
            raise RuntimeError(f"{method} {path}: {answer.status} {answer.data.decode()}")
        return answer.json()

    def live(self, namespace: str, name: str) -> str:
        status, body = self._plane.request("GET", f"/api/v1/namespaces/{namespace}/configmaps/{name}")
        return str((body.get("data") or {}).get("value", "")) if status == 200 else ""

    def namespace(self, name: str) -> None:
        self._plane.request(
            "POST", "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        )

    def register(self, names: list[str], repository: str, namespace: str) -> None:
        def one(name: str) -> None:
            self.rest("POST", "/applications", application(name, repository, namespace))

        with ThreadPoolExecutor(8) as workers:
            list(workers.map(one, names))

    def statuses(self, prefix: str) -> list[tuple[str, str]]:
        items = [i for i in self.rest("GET", "/applications")["items"] if i["metadata"]["name"].startswith(prefix)]
        return [(i["status"]["sync"]["status"], i["status"]["health"]["status"]) for i in items]

    def synced(self, name: str, revision: str) -> bool:
        status = self.rest("GET", f"/applications/{name}")["status"]
        phase = (status.get("operationState") or {}).get("phase")
        return (status["sync"].get("revision"), status["sync"]["status"], phase) == (revision, "Synced", "Succeeded")


def application(name: str, repository: str, namespace: str) -> dict[str, Any]:
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": name, "namespace": "argocd"},
        "spec": {
            "project": "default",
            "source": {"repoURL": f"{PUBLIC}/{repository}.git", "targetRevision": "main", "path": f"apps/{name}"},
            "destination": {"server": "https://kubernetes.default.svc", "namespace": namespace},
            "syncPolicy": {"automated": {"prune": True, "selfHeal": True}},
        },
    }


def until(holds: Callable[[], object], pause: float = 0.005) -> float:
    begun = time.perf_counter()
    while not holds():
        if time.perf_counter() - begun > PATIENCE:
            raise TimeoutError("it did not come true")
        time.sleep(pause)
    return time.perf_counter() - begun


def at_once(bench: Bench, kind: Callable[[str, str], dict[str, str]], count: int) -> tuple[str, Checkout, float]:
    """`count` applications of one new repository; the seconds until all are Synced and Healthy."""
    repository = f"bench/{kind.__name__}-{count}"
    prefix = f"{kind.__name__}{count}-"
    names = [f"{prefix}{number:03d}" for number in range(count)]
    checkout = bench.checkout(repository)
    for name in names:
        checkout.write(kind(name, "0"))
    checkout.push("first")
    bench.namespace(f"{kind.__name__}{count}")
    begun = time.perf_counter()
    bench.register(names, repository, f"{kind.__name__}{count}")
    until(lambda: bench.statuses(prefix) == [("Synced", "Healthy")] * count, 0.5)
    return names[count // 2], checkout, time.perf_counter() - begun


def pushes(
    bench: Bench, kind: Callable[[str, str], dict[str, str]], name: str, checkout: Checkout, times: int
) -> list[list[float]]:
    """[seconds to live, seconds to Synced] of each push that changes one application's ConfigMap."""
    namespace = name.split("-")[0]
    found = []
    for number in range(1, times + 1):
        value = f"v{number}"
        checkout.write(kind(name, value))
        sha = checkout.push(value)
        begun = time.perf_counter()
        checkout.deliver(bench.hook)
        until(lambda value=value: bench.live(namespace, name) == value)  # type: ignore[misc]
        live = time.perf_counter() - begun
        until(lambda sha=sha: bench.synced(name, sha))  # type: ignore[misc]
        found.append([live, time.perf_counter() - begun])
        time.sleep(0.5)
    return found


def shown(values: list[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f}-{max(values):.2f})"


def poll(bench: Bench) -> tuple[float, dict[str, dict[str, int]]]:
    """Seconds from the start of one poll until its last look-up is answered, and what the Git server was asked."""
    http = urllib3.PoolManager()

    def asked() -> dict[str, dict[str, int]]:
        counts: dict[str, dict[str, int]] = http.request("GET", f"{bench.git_url}/-/counts").json()
        return counts

    before = asked()

    def since() -> dict[str, dict[str, int]]:
        return {
            name: {what: n - before[name].get(what, 0) for what, n in counts.items() if n != before[name].get(what, 0)}
            for name, counts in asked().items()
        }

    begun = time.perf_counter()
    http.request("POST", f"{bench.stack.control_url}/-/tick")
    until(lambda: all(since().values()))
    seconds = time.perf_counter() - begun
    time.sleep(2)
    return seconds, since()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--applications", type=int, default=100)
    parser.add_argument("--pushes", type=int, default=9)
    parser.add_argument("--keep", help="folder for the stack's state and logs, kept (default: temporary)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="driftless-bench-") as folder:
        bench = Bench(Path(arguments.keep or folder))
        try:
            print("| work | live, s | Synced, s |\n|---|---|---|")
            for kind, count in ((plain, 1), (kustomize, 1), (helm, 1), (plain, arguments.applications)):
                name, checkout, together = at_once(bench, kind, count)
                if count > 1:
                    print(f"| {count} applications at once → all Synced and Healthy | | {together:.1f} |")
                found = pushes(bench, kind, name, checkout, arguments.pushes)
                live, synced = zip(*found, strict=True)
                times = f"{shown(list(live))} | {shown(list(synced))}"
                print(f"| push, {kind.__name__}, {count} in the repository | {times} |", flush=True)
            seconds, asked = poll(bench)
            print(f"| poll, {arguments.applications} unchanged: look-up answered after | {seconds:.2f} | |")
            print(f"\nGit requests of that poll: {asked}")
        finally:
            bench.stack.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
