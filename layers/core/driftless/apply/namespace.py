"""The destination namespace of `CreateNamespace=true`: made when missing, its managed metadata kept, never pruned.

In: its name, and the labels and annotations of managedNamespaceMetadata. Out: an Outcome, or None when all is well.
Its fields are declared under a manager of their own: the same Namespace may be in another application's Git, and one
manager declaring it twice would take the other's fields away.
"""

from __future__ import annotations

from driftless.apply.outcome import Outcome, applied, failed, waiting
from driftless.outlets.cluster import Cluster, Kind
from driftless.vocabulary import objects
from driftless.vocabulary.errors import ClusterRefused
from driftless.vocabulary.model import HookType, Task, Verb
from driftless.vocabulary.objects import Manifest, ObjectKey

NAMESPACE_MANAGER = f"{objects.FIELD_MANAGER}-namespace"
_KIND = Kind("", "v1", "Namespace", "namespaces", namespaced=False)


def ensure_namespace(
    cluster: Cluster, name: str, labels: dict[str, str], annotations: dict[str, str], *, dry_run: bool = False
) -> Outcome | None:
    """`labels`, `annotations`: as in managedNamespaceMetadata, {} for none. Raises Unavailable."""
    key = ObjectKey("", "Namespace", "", name)
    target: Manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    target["metadata"] |= {"labels": labels} if labels else {}
    target["metadata"] |= {"annotations": annotations} if annotations else {}
    try:
        live = cluster.get(key, _KIND)
        task = Task(Verb.APPLY, HookType.PRE_SYNC, 0, key, "v1", target, live)
        if live is not None and live["metadata"].get("deletionTimestamp"):
            return waiting(task, f"waiting for namespace {name} to be deleted before it is made anew", live)
        if live is not None and _kept(live, labels, annotations):
            return None
        answer = cluster.apply(target, dry_run=dry_run, manager=NAMESPACE_MANAGER)
    except ClusterRefused as error:
        return failed(Task(Verb.APPLY, HookType.PRE_SYNC, 0, key, "v1", target), str(error))
    return applied(task, "created" if live is None else "serverside-applied", answer, dry_run=dry_run)


def _kept(live: Manifest, labels: dict[str, str], annotations: dict[str, str]) -> bool:
    """Whether every managed entry is as wanted, and none that we once declared is no longer wanted."""
    if not labels.items() <= objects.labels(live).items():
        return False
    if not annotations.items() <= objects.annotations(live).items():
        return False
    for entry in live["metadata"].get("managedFields") or ():
        if entry.get("manager") == NAMESPACE_MANAGER and entry.get("operation") == "Apply":
            ours = (entry.get("fieldsV1") or {}).get("f:metadata") or {}
            declared = [_names(ours.get(part) or {}) for part in ("f:labels", "f:annotations")]
            return declared[0] <= labels.keys() and declared[1] <= annotations.keys()
    return True


def _names(fields: dict[str, object]) -> set[str]:
    return {step.removeprefix("f:") for step in fields if step.startswith("f:")}
