"""`app delete`: the application goes; what it deployed stays, unless --cascade or its finalizer say otherwise."""

from __future__ import annotations

import argparse
import sys

from driftless.cli import exits, selection
from driftless.cli.app_wait import gone
from driftless.cli.client import connect
from driftless.cli.output import say
from driftless.cli.parser import Group, app_name, command, switch

WAIT_SECONDS = 600.0


def register(commands: Group) -> None:
    delete = command(commands, "delete", _delete, "delete applications", _EXAMPLES)
    delete.description = (
        "Delete applications. The objects that they deployed stay in the cluster, unless --cascade is given or the "
        "manifest has the resources finalizer; --cascade=false keeps them even then."
    )
    app_name(delete, many=True)
    delete.add_argument("-l", "--selector", default="", metavar="SELECTOR", help="every application whose labels fit")
    switch(delete, "--cascade", text="delete the objects in the cluster too", default=None)
    delete.add_argument(
        "-p",
        "--propagation-policy",
        choices=("foreground", "background"),
        help="how Kubernetes deletes what the objects own (goes with --cascade)",
    )
    switch(delete, "--wait", text="wait until the application is gone")
    delete.add_argument("-y", "--yes", action="store_true", help="do not ask")


_EXAMPLES = ("app delete payments", "app delete payments --cascade -y", "app delete -l team=payments --cascade --wait")


def _delete(args: argparse.Namespace) -> int:
    client = connect(args)
    names = selection.names(client, args)
    cascade = {True: "true", False: "false", None: "true" if args.propagation_policy else ""}[args.cascade]
    for name in names:
        if cascade == "true" and not args.yes and not _sure(name):
            say(f"application '{name}' stays")
            continue
        client.delete("applications", name, cascade=cascade, propagationPolicy=args.propagation_policy or "")
        say(f"application '{name}' deleted")
        if args.wait:
            gone(client, name, WAIT_SECONDS)
    return exits.OK


def _sure(name: str) -> bool:
    """Asked on a terminal only: a script that says --cascade means it."""
    if not sys.stdin.isatty():
        return True
    return input(f"Delete application '{name}' and every object it deployed? [y/n] ").strip().lower() in ("y", "yes")
