"""Deleting what Git no longer has, with every reason not to looked at first; never an object that is not tracked.

In: a prune task with its live object. Out: an Outcome in Argo CD's words (argo-behaviour 5.5).
"""

from driftless.apply.options import Options
from driftless.apply.outcome import Outcome, failed, outcome, pruned
from driftless.outlets.cluster import Cluster, UnknownKind
from driftless.vocabulary.errors import ClusterRefused
from driftless.vocabulary.model import ResultCode, Task
from driftless.vocabulary.objects import TRACKING_ID, Manifest, annotations


def prune(cluster: Cluster, task: Task, options: Options) -> Outcome:
    """Delete one object, in the version of it that was looked at (uid). Raises Unavailable.

    Whether a `Prune=confirm` was confirmed is policy's to know: such a task comes only after it was.
    """
    live = task.live
    if live is None:
        return outcome(task, ResultCode.PRUNED, "pruned")
    kept = _reason_to_keep(live, options)
    if kept:
        return outcome(task, ResultCode.PRUNE_SKIPPED, kept, live)
    if options.dry_run:
        return outcome(task, ResultCode.PRUNED, "pruned (dry run)", live)
    if live["metadata"].get("deletionTimestamp"):
        return pruned(task, live)
    try:
        going = cluster.delete(
            task.key,
            cluster.kind_of(live),
            uid=live["metadata"]["uid"],
            propagation=options.propagation_policy(live),
        )
    except UnknownKind:
        going = None  # its definition is gone, and with it every object of the kind
    except ClusterRefused as error:
        return failed(task, str(error), live)
    return pruned(task, going)


def _reason_to_keep(live: Manifest, options: Options) -> str:
    if not annotations(live).get(TRACKING_ID):
        return "ignored (no tracking id)"
    if options.cascade:
        return ""
    if not options.prune:
        return "ignored (requires pruning)"
    return "ignored (no prune)" if options.says("Prune=false", live) else ""
