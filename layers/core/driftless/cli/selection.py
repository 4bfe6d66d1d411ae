"""Which applications a command is about: those named, and those whose labels fit its --selector.

In: parsed arguments with `name` and `selector`. Out: names, each once. Raises Stop when that is nobody.
"""

from __future__ import annotations

import argparse

from driftless.cli import exits
from driftless.cli.client import Client
from driftless.cli.exits import Stop


def names(client: Client, args: argparse.Namespace) -> list[str]:
    found = client.get("applications", selector=args.selector)["items"] if args.selector else []
    chosen = list(dict.fromkeys([*args.name, *(document["metadata"]["name"] for document in found)]))
    if not chosen:
        raise Stop("no application: give a name, or a --selector that fits one", exits.USAGE)
    return chosen
