"""`repo list`, `proj list|get`, `appset list`: what there is to list; making those is not built yet."""

from __future__ import annotations

import argparse
from typing import Any

from driftless.cli import exits
from driftless.cli.client import connect
from driftless.cli.output import document, say, table
from driftless.cli.parser import Group, command, group, output

REPOSITORY_COLUMNS = ("TYPE", "NAME", "REPO", "INSECURE", "OCI", "LFS", "CREDS", "STATUS", "MESSAGE", "PROJECT")
PROJECT_COLUMNS = (
    "NAME",
    "DESCRIPTION",
    "DESTINATIONS",
    "SOURCES",
    "CLUSTER-RESOURCE-WHITELIST",
    "NAMESPACE-RESOURCE-BLACKLIST",
    "SIGNATURE-KEYS",
    "ORPHANED-RESOURCES",
    "DESTINATION-SERVICE-ACCOUNTS",
)
SET_COLUMNS = ("NAME", "PROJECT", "SYNCPOLICY", "HEALTH", "CONDITIONS", "REPO", "PATH", "TARGET")


def register(commands: Group) -> None:
    repositories = group(commands, "repo", "look at the repositories that applications come from")
    listing = command(repositories, "list", _repositories, "list repositories", ("repo list",))
    output(listing, "wide", "url", "json", "yaml", default="wide")
    projects = group(commands, "proj", "look at projects")
    listing = command(projects, "list", _projects, "list projects", ("proj list",))
    output(listing, "wide", "name", "json", "yaml", default="wide")
    get = command(projects, "get", _project, "show one project", ("proj get default",))
    get.add_argument("name", metavar="NAME")
    output(get, "wide", "json", "yaml", default="wide")
    sets = group(commands, "appset", "look at ApplicationSets")
    listing = command(sets, "list", _sets, "list ApplicationSets", ("appset list",))
    output(listing, "wide", "name", "json", "yaml", default="wide")


def _repositories(args: argparse.Namespace) -> int:
    rows = connect(args).get("repositories")["items"]
    return _printed(rows, args, REPOSITORY_COLUMNS, _repository_row, "repo")


def _repository_row(row: dict[str, Any]) -> tuple[str, ...]:
    state = row.get("connectionState") or {}
    flags = [str(bool(row.get(key))).lower() for key in ("insecure", "enableOCI", "enableLfs")]
    credentials = "true" if row.get("username") else "false"
    ends = (state.get("status") or "", state.get("message") or "", row.get("project") or "")
    return (row.get("type") or "git", row.get("name") or "", row["repo"], *flags, credentials, *ends)


def _projects(args: argparse.Namespace) -> int:
    rows = connect(args).get("projects")["items"]
    return _printed(rows, args, PROJECT_COLUMNS, _project_row, "name")


def _project(args: argparse.Namespace) -> int:
    return _printed([connect(args).get("projects", args.name)], args, PROJECT_COLUMNS, _project_row, "name")


def _project_row(row: dict[str, Any]) -> tuple[str, ...]:
    spec = row["spec"]
    places = [
        f"{d.get('server') or d.get('name') or ''},{d.get('namespace') or ''}" for d in spec.get("destinations") or ()
    ]
    allowed = [f"{kind['group']}/{kind['kind']}" for kind in spec.get("clusterResourceWhitelist") or ()]
    lists = (_shortened(places), _shortened(spec.get("sourceRepos") or []), _shortened(allowed))
    return (row["metadata"]["name"], spec.get("description") or "", *lists, "<none>", "<none>", "disabled", "<none>")


def _shortened(entries: list[str]) -> str:
    return "<none>" if not entries else entries[0] if len(entries) == 1 else f"{len(entries)} entries"


def _sets(args: argparse.Namespace) -> int:
    return _printed(connect(args).get("applicationsets")["items"], args, SET_COLUMNS, lambda row: (), "name")


def _printed(rows: list[dict[str, Any]], args: argparse.Namespace, columns: Any, row: Any, name: str) -> int:
    if args.output in ("json", "yaml"):
        document(rows, args.output)
    elif args.output == "wide":
        table(columns, [row(found) for found in rows])
    else:
        for found in rows:
            say(str(found.get(name) or (found.get("metadata") or {}).get("name") or ""))
    return exits.OK
