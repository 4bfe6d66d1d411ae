"""`app diff` and `app manifests`: what Git says beside what is there, and what Git says alone."""

from __future__ import annotations

import argparse
import json
from typing import Any

from driftless.cli import exits
from driftless.cli.app_read import REFRESH_SECONDS, refreshed
from driftless.cli.client import connect
from driftless.cli.output import as_yaml, document, say
from driftless.cli.parser import Group, app_name, command, output, switch


def register(commands: Group) -> None:
    diff = command(commands, "diff", _diff, "show how the cluster differs from Git", _DIFF_EXAMPLES)
    diff.description = f"{diff.description} Exits 0 when nothing differs, 1 when something does, 2 on an error."
    diff.usage_status = exits.DIFF_FAILED
    diff.set_defaults(failure=exits.DIFF_FAILED)
    app_name(diff)
    diff.add_argument("--revision", default="", help="compare with another revision: not built yet, refused")
    switch(diff, "--refresh", text="look at Git anew first")
    switch(diff, "--hard-refresh", text="the same, and render anew what was rendered before")
    switch(diff, "--exit-code", text="exit 1 when something differs", default=True)
    diff.add_argument("--diff-exit-code", type=int, default=exits.DIFFERENT, metavar="N", help="instead of 1")
    output(diff, "json", "yaml")
    manifests = command(commands, "manifests", _manifests, "print an application's manifests", _MANIFESTS_EXAMPLES)
    app_name(manifests)
    manifests.add_argument("--source", choices=("git", "live"), default="git", help="what Git says, or what is there")
    manifests.add_argument("--revision", default="", help="of another revision: not built yet, refused")


_DIFF_EXAMPLES = ("app diff payments", "app diff payments --refresh", "app diff payments --exit-code=false")
_MANIFESTS_EXAMPLES = ("app manifests payments", "app manifests payments --source live")


def _diff(args: argparse.Namespace) -> int:
    client = connect(args)
    if args.refresh or args.hard_refresh:
        kind = "hard" if args.hard_refresh else "normal"
        refreshed(client, client.get("applications", args.name), kind, REFRESH_SECONDS)
    items = client.get("applications", args.name, "managed-resources", revision=args.revision).get("items") or []
    changed = [item for item in items if item.get("diff")]
    if args.output:
        document(changed, args.output)
    for item in changed if not args.output else ():
        say()
        say(str(item["diff"]).rstrip("\n"))
        for change in item.get("changes") or ():
            _say_who(change)
    return args.diff_exit_code if changed and args.exit_code else exits.OK


def _say_who(change: dict[str, Any]) -> None:
    """Who made a field differ, as far as the object itself tells; values stay in the diff, where secrets are masked."""
    if change.get("manager"):
        how = ", ".join(part for part in (change.get("operation"), change.get("time")) if part)
        say(f"# {change['path']} was changed by {change['manager']}" + (f" ({how})" if how else ""))


def _manifests(args: argparse.Namespace) -> int:
    client = connect(args)
    if args.source == "git":
        texts = client.get("applications", args.name, "manifests", revision=args.revision).get("manifests") or []
    else:
        items = client.get("applications", args.name, "managed-resources").get("items") or []
        texts = [item["liveState"] for item in items if item.get("liveState") not in (None, "", "null")]
    for text in texts:
        print("---")
        print(as_yaml(_parsed(text)), end="")
    return exits.OK


def _parsed(value: Any) -> Any:
    """A manifest is JSON text in Argo CD's answers; a map is taken as it is."""
    return json.loads(value) if isinstance(value, str) else value
