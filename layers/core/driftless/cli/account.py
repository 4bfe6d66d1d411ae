"""`account can-i`, `account get-user-info` and `version`: who I am, what I may, what runs where."""

from __future__ import annotations

import argparse
import platform

from driftless.cli import exits
from driftless.cli.client import connect
from driftless.cli.output import document, facts, say
from driftless.cli.parser import Group, command, group, output, switch
from driftless.vocabulary.version import VERSION


def register(commands: Group) -> None:
    verbs = group(commands, "account", "ask who you are and what you may do")
    can_i = command(verbs, "can-i", _can_i, "ask whether you may do something", _EXAMPLES)
    can_i.add_argument("action", metavar="ACTION", help="get, create, update, delete, sync, override")
    can_i.add_argument("resource", metavar="RESOURCE", help="applications, clusters, projects, repositories, …")
    can_i.add_argument("subject", metavar="SUBJECT", help="PROJECT/NAME of an application, or a name; * for all")
    who = command(verbs, "get-user-info", _who, "show who you are", ("account get-user-info",))
    output(who, "json", "yaml")
    version = command(
        commands, "version", _version, "show the versions of the command and of the console", ("version",)
    )
    switch(version, "--client", text="the command's only")
    switch(version, "--short", text="the numbers only")
    output(version, "wide", "short", "json", "yaml", default="wide")


_EXAMPLES = ("account can-i sync applications 'payments/*'", "account can-i delete clusters '*'")


def _can_i(args: argparse.Namespace) -> int:
    say(connect(args).get("account", "can-i", args.resource, args.action, args.subject)["value"])
    return exits.OK


def _who(args: argparse.Namespace) -> int:
    found = connect(args).get("session", "userinfo")
    if args.output:
        document(found, args.output)
        return exits.OK
    pairs = [("Logged In", str(found["loggedIn"]).lower()), ("Username", found["username"]), ("Issuer", found["iss"])]
    facts([*pairs, ("Groups", ",".join(found.get("groups") or ()))])
    return exits.OK


def _version(args: argparse.Namespace) -> int:
    ours = {"Version": f"v{VERSION}", "Platform": f"{platform.system().lower()}/{platform.machine()}"}
    found = {"client": ours} | ({} if args.client else {"server": connect(args).get("version")})
    if args.output in ("json", "yaml"):
        document(found, args.output)
        return exits.OK
    for name, one in zip(("driftless", "driftless-server"), found.values(), strict=False):
        say(f"{name}: {one['Version']}")
        if args.output == "wide" and not args.short:
            say(f"  Platform: {one['Platform']}")
    return exits.OK
