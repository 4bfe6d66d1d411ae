"""`app wait`: until an application is as wished, with a line for every change on the way."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from driftless.cli import application as reading
from driftless.cli import exits, follow, selection
from driftless.cli.app_read import show, show_operation, show_resources
from driftless.cli.application import Document, ResourceRow
from driftless.cli.client import Client, NotThere, connect
from driftless.cli.exits import NOT_REACHED, Stop
from driftless.cli.output import document, say
from driftless.cli.parser import Group, app_name, command, output, repeated, switch


def register(commands: Group) -> None:
    wait = command(commands, "wait", _wait, "wait until applications are as wished", _EXAMPLES)
    app_name(wait, many=True)
    wait.add_argument("-l", "--selector", default="", metavar="SELECTOR", help="every application whose labels fit")
    switch(wait, "--sync", text="until it is Synced")
    switch(wait, "--health", text="until it is Healthy")
    switch(wait, "--operation", text="until no operation is in progress")
    switch(wait, "--suspended", text="until it is Suspended")
    switch(wait, "--degraded", text="until it is Degraded")
    switch(wait, "--delete", text="until it is gone")
    repeated(wait, "--resource", metavar="GROUP:KIND:NAME", text="look at these objects only")
    wait.add_argument("--timeout", type=float, default=0.0, metavar="SECONDS", help="longest wait; 0 = for ever")
    output(wait, "json", "yaml", "wide")


_EXAMPLES = (
    "app wait payments",
    "app wait payments --health --timeout 120",
    "app wait payments --delete",
)


def _wait(args: argparse.Namespace) -> int:
    client = connect(args)
    names = selection.names(client, args)
    for name in names:
        if args.delete:
            gone(client, name, args.timeout)
            continue
        found = _reached(client, name, args)
        if args.output in ("json", "yaml"):
            document(found, args.output)
        else:
            say()
            show(found, client.base)
            show_operation(found)
            show_resources(found)
    return exits.OK


def gone(client: Client, name: str, seconds: float) -> None:
    """Wait until the application is no more. Raises Stop on time-out."""
    rows = follow.Rows()
    try:
        for found in follow.looks(client, name, seconds):
            rows.show(found)
    except NotThere:
        say(f"application '{name}' is gone")
        return
    raise Stop(f"timed out ({seconds:g} s) waiting for application {name} to go", NOT_REACHED)


def _reached(client: Client, name: str, args: argparse.Namespace) -> Document:
    wanted, rows = _chosen(args.resource), None
    rows = follow.Rows(wanted)
    last: Document = {}
    for found in follow.looks(client, name, args.timeout):
        if not args.output:
            rows.show(found)
        if _as_wished(found, args, wanted):
            return found
        last = found
    stands = f"it is {reading.sync_status(last)} and {reading.health_status(last)}{_why(last)}"
    raise Stop(f"timed out ({args.timeout:g} s) waiting for application {name}; {stands}", NOT_REACHED)


def _why(found: Document) -> str:
    """What the application itself says stands in the way: its first condition, else a failed or repeated operation."""
    status = found.get("status") or {}
    operation = status.get("operationState") or {}
    said = [condition.get("message") for condition in status.get("conditions") or ()]
    if operation.get("phase") in ("Failed", "Error") or operation.get("retryCount"):
        said.append(operation.get("message"))
    return next((f": {words}" for words in said if words), "")


def _as_wished(found: Document, args: argparse.Namespace, wanted: Callable[[ResourceRow], bool]) -> bool:
    """None of the flags means sync, health and operation; health, suspended and degraded are OR among themselves."""
    healths = {"Healthy": args.health, "Suspended": args.suspended, "Degraded": args.degraded}
    plain = not (args.sync or args.operation or any(healths.values()))
    fitting = {word for word, given in healths.items() if given} or ({"Healthy"} if plain else set())
    if (args.operation or plain) and reading.in_operation(found):
        return False
    if not args.resource:
        synced = reading.sync_status(found) == "Synced" or not (args.sync or plain)
        return synced and (not fitting or reading.health_status(found) in fitting)
    rows = [row for row in reading.resource_rows(found) if not row.hook and wanted(row)]
    synced = all(row.status == "Synced" for row in rows) or not (args.sync or plain)
    # A kind without a health check has no health to wait for.
    return bool(rows) and synced and (not fitting or all(row.health in fitting | {""} for row in rows))


def _chosen(patterns: list[str]) -> Callable[[ResourceRow], bool]:
    wanted = [pattern.split(":") for pattern in patterns]
    for parts in wanted:
        if len(parts) != 3:
            raise Stop(f"--resource {':'.join(parts)!r} must be written GROUP:KIND:[NAMESPACE/]NAME", exits.USAGE)

    def fits(row: ResourceRow) -> bool:
        group, kind, namespace, name = row.key
        names = (name, f"{namespace}/{name}")
        return any(parts[0] == group and parts[1] == kind and parts[2] in names for parts in wanted)

    return fits if wanted else lambda row: True
