"""`app create`, `app set`, `app unset`, `app patch`: what an application is."""

from __future__ import annotations

import argparse
import copy
from typing import Any

from driftless.cli import app_source, exits, manifests
from driftless.cli.client import Client, connect
from driftless.cli.exits import Stop
from driftless.cli.output import document, say
from driftless.cli.parser import Group, app_name, command, output, repeated, switch
from driftless.vocabulary.argo import API_VERSION, RESOURCES_FINALIZER


def register(commands: Group) -> None:
    create = command(commands, "create", _create, "create an application", _CREATE_EXAMPLES)
    app_name(create, optional=True)
    create.add_argument("-f", "--file", help="a manifest to begin with; - is stdin, flags change it")
    app_source.add_flags(create)
    repeated(create, "-l", "--label", metavar="KEY=VALUE", text="a label of the application")
    repeated(create, "--annotations", metavar="KEY=VALUE", text="an annotation of the application")
    switch(create, "--set-finalizer", text="deleting the application deletes its objects too")
    switch(create, "--upsert", text="change the application when it exists and differs")
    text = "taken as argocd takes it; the manifest is always checked, the repository at its first look-up"
    switch(create, "--validate", text=text, default=True)
    output(create, "json", "yaml", "name")
    change = command(commands, "set", _set, "change an application's source, destination or policy", _SET_EXAMPLES)
    app_name(change)
    app_source.add_flags(change)
    _register_unset(commands)
    patch = command(commands, "patch", _patch, "change an application by a JSON patch", _PATCH_EXAMPLES)
    app_name(patch)
    patch.add_argument("--patch", required=True, metavar="JSON", help="the patch")
    patch.add_argument("--type", choices=("json", "merge"), default="json", help="what kind of patch it is")


def _register_unset(commands: Group) -> None:
    unset = command(commands, "unset", _unset, "take parameters and overrides away again", _UNSET_EXAMPLES)
    app_name(unset)
    repeated(unset, "-p", "--parameter", metavar="NAME", text="a Helm parameter")
    repeated(unset, "--values", metavar="FILE", text="a Helm value file")
    switch(unset, "--values-literal", text="the values written in the application")
    switch(unset, "--nameprefix", text="Kustomize's namePrefix")
    switch(unset, "--namesuffix", text="Kustomize's nameSuffix")
    repeated(unset, "--kustomize-image", metavar="IMAGE", text="an image override")


_CREATE_EXAMPLES = (
    "app create payments --repo https://github.com/acme-corp/gitops-manifests.git \\\n"
    "      --path apps/payments/overlays/production --revision main \\\n"
    "      --dest-server https://kubernetes.default.svc --dest-namespace payments \\\n"
    "      --sync-policy automated --auto-prune --self-heal",
    "app create redis --repo https://charts.example.com --helm-chart redis --revision 19.x \\\n"
    "      --helm-set architecture=standalone --dest-name in-cluster --dest-namespace cache",
    "app create -f application.yaml --upsert",
)
_SET_EXAMPLES = (
    "app set payments --revision release-2",
    "app set payments --helm-set replicas=3 --values values-prod.yaml",
    "app set payments --sync-policy none",
    "app set payments --sync-option CreateNamespace=true --sync-option '!Prune=false'",
)
_UNSET_EXAMPLES = ("app unset payments --parameter replicas", "app unset payments --values values-prod.yaml")
_PATCH_EXAMPLES = (
    'app patch payments --type merge --patch \'{"spec":{"source":{"targetRevision":"main"}}}\'',
    'app patch payments --patch \'[{"op":"replace","path":"/spec/source/path","value":"apps/payments"}]\'',
)


def _create(args: argparse.Namespace) -> int:
    manifest = _manifest(args)
    app_source.change(manifest["spec"], args)
    meta = manifest["metadata"]
    for key, pairs in (("labels", args.label), ("annotations", args.annotations)):
        if pairs:
            meta[key] = dict(meta.get(key) or {}) | dict(app_source.named(pair) for pair in pairs)
    if args.set_finalizer and RESOURCES_FINALIZER not in (meta.get("finalizers") or ()):
        meta["finalizers"] = [*(meta.get("finalizers") or ()), RESOURCES_FINALIZER]
    client = connect(args)
    made = client.post("applications", body=manifest, upsert="true" if args.upsert else "")
    _tell(args, client, made)
    return exits.OK


def _manifest(args: argparse.Namespace) -> dict[str, Any]:
    if not args.file:
        if not args.name:
            raise Stop("give the application a name, or a manifest with --file", exits.USAGE)
        return {"apiVersion": API_VERSION, "kind": "Application", "metadata": {"name": args.name}, "spec": {}}
    documents = manifests.read([args.file])
    if len(documents) != 1:
        raise Stop(f"{args.file} has {len(documents)} documents: driftless apply -f takes them all")
    manifest = copy.deepcopy(documents[0][1])
    for key in ("metadata", "spec"):
        if not isinstance(manifest.get(key), dict):
            raise Stop(f"{args.file} has no {key}")
    if args.name:
        manifest["metadata"]["name"] = args.name
    return manifest


def _tell(args: argparse.Namespace, client: Client, made: dict[str, Any]) -> None:
    name = made["metadata"]["name"]
    if args.output in ("json", "yaml"):
        document(made, args.output)
    elif args.output == "name":
        say(f"argocd/{name}")
    else:
        say(f"application '{name}' {client.outcome or 'created'}")


def _set(args: argparse.Namespace) -> int:
    client = connect(args)
    spec = client.get("applications", args.name)["spec"]
    changed = copy.deepcopy(spec)
    app_source.change(changed, args)
    if changed == spec:
        raise Stop(f"nothing to change: no flag says what should differ; see driftless app set --help ({args.name})", 1)
    client.put("applications", args.name, "spec", body=changed)
    return exits.OK


def _unset(args: argparse.Namespace) -> int:
    client = connect(args)
    spec = client.get("applications", args.name)["spec"]
    changed = copy.deepcopy(spec)
    source = changed["sources"][0] if changed.get("sources") else changed["source"]
    helm, kustomize = source.get("helm") or {}, source.get("kustomize") or {}
    for key, names in (("parameters", args.parameter), ("fileParameters", args.parameter)):
        _keep(helm, key, [entry for entry in helm.get(key) or () if entry["name"] not in names])
    _keep(helm, "valueFiles", [name for name in helm.get("valueFiles") or () if name not in args.values])
    _keep(kustomize, "images", [i for i in kustomize.get("images") or () if i not in args.kustomize_image])
    gone = {"values": args.values_literal, "valuesObject": args.values_literal}
    for block, flags in ((helm, gone), (kustomize, {"namePrefix": args.nameprefix, "nameSuffix": args.namesuffix})):
        for key, wanted in flags.items():
            if wanted:
                block.pop(key, None)
    for key, block in (("helm", helm), ("kustomize", kustomize)):
        _keep(source, key, block)
    if changed == spec:
        raise Stop(f"nothing to take away: application {args.name} has none of that", exits.USAGE)
    client.put("applications", args.name, "spec", body=changed)
    return exits.OK


def _keep(block: dict[str, Any], key: str, value: Any) -> None:
    if value:
        block[key] = value
    else:
        block.pop(key, None)


def _patch(args: argparse.Namespace) -> int:
    client = connect(args)
    client.patch("applications", args.name, body={"name": args.name, "patch": args.patch, "patchType": args.type})
    say(f"application '{args.name}' {'unchanged' if client.outcome == 'unchanged' else 'patched'}")
    return exits.OK
