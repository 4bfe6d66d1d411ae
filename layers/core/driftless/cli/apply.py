"""`driftless apply -f` and `driftless delete -f`: Argo CD's manifests as they stand, from files, folders or stdin.

Applications are registered. Kinds that Driftless does not have yet are refused with the server's sentence, all others
with ours: workloads belong into Git. Every document is tried; one refusal makes the exit status 20.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import Any

from driftless.cli import exits, manifests
from driftless.cli.client import Client, NotThere, connect
from driftless.cli.exits import Stop
from driftless.cli.output import say
from driftless.cli.parser import Group, command, repeated, switch
from driftless.vocabulary.errors import NotBuiltYet

GROUP = "argoproj.io"
CONFIGURATION = ("argocd-cm", "argocd-rbac-cm", "argocd-cmd-params-cm", "argocd-notifications-cm")
PLACES = {"ApplicationSet": "applicationsets", "AppProject": "projects"}


def register(commands: Group) -> None:
    apply = command(commands, "apply", _apply, "create or change what manifests describe", _APPLY_EXAMPLES)
    delete = command(commands, "delete", _delete, "delete what manifests describe", ("delete -f applications/",))
    for parser in (apply, delete):
        repeated(parser, "-f", "--filename", metavar="FILE|DIR|-", text="manifests: a file, a folder, or stdin")
        switch(parser, "--recursive", "-R", text="subfolders too")
    switch(delete, "--cascade", text="delete the objects in the cluster too", default=None)
    switch(delete, "--ignore-not-found", text="what does not exist is no error")


_APPLY_EXAMPLES = ("apply -f application.yaml", "apply -R -f applications/", "kustomize build . | driftless apply -f -")


def _apply(args: argparse.Namespace) -> int:
    return _each(args, _applied)


def _delete(args: argparse.Namespace) -> int:
    cascade = {True: "true", False: "false", None: ""}[args.cascade]

    def deleted(client: Client, manifest: dict[str, Any]) -> str:
        _refuse_others(client, manifest)
        try:
            client.delete("applications", _name(manifest), cascade=cascade)
        except NotThere:
            if not args.ignore_not_found:
                raise
            return "not found"
        return "deleted"

    return _each(args, deleted)


def _each(args: argparse.Namespace, do: Callable[[Client, dict[str, Any]], str]) -> int:
    if not args.filename:
        raise Stop("give the manifests with --filename", exits.USAGE)
    # Everything is read before anything is sent: a file that cannot be read leaves nothing half done.
    documents = manifests.read(args.filename, recursive=args.recursive)
    client, status = connect(args), exits.OK
    for where, manifest in documents:
        try:
            outcome = do(client, manifest)
        except (Stop, NotBuiltYet) as refusal:
            print(f"driftless: {where}: {refusal}", file=sys.stderr)
            status = exits.REFUSED
        else:
            say(f"{manifest['kind'].lower()}.{GROUP}/{_name(manifest)} {outcome}")
    return status


def _applied(client: Client, manifest: dict[str, Any]) -> str:
    _refuse_others(client, manifest)
    client.post("applications", body=manifest, upsert="true")
    return {"updated": "configured"}.get(client.outcome, client.outcome)


def _refuse_others(client: Client, manifest: dict[str, Any]) -> None:
    """Raises what the server says of a kind that it knows but has not built, or our own sentence."""
    kind, group = manifest["kind"], str(manifest.get("apiVersion") or "").partition("/")[0]
    if group == GROUP and kind == "Application":
        return
    if group == GROUP and kind in PLACES:
        client.post(PLACES[kind], body=manifest)
        return
    if kind == "ConfigMap" and _name(manifest) in CONFIGURATION:
        raise NotBuiltYet(
            f"the ConfigMap {_name(manifest)} is not built yet", hint="the administrator's token may do all"
        )
    raise Stop(
        f"{kind} {_name(manifest)} is none of Argo CD's kinds: put it into Git, in the folder of an Application, "
        "and Driftless applies it from there"
    )


def _name(manifest: dict[str, Any]) -> str:
    meta = manifest.get("metadata")
    return str((meta.get("name") if isinstance(meta, dict) else None) or "(no name)")
