"""How fast the cluster outlet is: `python -m tests.bench.bench_cluster [--rounds N]`, on a control plane of its own.

1000 ConfigMaps of about 700 bytes, server-side apply with force: through `Cluster` with 8, 12 and 16 threads beside a
bare urllib3 loop with as many (what the outlet costs on top); a LIST of them; discovery cold and asked again. Prints a
table of medians: seconds, things a second, CPU seconds of this process. Client and API server share the machine.
"""

from __future__ import annotations

import argparse
import ssl
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import urllib3

from devstack.controlplane import ControlPlane
from driftless.outlets.cluster import Cluster
from driftless.outlets.cluster.config import connection
from driftless.vocabulary.objects import Manifest, ObjectKey

COUNT = 1000


def config_maps(generation: int) -> list[Manifest]:
    def one(number: int) -> Manifest:
        meta = {"name": f"bench-{number:04}", "namespace": "default"}
        data = {f"key-{k}": f"{generation}-{'x' * 60}" for k in range(9)}
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": data}

    return [one(number) for number in range(COUNT)]


def bare(plane: ControlPlane, threads: int, objects: list[Manifest]) -> None:
    pool = urllib3.HTTPSConnectionPool(
        "127.0.0.1",
        plane.port,
        maxsize=threads,
        block=True,
        ssl_context=ssl.create_default_context(cafile=str(plane.ca_file)),
    )
    headers = {"Authorization": f"Bearer {plane.token}", "Content-Type": "application/apply-patch+yaml"}
    query = "fieldManager=driftless&force=true&fieldValidation=Strict"

    def send(obj: Manifest) -> Any:
        path = f"/api/v1/namespaces/default/configmaps/{obj['metadata']['name']}?{query}"
        return orjson.loads(pool.request("PATCH", path, body=orjson.dumps(obj), headers=headers).data)

    with ThreadPoolExecutor(threads) as executor:
        list(executor.map(send, objects))


def measured(name: str, count: int, rounds: int, work: Callable[[int], object]) -> None:
    walls, cpus = [], []
    for number in range(rounds):
        wall, cpu = time.perf_counter(), time.process_time()
        work(number)
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    wall = statistics.median(walls)
    print(f"| {name} | {wall:.4f} | {count / wall:.0f} | {statistics.median(cpus):.3f} |", flush=True)


def run(plane: ControlPlane, rounds: int) -> None:
    config = {"endpoint": plane.endpoint, "caData": plane.ca_data, "bearerToken": plane.token}
    print("| what | s | per s | client CPU s |\n|---|---|---|---|")
    measured("discovery, new connection", 1, rounds, lambda _n: Cluster(connection(config)).discovery())
    cluster = Cluster(connection(config))
    cluster.map(cluster.apply, config_maps(0))
    measured("discovery, asked again (304)", 1, rounds, lambda _n: cluster.discovery(fresh=True))
    measured("discovery, known", 1, rounds, lambda _n: cluster.discovery())
    generation = 0
    for threads in (8, 12, 16):
        mine = Cluster(connection(config), threads)
        ways: dict[str, Callable[[list[Manifest]], object]] = {
            "bare client": partial(bare, plane, threads),
            "Cluster": partial(mine.map, mine.apply),
        }
        for name, apply in ways.items():
            generation += rounds
            work = partial(_applied, apply, generation)
            measured(f"apply {COUNT}, {threads} threads, {name}", COUNT, rounds, work)
    kind = cluster.kind_of(config_maps(0)[0])
    refs = [(ObjectKey("", "ConfigMap", "default", f"bench-{n:04}"), "v1") for n in range(COUNT)]
    measured(f"list {COUNT}", COUNT, rounds, lambda _n: cluster.list(kind, "default"))
    measured(
        f"list {COUNT}, metadata only", COUNT, rounds, lambda _n: cluster.list(kind, "default", metadata_only=True)
    )
    measured(f"read {COUNT} by key", COUNT, rounds, lambda _n: cluster.read(refs))
    measured("read 6 by key", 6, rounds, lambda _n: cluster.read(refs[:6]))
    measured(f"dry-run apply {COUNT}", COUNT, rounds, lambda _n: cluster.map(_dry(cluster), config_maps(0)))


def _applied(apply: Callable[[list[Manifest]], object], start: int, number: int) -> None:
    apply(config_maps(start + number))


def _dry(cluster: Cluster) -> Callable[[Manifest], Manifest]:
    return lambda obj: cluster.apply(obj, dry_run=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        plane = ControlPlane(Path(folder) / "cluster")
        plane.start()
        try:
            run(plane, rounds)
        finally:
            plane.stop()


if __name__ == "__main__":
    main()
