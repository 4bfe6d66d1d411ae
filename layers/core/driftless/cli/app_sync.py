"""`app sync`, `app rollback`, `app resume`, `app terminate-op`: operations, asked for and followed to their end."""

from __future__ import annotations

import argparse
from fnmatch import fnmatchcase
from typing import Any

from driftless.cli import application as reading
from driftless.cli import exits, follow, selection
from driftless.cli.app_read import show, show_operation, show_resources
from driftless.cli.app_source import named
from driftless.cli.application import Document
from driftless.cli.client import Client, connect
from driftless.cli.exits import Stop
from driftless.cli.output import document, say
from driftless.cli.parser import Group, Parser, app_name, command, output, repeated, switch


def register(commands: Group) -> None:
    sync = command(commands, "sync", _sync, "make the cluster what Git says", _SYNC_EXAMPLES)
    app_name(sync, many=True)
    sync.add_argument("-l", "--selector", default="", metavar="SELECTOR", help="every application whose labels fit")
    sync.add_argument("--revision", default="", help="this revision instead of the newest of the one followed")
    repeated(sync, "--resource", metavar="GROUP:KIND:[NS/]NAME", text="only these objects; * fits all, ! leaves out")
    sync.add_argument("--strategy", choices=("apply", "hook"), help="apply leaves the hooks out (default: hook)")
    _register_switches(sync)
    sync.add_argument("--retry-limit", type=int, metavar="N", help="retries when it fails")
    repeated(sync, "--info", metavar="NAME=VALUE", text="a note kept with the operation")
    _register_waiting(sync)
    rollback = command(commands, "rollback", _rollback, _ROLLBACK, _ROLLBACK_EXAMPLES)
    app_name(rollback)
    rollback.add_argument(
        "id", nargs="?", type=int, metavar="ID", help="see app history (default: the one before the last)"
    )
    switch(rollback, "--prune", text="delete what that deployment did not have")
    switch(rollback, "--dry-run", text="say what would happen")
    switch(rollback, "--pause", text="switch automation off first, instead of holding the newer bundle back")
    _register_waiting(rollback)
    resume = command(commands, "resume", _resume, "let automation go on after a rollback", ("app resume payments",))
    app_name(resume)
    end = command(commands, "terminate-op", _terminate, "end the operation in progress", ("app terminate-op payments",))
    app_name(end)


def _register_switches(sync: Parser) -> None:
    switch(sync, "--prune", text="delete what Git no longer has")
    switch(sync, "--confirm-prune", text="delete even what the prune guard asks about (with --prune)")
    switch(sync, "--dry-run", text="say what would happen, change nothing")
    switch(sync, "--force", text="delete and create anew what cannot be changed in place")
    switch(sync, "--replace", text="replace objects instead of applying them")
    switch(sync, "--server-side", text="apply on the server's side (Driftless always does)")
    switch(sync, "--apply-out-of-sync-only", text="leave objects alone that are in sync")


def _register_waiting(parser: Parser) -> None:
    switch(parser, "--async", text="do not wait for the end")
    parser.add_argument("--timeout", type=float, default=0.0, metavar="SECONDS", help="longest wait; 0 = for ever")
    output(parser, "json", "yaml", "wide")


_ROLLBACK = "bring back an earlier deployment, byte for byte, whatever Git says now"
_SYNC_EXAMPLES = (
    "app sync payments",
    "app sync payments --prune --revision v1.4.2",
    "app sync payments --resource apps:Deployment:payments",
    "app sync -l team=payments --async",
)
_ROLLBACK_EXAMPLES = ("app rollback payments", "app rollback payments 3 --prune", "app rollback payments 3 --pause")


def _sync(args: argparse.Namespace) -> int:
    client = connect(args)
    names = selection.names(client, args)
    asked = [client.post("applications", name, "sync", body=_body(client, name, args)) for name in names]
    # All are asked before any is waited for, so that they run beside one another.
    return max(_followed(client, document_, args) for document_ in asked)


