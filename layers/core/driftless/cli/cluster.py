"""`cluster add|list|get|rm`: the clusters that applications may go to."""

from __future__ import annotations

import argparse
from typing import Any

from driftless.cli import exits, kubeconfig
from driftless.cli.client import connect
from driftless.cli.output import document, say, table
from driftless.cli.parser import Group, command, group, output, switch
from driftless.vocabulary.argo import IN_CLUSTER

COLUMNS = ("SERVER", "NAME", "VERSION", "STATUS", "MESSAGE", "PROJECT")


def register(commands: Group) -> None:
    verbs = group(commands, "cluster", "manage the clusters that applications go to")
    add = command(verbs, "add", _add, "register the cluster of a kubeconfig's context", _ADD_EXAMPLES)
    add.add_argument("context", metavar="CONTEXT", help="a context of the kubeconfig")
    add.add_argument("--name", default="", help="its name for destinations (default: the context's)")
    add.add_argument("--kubeconfig", default="", metavar="FILE", help="(default: $KUBECONFIG, ~/.kube/config)")
    add.add_argument("--aws-cluster-name", default="", metavar="NAME", help="an EKS cluster: tokens are minted per run")
    add.add_argument("--region", default="", help="the EKS cluster's region")
    switch(add, "--in-cluster", text=f"register it as {IN_CLUSTER}")
    switch(add, "--upsert", text="change it when it is registered differently")
    listing = command(verbs, "list", _list, "list clusters", ("cluster list",))
    output(listing, "wide", "server", "json", "yaml", default="wide")
    get = command(verbs, "get", _get, "show one cluster", ("cluster get prod-us-east",))
    get.add_argument("cluster", metavar="SERVER|NAME")
    output(get, "json", "yaml", "wide", default="yaml")
    remove = command(verbs, "rm", _remove, "forget a cluster; nothing in it is touched", ("cluster rm staging",))
    remove.add_argument("cluster", metavar="SERVER|NAME")
    remove.add_argument("-y", "--yes", action="store_true", help="taken as argocd takes it; nothing is asked")


_ADD_EXAMPLES = (
    "cluster add prod-us-east --name prod-us-east",
    "cluster add prod --name prod --aws-cluster-name prod --region us-east-1",
)


def _add(args: argparse.Namespace) -> int:
    config = kubeconfig.read(args.context, args.kubeconfig, aws_cluster_name=args.aws_cluster_name, region=args.region)
    server = IN_CLUSTER if args.in_cluster else config["endpoint"]
    body = {
        "name": args.name or ("in-cluster" if args.in_cluster else args.context),
        "server": server,
        "config": config,
    }
    added = connect(args).post("clusters", body=body, upsert="true" if args.upsert else "")
    say(f"Cluster '{added['server']}' added")
    return exits.OK


def _list(args: argparse.Namespace) -> int:
    rows = connect(args).get("clusters")["items"]
    if args.output in ("json", "yaml"):
        document(rows, args.output)
    elif args.output == "server":
        for row in rows:
            say(row["server"])
    else:
        table(COLUMNS, [_row(row) for row in rows])
    return exits.OK


def _get(args: argparse.Namespace) -> int:
    found = connect(args).get("clusters", args.cluster)
    if args.output == "wide":
        table(COLUMNS, [_row(found)])
    else:
        document(found, args.output)
    return exits.OK


def _remove(args: argparse.Namespace) -> int:
    connect(args).delete("clusters", args.cluster)
    say(f"Cluster '{args.cluster}' removed")
    return exits.OK


def _row(found: dict[str, Any]) -> tuple[str, ...]:
    state = found.get("connectionState") or {}
    return (
        found["server"],
        found["name"],
        found.get("serverVersion") or "",
        state.get("status") or "Unknown",
        state.get("message") or "",
        found.get("project") or "",
    )
