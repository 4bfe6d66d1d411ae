"""/applications: list, create, read, change, delete; an answer is always the whole Application as it now stands."""

from __future__ import annotations

import json
from typing import Any

from driftless.console import patch as patching
from driftless.console import selector, shape
from driftless.console.call import Call
from driftless.console.request import Answer
from driftless.flows import register
from driftless.record import applications as applications_record
from driftless.record import history, repositories, state
from driftless.record.applications import Stored
from driftless.vocabulary.argo import API_VERSION
from driftless.vocabulary.errors import NotFound, Refused
from driftless.vocabulary.objects import Manifest, labels

POLICIES = {"foreground": "Foreground", "background": "Background", "orphan": "Orphan"}


def listing(call: Call) -> Answer:
    """?project=…&project=…&selector=…&repo=…&name=… narrow it. Two bulk reads, whatever the number."""
    states = {found.name: found for found in state.read_all(call.world.table, call.world.store())}
    fits = selector.parse(call.request.first("selector"))
    projects = {*call.request.query.get("project", ()), *call.request.query.get("projects", ())}
    repo, name = call.request.first("repo"), call.request.first("name")
    rows = []
    for stored in applications_record.read_all(call.world.table):
        app = stored.application
        wanted = (not projects or app.project in projects) and (not repo or app.source.repo_url == repo)
        # An application that is created or goes between the two reads is in one of them only.
        if app.name in states and wanted and name in ("", app.name) and fits(labels(app.manifest)):
            call.demand("applications", "get", _subject(stored))
            rows.append(shape.application(stored, states[app.name]))
    return Answer(shape.items(rows))


def create(call: Call) -> Answer:
    """?upsert=true changes one that exists. 200 for both; 409 when it exists, differs, and upsert was not said."""
    manifest = {"apiVersion": API_VERSION, "kind": "Application"} | call.request.document()
    name = (manifest.get("metadata") or {}).get("name") if isinstance(manifest.get("metadata"), dict) else ""
    project = (manifest.get("spec") or {}).get("project") if isinstance(manifest.get("spec"), dict) else ""
    call.demand("applications", "create", f"{project or 'default'}/{name or '*'}")
    stored, outcome = register.create(manifest, call.world, upsert=bool(call.request.flag("upsert")))
    return _stands(call, stored, outcome)


def get(call: Call) -> Answer:
    """?refresh=normal|hard asks for a new look and answers at once: status.reconciledAt moves when it is done."""
    stored = find(call, "get")
    refresh = call.request.first("refresh")
    if refresh not in ("", "normal", "hard", "true"):
        raise Refused(f"refresh must be normal or hard, not {refresh[:40]!r}")
    document = whole(call, stored)
    if refresh:
        _look_again(call, stored, document, hard=refresh == "hard")
    return Answer(document)


def put(call: Call) -> Answer:
    stored = find(call, "update")
    manifest = {"apiVersion": API_VERSION, "kind": "Application"} | call.request.document()
    return _replaced(call, stored, manifest)


def put_spec(call: Call) -> Answer:
    """The body is a spec; the answer is the spec as accepted."""
    stored = find(call, "update")
    changed = _replaced(call, stored, stored.application.manifest | {"spec": call.request.document()})
    return Answer(changed.body["spec"], headers=changed.headers)


def patch(call: Call) -> Answer:
    """The body is {"patch": text, "patchType": "merge"|"json"}, as in Argo CD."""
    stored = find(call, "update")
    body = call.request.document()
    text, kind = body.get("patch"), str(body.get("patchType") or "")
    if not isinstance(text, str):
        raise Refused('the body must be {"patch": "<json text>", "patchType": "merge" or "json"}')
    return _replaced(call, stored, patching.patched(stored.application.manifest, text, kind))


def delete(call: Call) -> Answer:
    """?cascade=true|false&propagationPolicy=…; without cascade the finalizers decide, and objects stay without one."""
    stored = find(call, "delete")
    policy = call.request.first("propagationPolicy").lower()
    if policy and policy not in POLICIES:
        raise Refused(f"propagationPolicy must be foreground, background or orphan, not {policy[:40]!r}")
    name = stored.application.name
    register.remove(name, call.world, cascade=call.request.flag("cascade"), propagation=POLICIES.get(policy, ""))
    return Answer({})


def events(call: Call) -> Answer:
    return Answer(shape.events(whole(call, find(call, "get"))))


def sync_windows(call: Call) -> Answer:
    """Projects have no windows yet, so that every application may sync at any time."""
    find(call, "get")
    return Answer({"activeWindows": [], "assignedWindows": [], "canSync": True})


def find(call: Call, action: str) -> Stored:
    """The application of the path, when the caller may `action` it. Raises NotFound, Forbidden."""
    stored = applications_record.read(call.world.table, call.path["name"])
    call.demand("applications", action, _subject(stored))
    return stored


def whole(call: Call, stored: Stored) -> Manifest:
    """The Application as GET answers it: three reads."""
    name = stored.application.name
    found = state.read(call.world.table, call.world.store(), name)
    return shape.application(stored, found, history.read(call.world.table, name))


def with_warnings(answer: Answer, warnings: tuple[str, ...]) -> Answer:
    """Warnings travel as Kubernetes' API server sends them: `Warning: 299 driftless "text"`, JSON-escaped."""
    if not warnings:
        return answer
    text = ", ".join(f"299 driftless {json.dumps(warning)}" for warning in warnings[:20])
    return Answer(answer.body, answer.status, {**answer.headers, "warning": text}, answer.cookies)


def _subject(stored: Stored) -> str:
    return f"{stored.application.project}/{stored.application.name}"


def _replaced(call: Call, stored: Stored, manifest: Manifest) -> Answer:
    meta: Any = manifest.get("metadata")
    name = stored.application.name
    if isinstance(meta, dict) and meta.get("name", name) != name:
        raise Refused(f"the body names application {meta['name']}, the address {name}", hint="a name cannot be changed")
    if isinstance(meta, dict):
        manifest = manifest | {"metadata": meta | {"name": name}}
    return _stands(call, *register.create(manifest, call.world, upsert=True))


def _stands(call: Call, stored: Stored, outcome: str) -> Answer:
    """The Application after a write; `outcome` (created, unchanged, updated) goes along as a header."""
    headers = {"x-driftless-outcome": outcome}
    try:
        document = whole(call, stored)
    except NotFound:
        raise NotFound(f"application {stored.application.name} was deleted by somebody else just now") from None
    return with_warnings(Answer(document, headers=headers), stored.application.warnings)


def _look_again(call: Call, stored: Stored, document: Manifest, *, hard: bool) -> None:
    """Both a look-up of the repository (does the revision move?) and a visit (does the cluster?)."""
    name, world = stored.application.name, call.world
    world.table.write(state.look_again(name), repositories.request(stored.repository))
    cause = "hard-refresh" if hard else "refresh"
    world.fetch_queue().send({"repository": stored.repository, "applications": [name], "cause": cause})
    # Times have whole seconds: a visit in the second of the last one could not be told from it by the time.
    again = document["status"].get("reconciledAt") == world.now_text()
    world.sync_queue().send({"application": name, "cause": cause}, delay_seconds=int(again))
