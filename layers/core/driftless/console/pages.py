"""The simple pages: all applications at one look, one application in full, and the form that asks for the token.

They show what the REST resources answer, and change nothing: that is the command line's, for now.
"""

from __future__ import annotations

from typing import Any

from driftless.console import applications
from driftless.console.call import Call
from driftless.console.markup import Markup, joined, page, table, tag, text
from driftless.console.request import Answer, Request
from driftless.vocabulary.errors import NotFound
from driftless.vocabulary.git import shown
from driftless.vocabulary.objects import Manifest

_TONES = {
    "good": ("Synced", "Healthy", "Succeeded", "Pruned"),
    "move": ("Progressing", "Running"),
    "warn": ("OutOfSync", "Suspended", "Missing", "PruneSkipped", "Terminating"),
    "bad": ("Degraded", "Failed", "Error", "SyncFailed"),
}
_TONE_OF = {word: tone for tone, words in _TONES.items() for word in words}


def overview(call: Call) -> Answer:
    documents: list[Manifest] = applications.listing(call).body["items"]
    rows = [_row(document) for document in documents]
    columns = ("Application", "Sync", "Health", "Revision", "Source", "Destination")
    empty = tag(
        "div", text("No applications yet. driftless app create --help shows how to make one."), css="card empty"
    )
    number = f"{len(rows)} application{'' if len(rows) == 1 else 's'}"
    listing = table(columns, rows) if rows else empty
    return page("Driftless", joined([tag("h1", text("Applications")), tag("p", text(number), css="sub"), listing]))


def application(call: Call) -> Answer:
    try:
        document: Manifest = applications.whole(call, applications.find(call, "get"))
    except NotFound as gone:
        message = joined([tag("h1", text("Not found")), tag("p", text(gone.message), css="sub")])
        return page("Driftless", message, status=404)
    name, status = document["metadata"]["name"], document["status"]
    parts = [
        tag("h1", text(name)),
        tag("p", text(f"{_source(document)} to {_destination(document)}"), css="sub"),
        _facts(document),
        _conditions(status),
        _resources(status),
        _operation(status),
        _history(status),
    ]
    return page(f"{name} · Driftless", joined(parts))


def login(request: Request, *, wrong: bool = False) -> Answer:
    """Asked before anything is shown; `wrong` after a token that is none."""
    note = tag("p", text("That token is not valid."), css="bad") if wrong else Markup("")
    field = Markup(
        '<label for="token">Token</label>'
        '<input id="token" name="token" type="password" autocomplete="current-password" required autofocus>'
        '<button type="submit">Sign in</button>'
    )
    form = tag("form", note, field, css="card sign", method="post", action="/api/v1/session")
    return page("Sign in · Driftless", form, signed_in=False, status=401)


def _pill(word: str) -> Markup:
    return tag("span", text(word), css=f"pill {_TONE_OF.get(word, 'idle')}") if word else Markup("")


def _source(document: Manifest) -> str:
    spec = document["spec"]
    source = (spec.get("sources") or [spec.get("source") or {}])[0]
    return f"{shown(str(source.get('repoURL', '')))} {source.get('path') or source.get('chart') or ''}".strip()


def _destination(document: Manifest) -> str:
    destination = document["spec"].get("destination") or {}
    place = destination.get("server") or destination.get("name") or ""
    return f"{place} {destination.get('namespace', '')}".strip()


def _row(document: Manifest) -> tuple[Markup, ...]:
    name, status = document["metadata"]["name"], document["status"]
    return (
        tag("a", text(name), href=f"/applications/{name}"),
        _pill(status["sync"]["status"]),
        _pill(status["health"]["status"]),
        tag("code", text(str(status["sync"].get("revision") or "")[:7])),
        text(_source(document)),
        text(_destination(document)),
    )


def _facts(document: Manifest) -> Markup:
    status, policy = document["status"], document["spec"].get("syncPolicy") or {}
    automated = policy.get("automated")
    on = automated is not None and automated.get("enabled") is not False
    facts = [
        ("Sync", _pill(status["sync"]["status"])),
        ("Health", _pill(status["health"]["status"])),
        ("Revision", tag("code", text(str(status["sync"].get("revision") or "none")[:12]))),
        ("Policy", text("automated" if on else "manual")),
        ("Last look", text(status.get("reconciledAt") or "not yet")),
    ]
    cells = (tag("div", tag("small", text(name)), value) for name, value in facts)
    return tag("div", tag("div", *cells, css="facts"), css="card")


def _conditions(status: dict[str, Any]) -> Markup:
    found = [*(status.get("conditions") or ())]
    if status["health"].get("message"):
        found.append({"type": status["health"]["status"], "message": status["health"]["message"]})
    if not found:
        return Markup("")
    notes = (tag("div", tag("strong", text(f"{c['type']}: ")), text(c["message"]), css="note") for c in found)
    return joined([tag("h2", text("Conditions")), tag("div", *notes, css="card")])


def _resources(status: dict[str, Any]) -> Markup:
    rows = [
        (
            text(row["name"]),
            text("/".join(part for part in (row.get("group"), row["kind"]) if part)),
            text(row.get("namespace", "")),
            _pill(row.get("status") or ""),
            joined([_pill(health.get("status") or ""), text(f" {health.get('message') or ''}".rstrip())]),
        )
        for row in status.get("resources", ())
        for health in [row.get("health") or {}]
    ]
    if not rows:
        return Markup("")
    return joined([tag("h2", text("Resources")), table(("Name", "Kind", "Namespace", "Sync", "Health"), rows)])


def _operation(status: dict[str, Any]) -> Markup:
    last = status.get("operationState") or {}
    if not last:
        return Markup("")
    facts = tag(
        "div",
        tag("div", tag("small", text("Phase")), _pill(last.get("phase") or "")),
        tag("div", tag("small", text("Started")), text(last.get("startedAt") or "")),
        tag("div", tag("small", text("Finished")), text(last.get("finishedAt") or "")),
        tag("div", tag("small", text("Message")), text(last.get("message") or "")),
        css="facts",
    )
    return joined([tag("h2", text("Last operation")), tag("div", facts, css="card")])


def _history(status: dict[str, Any]) -> Markup:
    rows = [
        (
            text(entry["id"]),
            tag("code", text(str(entry.get("revision") or "")[:12])),
            text(entry.get("deployedAt") or ""),
            text((entry.get("initiatedBy") or {}).get("username") or "automation"),
        )
        for entry in reversed(status.get("history") or ())
    ]
    if not rows:
        return Markup("")
    return joined([tag("h2", text("History")), table(("Id", "Revision", "Deployed", "By"), rows)])