def _body(client: Client, name: str, args: argparse.Namespace) -> dict[str, Any]:
    flags = {"Replace=true": args.replace, "ServerSideApply=true": args.server_side}
    flags["ApplyOutOfSyncOnly=true"] = args.apply_out_of_sync_only
    options = [option for option, given in flags.items() if given]
    body: dict[str, Any] = {
        "name": name,
        "revision": args.revision,
        "prune": args.prune,
        "confirmPrune": args.confirm_prune,
        "dryRun": args.dry_run,
        "infos": [dict(zip(("name", "value"), named(pair), strict=True)) for pair in args.info],
        "resources": _selected(client, name, args.resource) if args.resource else None,
        "syncOptions": {"items": options} if options else None,
        "retryStrategy": {"limit": args.retry_limit} if args.retry_limit is not None else None,
    }
    if args.strategy or args.force:
        body["strategy"] = {args.strategy or "hook": {"force": True} if args.force else {}}
    return {key: value for key, value in body.items() if value}


def _selected(client: Client, name: str, patterns: list[str]) -> list[dict[str, str]]:
    """GROUP:KIND:[NS/]NAME as the API wants it; patterns and exclusions are matched with what the application has."""
    parsed = [_pattern(pattern) for pattern in patterns]
    if not any(excluded or "*" in "".join(parts.values()) for excluded, parts in parsed):
        return [{key: value for key, value in parts.items() if value or key == "group"} for _, parts in parsed]
    chosen = []
    for row in (client.get("applications", name).get("status") or {}).get("resources") or ():
        fits = [excluded for excluded, parts in parsed if _fits(row, parts)]
        included = any(not excluded for excluded in fits) or all(excluded for excluded, _ in parsed)
        if included and not any(fits):
            chosen.append({key: row.get(key) or "" for key in ("group", "kind", "namespace", "name")})
    if not chosen:
        raise Stop(f"no object of application {name} fits {' '.join(patterns)}")
    return chosen


def _pattern(text: str) -> tuple[bool, dict[str, str]]:
    excluded, parts = text.startswith("!"), text.removeprefix("!").split(":")
    if len(parts) != 3 or not parts[1] or not parts[2]:
        raise Stop(f"--resource {text!r} must be written GROUP:KIND:[NAMESPACE/]NAME", exits.USAGE)
    namespace, _, name = parts[2].rpartition("/")
    return excluded, {"group": parts[0], "kind": parts[1], "namespace": namespace, "name": name}


def _fits(row: dict[str, Any], parts: dict[str, str]) -> bool:
    return all(fnmatchcase(row.get(key) or "", wanted) for key, wanted in parts.items() if wanted or key == "group")


def _rollback(args: argparse.Namespace) -> int:
    client = connect(args)
    wishes = {"id": args.id, "prune": args.prune, "dryRun": args.dry_run, "pause": args.pause}
    # By identity: the deployment with id 0 is a wish, although 0 == False.
    body = {"name": args.name} | {
        key: value for key, value in wishes.items() if value is not None and value is not False
    }
    return _followed(client, client.post("applications", args.name, "rollback", body=body), args)


def _resume(args: argparse.Namespace) -> int:
    connect(args).post("applications", args.name, "resume", body={})
    say(f"application '{args.name}' resumed")
    return exits.OK


def _terminate(args: argparse.Namespace) -> int:
    connect(args).delete("applications", args.name, "operation")
    say(f"application '{args.name}' operation terminating")
    return exits.OK


def _followed(client: Client, asked: Document, args: argparse.Namespace) -> int:
    wait = not getattr(args, "async")
    found = follow.operation(client, asked, args.timeout, quiet=bool(args.output)) if wait else asked
    if args.output in ("json", "yaml"):
        document(found, args.output)
    elif wait:
        say()
        show(found, client.base)
        show_operation(found)
        show_resources(found)
    return _judged(found, args) if wait else exits.OK


def _judged(found: Document, args: argparse.Namespace) -> int:
    """0 when the operation succeeded and a whole sync left nothing behind that only --prune would take away."""
    last = reading.operation_state(found)
    name = found["metadata"]["name"]
    if last.get("phase") != "Succeeded":
        raise Stop(f"the operation of application {name} ended {last.get('phase')}: {last.get('message') or ''}", 1)
    whole = not args.dry_run and not args.resource if hasattr(args, "resource") else False
    left = [r for r in (found.get("status") or {}).get("resources") or () if r.get("requiresPruning")]
    if whole and left and reading.sync_status(found) == "OutOfSync":
        raise Stop(f"{len(left)} resources require pruning; driftless app sync {name} --prune deletes them", 1)
    return exits.OK
