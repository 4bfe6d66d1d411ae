"""Bundle × cluster → comparison: targets, live objects, the server's own answers, one row per object.

The cost is one read per object or one list per kind and namespace; a dry run only where neither the fingerprint of
the last clean comparison nor the recorded field owners prove that nothing would change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from driftless import apply, compare
from driftless.compare import fingerprint, targets
from driftless.flows.syncing import children
from driftless.flows.wiring import World
from driftless.outlets.cluster import Cluster
from driftless.record.state import Owned
from driftless.vocabulary.argo import Application
from driftless.vocabulary.errors import ClusterRefused, Refused
from driftless.vocabulary.model import Compared, Condition, ConditionType, SyncStatus
from driftless.vocabulary.objects import Manifest, ObjectKey, digest_of, group_version, key_of


@dataclass(frozen=True, slots=True)
class Comparison:
    """`rows` sorted by key; `predicted`: the server's dry-run answers that were needed, for diffs."""

    rows: tuple[Compared, ...] = field(repr=False)
    conditions: tuple[Condition, ...]
    predicted: Mapping[ObjectKey, Manifest] = field(repr=False)

    @property
    def status(self) -> SyncStatus:
        return compare.sync_status(self.rows)


def key_text(key: ObjectKey) -> str:
    return "/".join((key.group, key.kind, key.namespace, key.name))


def key_from(text: str) -> ObjectKey:
    group, kind, namespace, name = text.split("/", 3)
    return ObjectKey(group, kind, namespace, name)


def run(
    app: Application, objects: tuple[Manifest, ...], inventory: Mapping[str, Owned], cluster: Cluster, world: World
) -> Comparison:
    """Raises Unavailable when the cluster does not answer: never takes silence for "missing".

    Raises Refused when an object can have no place (no namespace), or a rule of `ignoreDifferences` is not built yet.
    """
    wanted = targets.targets(objects, app.name, app.destination.namespace, _scope(cluster, objects))
    invalid = [c.message for c in wanted.conditions if c.type is ConditionType.INVALID_SPEC_ERROR]
    if invalid:
        raise Refused("; ".join(invalid))
    live = _live(wanted.objects, inventory, cluster, world)
    answers = _predict(app, wanted.objects, live, inventory, cluster)
    rows = compare.rows(wanted, live, answers, app.ignore, app.name)
    rows = tuple(children.corrected(row) for row in rows)
    predicted = {key: answer for key, answer in answers.items() if not isinstance(answer, ClusterRefused)}
    return Comparison(rows, wanted.conditions + compare.shared(rows, app.name), predicted)


def inventory_of(rows: tuple[Compared, ...]) -> dict[str, Owned]:
    """The inventory after a comparison: every object of ours, with its fingerprint as it is now ("" = not there).

    Hooks are in it as long as they are there, so that they go with their application. `desired` is the mark of an
    object in sync: only that spares the next comparison a dry run.
    """
    inventory = {}
    for row in rows:
        if row.live is None and (row.hook or row.target is None):
            continue
        clean = row.target is not None and row.status is SyncStatus.SYNCED
        inventory[key_text(row.key)] = Owned(
            version=row.version,
            desired=digest_of(row.target)[:20] if clean else "",
            fingerprint=fingerprint.fingerprint(row.live) if row.live is not None else "",
        )
    return inventory


def _scope(cluster: Cluster, objects: tuple[Manifest, ...]) -> targets.Scope:
    kinds = {(group_version(o)[0], str(o.get("kind", ""))) for o in objects}
    known = cluster.discovery()
    if any(kind not in known.kinds for kind in kinds if kind[0] != children.GROUP):
        known = cluster.discovery(fresh=True)

    def scope(group: str, kind: str) -> bool | None:
        if group == children.GROUP:
            return True
        found = known.kind(group, kind)
        return found.namespaced if found else None

    return scope


def _live(
    wanted: tuple[Manifest, ...], inventory: Mapping[str, Owned], cluster: Cluster, world: World
) -> dict[ObjectKey, Manifest | None]:
    refs = {key_from(text): row.version for text, row in inventory.items()}
    refs |= {key_of(obj): group_version(obj)[1] for obj in wanted if (obj.get("metadata") or {}).get("name")}
    ours = children.read([key for key in refs if children.is_ours(key)], world)
    return ours | cluster.read((key, version) for key, version in refs.items() if not children.is_ours(key))


def _predict(
    app: Application,
    wanted: tuple[Manifest, ...],
    live: Mapping[ObjectKey, Manifest | None],
    inventory: Mapping[str, Owned],
    cluster: Cluster,
) -> dict[ObjectKey, Manifest | ClusterRefused]:
    pairs: list[tuple[Manifest, Manifest]] = []
    for obj in wanted:
        key = key_of(obj)
        there = live.get(key)
        if there is None or children.is_ours(key) or not compare.needs_prediction(obj, there):
            continue
        if not _unchanged(obj, there, inventory.get(key_text(key))):
            pairs.append((obj, there))
    answers = apply.predict(cluster, pairs, apply.Options(app.sync_options))
    return {key_of(obj): answer for (obj, _), answer in zip(pairs, answers, strict=True)}


def _unchanged(obj: Manifest, live: Manifest, known: Owned | None) -> bool:
    if known is None or not known.desired:
        return False
    return known.fingerprint == fingerprint.fingerprint(live) and known.desired == digest_of(obj)[:20]
