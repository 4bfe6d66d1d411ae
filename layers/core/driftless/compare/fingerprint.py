"""A live object in one short text that stays the same while nobody changes what Git could have a say in.

In: a live object. Out: its fingerprint. A scan that finds it as it was after the last clean comparison, with the same
bundle, needs no dry run (design: "steady state is a fingerprint").
"""

from driftless.vocabulary.objects import LAST_APPLIED, Manifest, annotations, digest_of, labels

_WRITTEN_BY_CONTROLLERS = frozenset(
    {
        LAST_APPLIED,
        "deployment.kubernetes.io/desired-replicas",
        "deployment.kubernetes.io/max-replicas",
        "deployment.kubernetes.io/revision",
        "deprecated.daemonset.template.generation",
    }
)


def fingerprint(live: Manifest) -> str:
    """uid, generation and a digest of the metadata; the resourceVersion for kinds without a generation.

    Kubernetes raises the generation when the spec changes, never for labels, annotations, owners or finalizers.
    """
    metadata = live.get("metadata") or {}
    uid = metadata.get("uid", "")
    if not metadata.get("generation"):
        return f"{uid}/v{metadata.get('resourceVersion', '')}"
    said = {key: value for key, value in annotations(live).items() if key not in _WRITTEN_BY_CONTROLLERS}
    rest = [labels(live), said, metadata.get("ownerReferences") or [], metadata.get("finalizers") or []]
    return f"{uid}/g{metadata['generation']}/{digest_of(rest)[:16]}"
