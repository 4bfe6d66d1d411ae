"""One wave onto the cluster: prune, clear away old hooks, then apply kind by kind in the order the tasks come in.

In: the tasks of one (phase, wave), sorted. Out: an Outcome per task that was done or has to wait (argo-behaviour 5.1).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import groupby

from driftless.apply.hooks import clear_the_way
from driftless.apply.options import Options
from driftless.apply.outcome import Outcome, applied
from driftless.apply.prune import prune
from driftless.apply.put import put
from driftless.outlets.cluster import Cluster
from driftless.vocabulary.model import ResultCode, Task, Verb
from driftless.vocabulary.objects import Manifest

_CRD = ("apiextensions.k8s.io", "CustomResourceDefinition")
_CRD_PATIENCE = 3.0
"""Seconds; as long as Argo CD waits. A definition that takes longer is met again by the next step."""


def perform(cluster: Cluster, tasks: Sequence[Task], options: Options) -> list[Outcome]:
    """Do one group of tasks. Raises Unavailable; everything here may be done again from the start.

    After a failed prune nothing is applied, and while an old hook is still going nothing is either: those tasks have
    no outcome yet, the caller comes back for them. A failed apply does not keep later kinds from being tried.
    """
    done = cluster.map(lambda task: prune(cluster, task, options), [t for t in tasks if t.verb is Verb.PRUNE])
    if any(one.result.status is ResultCode.SYNC_FAILED for one in done):
        return done
    todo = [task for task in tasks if task.verb is Verb.APPLY]
    if not options.dry_run:
        cleared = cluster.map(lambda task: clear_the_way(cluster, task, options), todo)
        going = [one for one in cleared if isinstance(one, Outcome)]
        if going:
            return done + going
        todo = [one for one in cleared if isinstance(one, Task)]
    for (group, kind), some in groupby(todo, key=lambda task: (task.key.group, task.key.kind)):
        results = cluster.map(lambda task: put(cluster, task, options), [*some])
        done += results
        if (group, kind) == _CRD and not options.dry_run:
            _await_established(cluster, [one.live for one in results if one.live])
    return _forgiven(done, todo, options) if options.dry_run else done


def _await_established(cluster: Cluster, definitions: Sequence[Manifest]) -> None:
    """Look until the new kinds are served, so that their objects in the next kind group find them."""
    wanted = {(crd["spec"]["group"], crd["spec"]["names"]["kind"]) for crd in definitions}
    deadline = time.monotonic() + _CRD_PATIENCE
    while wanted - cluster.discovery(fresh=True).kinds.keys() and time.monotonic() < deadline:
        time.sleep(0.05)


def _forgiven(done: list[Outcome], todo: Sequence[Task], options: Options) -> list[Outcome]:
    """A dry run cannot see the namespaces and kinds that the same sync would have made first: no failures of theirs."""
    made = [task.target for task in todo if task.target]
    namespaces = {obj["metadata"]["name"] for obj in made if obj.get("kind") == "Namespace"}
    kinds = {(obj["spec"]["group"], obj["spec"]["names"]["kind"]) for obj in made if obj.get("kind") == _CRD[1]}
    tasks = {task.key: task for task in todo}
    forgiven: list[Outcome] = []
    for one in done:
        key, task = one.result.key, tasks.get(one.result.key)
        no_namespace = f'namespaces "{key.namespace}" not found' in one.result.message
        made_first = key.namespace in namespaces or "CreateNamespace=true" in options.options
        excused = (no_namespace and made_first) or ((key.group, key.kind) in kinds and one.live is None)
        if task and task.target and excused and one.result.status is ResultCode.SYNC_FAILED:
            one = applied(task, "skipped", task.target, dry_run=True)
        forgiven.append(one)
    return forgiven
