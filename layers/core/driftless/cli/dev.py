"""`driftless dev …`: the local stack of a checkout. It is not shipped, so that outside a checkout this is refused."""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path

from driftless.cli.exits import Stop
from driftless.cli.parser import Group, Parser

_CHECKOUT = Path(__file__).resolve().parents[4]


def register(commands: Group) -> None:
    purpose = "run everything on this machine: up, down, status, env, tick"
    dev: Parser = commands.add_parser("dev", help=purpose, add_help=False)
    dev.add_argument("arguments", nargs=argparse.REMAINDER)
    dev.set_defaults(run=lambda args: run(args.arguments))


def run(argv: list[str]) -> int:
    """Hand over to the checkout's devstack. Raises Stop outside a checkout."""
    if not (_CHECKOUT / "devstack" / "main.py").is_file():
        raise Stop("driftless dev runs from a checkout of Driftless only: clone it and use scripts/driftless dev")
    if str(_CHECKOUT) not in sys.path:
        sys.path.append(str(_CHECKOUT))
    status: int = importlib.import_module("devstack.main").run(argv)
    return status
