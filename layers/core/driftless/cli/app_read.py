"""`app list`, `app get`, `app history`, `app resources`: what is, in Argo CD's columns."""

from __future__ import annotations

import argparse
import time
from datetime import datetime
from typing import Any

from driftless.cli import application as reading
from driftless.cli import exits
from driftless.cli.application import Document
from driftless.cli.client import Client, connect
from driftless.cli.exits import NOT_REACHED, Stop
from driftless.cli.output import document, facts, line, say, table
from driftless.cli.parser import Group, app_name, command, output, repeated, switch

LIST_COLUMNS = ("NAME", "CLUSTER", "NAMESPACE", "PROJECT", "STATUS", "HEALTH", "SYNCPOLICY", "CONDITIONS")
WIDE_COLUMNS = ("REPO", "PATH", "TARGET")
REFRESH_SECONDS = 60.0


def register(commands: Group) -> None:
    listing = command(commands, "list", _list, "list applications", ("app list", "app list -l team=payments -o name"))
    repeated(listing, "-p", "--project", metavar="NAME", text="only this project's")
    listing.add_argument(
        "-l", "--selector", default="", metavar="SELECTOR", help="only those whose labels fit: a=b,c!=d"
    )
    listing.add_argument("-r", "--repo", default="", metavar="URL", help="only those from this repository")
    output(listing, "wide", "name", "json", "yaml", default="wide")
    get = command(commands, "get", _get, "show one application", ("app get payments", "app get payments --refresh"))
    app_name(get)
    switch(get, "--refresh", text="look at Git and the cluster anew first")
    switch(get, "--hard-refresh", text="the same, and render anew what was rendered before")
    switch(get, "--show-params", text="show the Helm parameters")
    switch(get, "--show-operation", text="show the last operation")
    get.add_argument("--timeout", type=float, default=REFRESH_SECONDS, metavar="SECONDS", help="of a refresh (60)")
    output(get, "json", "yaml", "wide", "tree", "name")
    history = command(
        commands, "history", _history, "list what was deployed, for a rollback", ("app history payments",)
    )
    app_name(history)
    output(history, "wide", "id", "json", "yaml", default="wide")
    resources = command(commands, "resources", _resources, "list an application's objects", ("app resources payments",))
    app_name(resources)
    output(resources, "json", "yaml", "wide", "tree")


def _list(args: argparse.Namespace) -> int:
    query = {"selector": args.selector, "repo": args.repo}
    documents = connect(args).get("applications", **query)["items"]
    documents = [d for d in documents if not args.project or d["spec"].get("project") in args.project]
    if args.output in ("json", "yaml"):
        document(documents, args.output)
    elif args.output == "name":
        for found in documents:
            say(reading.qualified(found))
    else:
        table(LIST_COLUMNS + WIDE_COLUMNS, [_list_row(found) for found in documents])
    return exits.OK


def _list_row(found: Document) -> tuple[str, ...]:
    destination, source = found["spec"].get("destination") or {}, reading.source(found)
    return (
        reading.qualified(found),
        destination.get("server") or destination.get("name") or "",
        destination.get("namespace") or "",
        found["spec"].get("project") or "default",
        reading.sync_status(found),
        reading.health_status(found),
        reading.policy_word(found),
        reading.conditions_word(found),
        source.get("repoURL") or "",
        source.get("path") or source.get("chart") or "",
        source.get("targetRevision") or "",
    )


def _get(args: argparse.Namespace) -> int:
    client = connect(args)
    found = client.get("applications", args.name)
    if args.refresh or args.hard_refresh:
        found = refreshed(client, found, "hard" if args.hard_refresh else "normal", args.timeout)
    if args.output in ("json", "yaml"):
        document(found, args.output)
    elif args.output == "name":
        say(reading.qualified(found))
    else:
        show(found, client.base)
        if args.show_operation:
            show_operation(found)
        if args.show_params:
            _show_parameters(found)
        if args.output == "tree":
            say()
            _tree(client, args.name)
        else:
            show_resources(found)
    return exits.OK


def refreshed(client: Client, before: Document, kind: str, seconds: float) -> Document:
    """The application after a new look at Git and the cluster. Raises Stop when that takes longer than `seconds`."""
    name = before["metadata"]["name"]
    asked: Document = client.get("applications", name, refresh=kind)
    last = (asked.get("status") or {}).get("reconciledAt")
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        time.sleep(0.25)
        found: Document = client.get("applications", name)
        if (found.get("status") or {}).get("reconciledAt") != last:
            return found
    raise Stop(f"the refresh of application {name} did not end within {seconds:g} s; it goes on", NOT_REACHED)


def show(found: Document, base: str) -> None:
    """The header lines of `app get`, and the conditions."""
    spec, source, health = found["spec"], reading.source(found), (found.get("status") or {}).get("health") or {}
    destination = spec.get("destination") or {}
    message = f" ({health['message']})" if health.get("message") else ""
    facts(
        [
            ("Name", reading.qualified(found)),
            ("Project", spec.get("project") or "default"),
            ("Server", destination.get("server") or destination.get("name") or ""),
            ("Namespace", destination.get("namespace") or ""),
            ("URL", f"{base}/applications/{found['metadata']['name']}"),
            ("Source", ""),
            ("- Repo", source.get("repoURL") or ""),
            ("  Target", source.get("targetRevision") or ""),
            *_source_facts(source),
            ("SyncWindow", "Sync Allowed"),
            ("Sync Policy", reading.policy_text(found)),
            ("Sync Status", reading.sync_text(found)),
            ("Health Status", f"{reading.health_status(found)}{message}"),
        ]
    )
    if found["metadata"].get("deletionTimestamp"):
        facts([("Deleting", f"since {found['metadata']['deletionTimestamp']}")])
    if conditions := (found.get("status") or {}).get("conditions"):
        say()
        rows = [(c["type"], c.get("message") or "", go_time(c.get("lastTransitionTime"))) for c in conditions]
        table(("CONDITION", "MESSAGE", "LAST TRANSITION"), rows)


