"""What an apply would make of each object, asked of the API server (dry run): its defaults cause no false difference.

In: pairs of what Git wants and what is live. Out: the object as it would be, or why the server refuses. Never writes.
"""

from __future__ import annotations

from collections.abc import Sequence

from driftless.apply.options import Options
from driftless.apply.ownership import inherited, without_abandoned
from driftless.apply.undeclared import apply_as_told
from driftless.outlets.cluster import Cluster
from driftless.vocabulary.errors import ClusterRefused
from driftless.vocabulary.objects import Manifest

_TRIES = 3

Prediction = Manifest | ClusterRefused


def predict(
    cluster: Cluster, pairs: Sequence[tuple[Manifest, Manifest]], options: Options | None = None
) -> list[Prediction]:
    """One prediction per (target, live), in their order. Raises Unavailable when the cluster does not answer.

    A change of an immutable field is a difference, not an error, where the object may be replaced or recreated.
    """
    chosen = options or Options()
    return cluster.map(lambda pair: _predicted(cluster, pair[0], pair[1], chosen), pairs)


def _predicted(cluster: Cluster, target: Manifest, live: Manifest, options: Options) -> Prediction:
    try:
        answer = apply_as_told(cluster, target, options.validation(target), dry_run=True)
        for _ in range(_TRIES if inherited(live) else 0):
            handed_over = _with_ownership_handed_over(cluster, answer, live)
            if handed_over is not None:
                return handed_over
            answer = apply_as_told(cluster, target, options.validation(target), dry_run=True)
        return answer
    except ClusterRefused as error:
        if error.status == 422 and (options.forces(target, live) or options.replaces(target, live)):
            return {**live, **target, "metadata": {**live["metadata"], **target["metadata"]}}
        return error


def _with_ownership_handed_over(cluster: Cluster, answer: Manifest, live: Manifest) -> Manifest | None:
    """A second dry run without the abandoned fields, so that the server puts back what is only its default.

    None when the object has changed between the two.
    """
    left = without_abandoned(answer, live)
    if left == answer:
        return answer
    try:
        return cluster.replace(left, dry_run=True, validate="Ignore")
    except ClusterRefused as error:
        # a field that may not be taken away: the apply itself will say so
        return None if error.status == 409 else answer
