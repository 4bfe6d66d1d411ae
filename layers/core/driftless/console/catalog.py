"""/repositories, /projects, /applicationsets: what there is to list before those are built, shaped as it will stay.

Repositories are those that applications name; the one project is `default`, which allows everything.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from driftless.console import shape
from driftless.console.call import Call
from driftless.console.request import Answer
from driftless.record import applications
from driftless.record import repositories as repositories_record
from driftless.record.repositories import Repository
from driftless.vocabulary.errors import NotBuiltYet, NotFound
from driftless.vocabulary.git import shown

DEFAULT_PROJECT = {
    "metadata": {"name": "default", "namespace": "argocd"},
    "spec": {
        "description": "allows everything",
        "sourceRepos": ["*"],
        "destinations": [{"server": "*", "namespace": "*"}],
        "clusterResourceWhitelist": [{"group": "*", "kind": "*"}],
    },
}


def repositories(call: Call) -> Answer:
    """One row per address, its password left out; `connectionState` tells how its last look-up ended."""
    looked = {found.url: found for found in repositories_record.read_all(call.world.table)}
    rows: dict[str, dict[str, Any]] = {}
    for stored in applications.read_all(call.world.table):
        source = stored.application.source
        kind = "helm" if source.chart else "git"
        address = shown(source.repo_url)
        rows[address] = {
            "repo": address,
            "type": kind,
            "project": stored.application.project,
            "connectionState": _connection(looked.get(stored.repository)),
        }
    for address in rows:
        call.demand("repositories", "get", address)
    return Answer(shape.items([rows[address] for address in sorted(rows)]))


def projects(call: Call) -> Answer:
    call.demand("projects", "get", "default")
    return Answer(shape.items([DEFAULT_PROJECT]))


def project(call: Call) -> Answer:
    if call.path["name"] != "default":
        raise NotFound(f"project {call.path['name']} does not exist", hint="there is one project, default, for now")
    call.demand("projects", "get", "default")
    return Answer(DEFAULT_PROJECT)


def create_project(call: Call) -> Answer:
    call.demand("projects", "create", "*")
    raise NotBuiltYet("an AppProject is not built yet", hint="use the project default, which allows everything")


def application_sets(call: Call) -> Answer:
    call.demand("applicationsets", "get", "*")
    return Answer(shape.items([]))


def create_application_set(call: Call) -> Answer:
    call.demand("applicationsets", "create", "*")
    raise NotBuiltYet("an ApplicationSet is not built yet", hint="apply one Application per target instead")


def _connection(found: Repository | None) -> dict[str, str]:
    if found is None or not found.served:
        return {"status": "Unknown", "message": "not looked at yet"}
    if found.error:
        since = datetime.fromtimestamp(found.failing_since, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return {"status": "Failed", "message": found.error} | ({"attemptedAt": since} if found.failing_since else {})
    return {"status": "Successful", "message": ""}
