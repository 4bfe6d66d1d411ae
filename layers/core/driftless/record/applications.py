"""The APPLICATION items (what users wrote) and the INTEREST items (who cares about which repository).

Creating, changing and deleting an application moves both and its STATE in one transaction.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field, replace
from typing import Any

from driftless.outlets import table
from driftless.outlets.table import ConditionFailed, Item, Table, Write
from driftless.record import state as states
from driftless.vocabulary import argo
from driftless.vocabulary.argo import Application
from driftless.vocabulary.errors import NotFound

PARTITION = "APPLICATION"


@dataclass(frozen=True, slots=True)
class Stored:
    """An application with what the store adds: uid, generation (counts spec changes), creation time, parent."""

    application: Application
    uid: str
    generation: int
    created: str
    repository: str
    """Canonical URL, the key of its INTEREST item."""
    parent: str = ""
    """The application whose bundle declares this one (App of Apps); "" when a person created it."""


@dataclass(frozen=True, slots=True)
class Interest:
    """One application's stake in one repository, with what fetch found at its last look."""

    application: str
    repository: str
    repo_url: str
    target_revision: str
    path: str
    generate_paths: str
    source: dict[str, Any]
    commit: str = ""
    artifact: str = ""
    inputs: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """(path, Git object id) pairs that the artifact depends on; "" = that path must not exist."""


def read(tables: Table, name: str) -> Stored:
    item = tables.get(PARTITION, name)
    if item is None:
        raise NotFound(f"application {name} does not exist", hint="driftless app list shows those that do")
    return _stored(item)


def read_all(tables: Table) -> list[Stored]:
    return [_stored(item) for item in tables.query(PARTITION)]


def create(application: Application, repository: str, now: str, parent: str = "") -> tuple[list[Write], Stored]:
    """Refused (ConditionFailed, index 0) when the application exists."""
    stored = Stored(application, str(uuid.uuid4()), 1, now, repository, parent)
    # Fences begin at random (39 bits): a worker left over from a deleted namesake does not match one.
    fence = uuid.UUID(stored.uid).int >> 89
    writes = [
        table.put(_item(stored), "attribute_not_exists(pk)"),
        states.begun(application.name, application.source.raw, fence),
        table.put(_interest(application, repository)),
    ]
    return writes, stored


def change(before: Stored, after: Application, repository: str, parent: str = "") -> tuple[list[Write], Stored]:
    """Replace what the user wrote. A changed source makes fetch look anew; refused when somebody else was faster."""
    stored = replace(
        before,
        application=after,
        repository=repository,
        generation=before.generation + 1,
        parent=parent or before.parent,
    )
    other_source = needs_look_up(before, after, repository)
    writes = [
        table.put(_item(stored), "generation = :before", {"before": before.generation}),
        states.forget_target(after.name, after.source.raw) if other_source else states.look_again(after.name),
    ]
    if before.repository != repository:
        writes.append(table.delete(table.key(f"INTEREST#{before.repository}", after.name)))
    if other_source:
        writes.append(table.put(_interest(after, repository)))
    return writes, stored


def needs_look_up(before: Stored, after: Application, repository: str) -> bool:
    """Whether what fetch resolved is void with this change: another source, or other paths that matter to it."""
    return before.repository != repository or _stake(before.application) != _stake(after)


def forget(stored: Stored) -> list[Write]:
    """Delete the application's items but its history; refused when it is not the one that was read any more."""
    name = stored.application.name
    same = "uid = :uid AND generation = :generation"
    return [
        table.delete(table.key(PARTITION, name), same, uid=stored.uid, generation=stored.generation),
        table.delete(table.key(states.PARTITION, name)),
        table.delete(table.key(f"INTEREST#{stored.repository}", name)),
    ]


def interests(tables: Table, repository: str) -> list[Interest]:
    """Everyone who cares about one repository (canonical URL): one query."""
    return [_parse_interest(item) for item in tables.query(f"INTEREST#{repository}")]


def remember_inputs(interest: Interest, commit: str, artifact: str, inputs: tuple[tuple[str, str], ...]) -> Write:
    """Fetch's last write for one application; refused when the application's source changed meanwhile."""
    return table.update(
        table.key(f"INTEREST#{interest.repository}", interest.application),
        "SET seen_commit = :c, artifact = :a, inputs = :i",
        "src = :s",
        c=commit,
        a=artifact,
        i=json.dumps(inputs),
        s=json.dumps(interest.source, sort_keys=True),
    )


def exists(tables: Table, name: str) -> bool:
    return tables.get(PARTITION, name) is not None


def save(tables: Table, writes: list[Write]) -> bool:
    """Carry the writes out, all or none; False when a condition refused them."""
    try:
        tables.write(*writes)
    except ConditionFailed:
        return False
    return True


def _item(stored: Stored) -> Item:
    return {
        **table.key(PARTITION, stored.application.name),
        "manifest": json.dumps(stored.application.manifest),
        "uid": stored.uid,
        "generation": stored.generation,
        "created": stored.created,
        "repository": stored.repository,
        "parent": stored.parent,
    }


def _stored(item: Item) -> Stored:
    return Stored(
        application=argo.application(json.loads(item["manifest"])),
        uid=item["uid"],
        generation=item["generation"],
        created=item["created"],
        repository=item["repository"],
        parent=item.get("parent", ""),
    )


def _stake(app: Application) -> tuple[dict[str, Any], str]:
    return app.source.raw, app.annotations.get("argocd.argoproj.io/manifest-generate-paths", "")


def _interest(app: Application, repository: str) -> Item:
    source, generate_paths = _stake(app)
    return {
        **table.key(f"INTEREST#{repository}", app.name),
        "src": json.dumps(source, sort_keys=True),
        "generate_paths": generate_paths,
    }


def _parse_interest(item: Item) -> Interest:
    source = json.loads(item["src"])
    return Interest(
        application=item["sk"],
        repository=item["pk"].removeprefix("INTEREST#"),
        repo_url=source["repoURL"],
        target_revision=source.get("targetRevision") or "",
        path=source.get("path") or "",
        generate_paths=item.get("generate_paths", ""),
        source=source,
        commit=item.get("seen_commit", ""),
        artifact=item.get("artifact", ""),
        inputs=tuple((p, oid) for p, oid in json.loads(item.get("inputs", "[]"))),
    )