def _source_facts(source: dict[str, Any]) -> list[tuple[str, str]]:
    helm, kustomize = source.get("helm") or {}, source.get("kustomize") or {}
    pairs = [
        ("  Path", source.get("path") or ""),
        ("  Chart", source.get("chart") or ""),
        ("  Helm Values", ",".join(helm.get("valueFiles") or ())),
        ("  Name Prefix", kustomize.get("namePrefix") or ""),
    ]
    return [(name, value) for name, value in pairs if value]


def show_operation(found: Document) -> None:
    last = reading.operation_state(found)
    if not last:
        return
    say()
    result = last.get("syncResult") or {}
    pairs = [
        ("Operation", "Rollback" if (last.get("operation") or {}).get("rollback") else "Sync"),
        ("Sync Revision", result.get("revision") or ""),
        ("Phase", last.get("phase") or ""),
        ("Start", go_time(last.get("startedAt"))),
        ("Finished", go_time(last.get("finishedAt"))),
        ("Duration", _duration(last)),
        ("Message", last.get("message") or ""),
    ]
    facts([(name, value) for name, value in pairs if value])


def show_resources(found: Document) -> None:
    if rows := [row.cells for row in reading.resource_rows(found)]:
        say()
        table(reading.RESOURCE_COLUMNS, rows)


def _show_parameters(found: Document) -> None:
    if parameters := (reading.source(found).get("helm") or {}).get("parameters"):
        say()
        table(("NAME", "VALUE"), [(entry["name"], str(entry.get("value", ""))) for entry in parameters])


def _history(args: argparse.Namespace) -> int:
    found = connect(args).get("applications", args.name)
    entries = (found.get("status") or {}).get("history") or []
    if args.output in ("json", "yaml"):
        document(entries, args.output)
        return exits.OK
    if args.output == "id":
        for entry in entries:
            say(str(entry["id"]))
        return exits.OK
    repository = ""
    for entry in entries:
        source = entry.get("source") or {}
        if source.get("repoURL") != repository:
            if repository:
                say()
            repository = source.get("repoURL") or ""
            say(f"SOURCE  {repository}")
            say(line(("ID", "DATE", "REVISION"), (6, 29)))
        revision = reading.revision_text(source.get("targetRevision") or "", entry.get("revision") or "")
        say(line((str(entry["id"]), go_time(entry.get("deployedAt")), revision), (6, 29)))
    return exits.OK


def _resources(args: argparse.Namespace) -> int:
    client = connect(args)
    if args.output == "tree":
        _tree(client, args.name)
        return exits.OK
    rows = (client.get("applications", args.name).get("status") or {}).get("resources") or []
    if args.output in ("json", "yaml"):
        document(rows, args.output)
        return exits.OK
    cells = [(r.get("group") or "", r["kind"], r.get("namespace") or "", r["name"], "No") for r in rows]
    table(("GROUP", "KIND", "NAMESPACE", "NAME", "ORPHANED"), cells)
    return exits.OK


def _tree(client: Client, name: str) -> None:
    """Objects below the objects that own them, as far as owner references tell."""
    nodes = client.get("applications", name, "resource-tree").get("nodes") or []
    below: dict[str, list[dict[str, Any]]] = {}
    for node in nodes:
        parents = [parent.get("uid") or "" for parent in node.get("parentRefs") or ()]
        below.setdefault(parents[0] if parents else "", []).append(node)
    rows: list[tuple[str, str, str]] = []
    _branch(below, "", "", rows)
    table(("KIND/NAME", "HEALTH", "MESSAGE"), rows)


def _branch(below: dict[str, list[dict[str, Any]]], parent: str, indent: str, rows: list[tuple[str, str, str]]) -> None:
    # A node is taken out when it is shown: owner references that go in a circle end.
    children = below.pop(parent, [])
    for number, node in enumerate(children):
        last, health = number == len(children) - 1, node.get("health") or {}
        joint = "" if not parent else "└─" if last else "├─"
        rows.append(
            (f"{indent}{joint}{node['kind']}/{node['name']}", health.get("status", ""), health.get("message", ""))
        )
        if node.get("uid"):
            _branch(below, node["uid"], indent + ("" if not parent else "  " if last else "│ "), rows)


def go_time(text: str | None) -> str:
    """A time as the `argocd` command prints it: 2026-11-21 13:00:00 +0000 UTC."""
    try:
        return datetime.fromisoformat(text).strftime("%Y-%m-%d %H:%M:%S +0000 UTC") if text else ""
    except ValueError:
        return str(text)


def _duration(last: dict[str, Any]) -> str:
    if not last.get("startedAt") or not last.get("finishedAt"):
        return ""
    gone = datetime.fromisoformat(last["finishedAt"]) - datetime.fromisoformat(last["startedAt"])
    return f"{gone.total_seconds():g}s"
