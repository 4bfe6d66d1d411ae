"""The flags that describe an application, for `app create`, `app set` and `app unset`, and what they do to a manifest.

In: parsed flags, a manifest. Out: the manifest changed in place. A flag that was not given changes nothing.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from driftless.cli.exits import USAGE, Stop
from driftless.cli.parser import Parser, repeated, switch

Spec = dict[str, Any]


def add_flags(parser: Parser) -> None:
    source = parser.add_argument_group("source")
    for flag, text in _SOURCE_TEXTS.items():
        source.add_argument(flag, help=text)
    helm = parser.add_argument_group("helm")
    helm.add_argument("--release-name", help="Helm's release name (default: the application's name)")
    helm.add_argument("--values-literal-file", metavar="FILE", help="a local values file, copied into the application")
    for flag, metavar, text in _HELM_LISTS:
        helm.add_argument(flag, action="append", default=[], metavar=metavar, help=f"{text} (repeatable)")
    repeated(parser, "-p", "--parameter", metavar="NAME=VALUE", text="a parameter, as --helm-set")
    switch(parser, "--helm-skip-crds", text="leave the chart's crds/ folder out", default=None)
    switch(parser, "--ignore-missing-value-files", text="do without value files that are not there", default=None)
    parser.add_argument("--nameprefix", help="Kustomize's namePrefix")
    parser.add_argument("--namesuffix", help="Kustomize's nameSuffix")
    repeated(parser, "--kustomize-image", metavar="IMAGE", text="an image as Kustomize overrides it, name=new:tag")
    switch(parser, "--directory-recurse", text="read manifests in subfolders too", default=None)
    parser.add_argument("--directory-include", metavar="GLOB", help="only files that fit")
    parser.add_argument("--directory-exclude", metavar="GLOB", help="no files that fit")
    _add_policy(parser)


_SOURCE_TEXTS = {
    "--repo": "address of the repository: Git, or a Helm chart repository",
    "--path": "folder in the repository",
    "--revision": "branch, tag, commit or version to follow",
    "--helm-chart": "name of a chart, when --repo is a chart repository",
    "--dest-server": "address of the destination cluster",
    "--dest-name": "name of the destination cluster, instead of --dest-server",
    "--dest-namespace": "namespace for objects that name none",
    "--project": "project of the application (default: default)",
}
_HELM_LISTS = (
    ("--values", "FILE", "a value file, relative to the chart"),
    ("--helm-set", "NAME=VALUE", "a parameter"),
    ("--helm-set-string", "NAME=VALUE", "a parameter that stays a string"),
    ("--helm-set-file", "NAME=PATH", "a parameter read from a file of the repository"),
)


def _add_policy(parser: Parser) -> None:
    parser.add_argument("--sync-policy", metavar="POLICY", help="automated, or none")
    switch(parser, "--auto-prune", text="automation also deletes what Git no longer has", default=None)
    switch(parser, "--self-heal", text="automation also undoes changes made in the cluster", default=None)
    switch(parser, "--allow-empty", text="automation may delete everything when Git is empty", default=None)
    repeated(parser, "--sync-option", metavar="KEY=VALUE", text="a sync option; !KEY=VALUE takes it away")
    parser.add_argument(
        "--sync-retry-limit", type=int, metavar="N", help="retries of a failed sync; -1 for ever, 0 none"
    )
    parser.add_argument("--sync-retry-backoff-duration", metavar="TIME", help="the first wait, as 5s or 2m")
    parser.add_argument("--sync-retry-backoff-max-duration", metavar="TIME", help="the longest wait")
    parser.add_argument("--sync-retry-backoff-factor", type=int, metavar="N", help="by what a wait grows")
    parser.add_argument("--revision-history-limit", type=int, metavar="N", help="deployments kept for a rollback (10)")


def change(spec: Spec, args: argparse.Namespace) -> None:
    """Raises Stop for a flag that does not fit the application."""
    source = spec["sources"][0] if spec.get("sources") else spec.setdefault("source", {})
    _put(source, repoURL=args.repo, path=args.path, targetRevision=args.revision, chart=args.helm_chart)
    destination = spec.setdefault("destination", {})
    _put(destination, server=args.dest_server, name=args.dest_name, namespace=args.dest_namespace)
    if args.dest_server and not args.dest_name:
        destination.pop("name", None)
    if args.dest_name and not args.dest_server:
        destination.pop("server", None)
    _put(spec, project=args.project, revisionHistoryLimit=args.revision_history_limit)
    _helm(source, args)
    kustomize = dict(source.get("kustomize") or {})
    _put(kustomize, namePrefix=args.nameprefix, nameSuffix=args.namesuffix)
    for image in args.kustomize_image:
        others = [known for known in kustomize.get("images") or () if _image_name(known) != _image_name(image)]
        kustomize["images"] = [*others, image]
    directory = dict(source.get("directory") or {})
    _put(directory, recurse=args.directory_recurse, include=args.directory_include, exclude=args.directory_exclude)
    _put(source, kustomize=kustomize or None, directory=directory or None)
    _policy(spec, args)


def _helm(source: Spec, args: argparse.Namespace) -> None:
    helm = dict(source.get("helm") or {})
    _put(
        helm,
        releaseName=args.release_name,
        valueFiles=args.values or None,
        skipCrds=args.helm_skip_crds,
        ignoreMissingValueFiles=args.ignore_missing_value_files,
        values=_read(args.values_literal_file) if args.values_literal_file else None,
    )
    for pair in [*args.helm_set, *args.parameter]:
        name, value = named(pair)
        _name(helm, "parameters", {"name": name, "value": value})
    for pair in args.helm_set_string:
        name, value = named(pair)
        _name(helm, "parameters", {"name": name, "value": value, "forceString": True})
    for pair in args.helm_set_file:
        name, path = named(pair)
        _name(helm, "fileParameters", {"name": name, "path": path})
    _put(source, helm=helm or None)


def _policy(spec: Spec, args: argparse.Namespace) -> None:
    policy = dict(spec.get("syncPolicy") or {})
    if args.sync_policy in ("automated", "automatic", "auto"):
        automated = {key: value for key, value in (policy.get("automated") or {}).items() if key != "enabled"}
        policy["automated"] = automated
    elif args.sync_policy in ("none", "manual", ""):
        policy.pop("automated", None)
    elif args.sync_policy is not None:
        raise Stop(f"--sync-policy must be automated or none, not {args.sync_policy}", USAGE)
    wishes = {"prune": args.auto_prune, "selfHeal": args.self_heal, "allowEmpty": args.allow_empty}
    given = {key: value for key, value in wishes.items() if value is not None}
    if given and policy.get("automated") is None:
        raise Stop("--auto-prune, --self-heal and --allow-empty go with --sync-policy automated", USAGE)
    if given:
        policy["automated"] = policy["automated"] | given
    _options(policy, args.sync_option)
    _retry(policy, args)
    if policy or "syncPolicy" in spec:
        spec["syncPolicy"] = policy


def _options(policy: Spec, wishes: list[str]) -> None:
    options = list(policy.get("syncOptions") or ())
    for wish in wishes:
        option, wanted = wish.removeprefix("!"), not wish.startswith("!")
        named(option)
        key = option.partition("=")[0]
        options = [known for known in options if (known.partition("=")[0] != key if wanted else known != option)]
        options += [option] if wanted else []
    if options:
        policy["syncOptions"] = options
    else:
        policy.pop("syncOptions", None)


def _retry(policy: Spec, args: argparse.Namespace) -> None:
    retry = dict(policy.get("retry") or {})
    backoff = dict(retry.get("backoff") or {})
    _put(
        backoff,
        duration=args.sync_retry_backoff_duration,
        maxDuration=args.sync_retry_backoff_max_duration,
        factor=args.sync_retry_backoff_factor,
    )
    _put(retry, limit=args.sync_retry_limit, backoff=backoff or None)
    if retry:
        policy["retry"] = retry


def named(pair: str) -> tuple[str, str]:
    """NAME=VALUE. Raises Stop."""
    name, separator, value = pair.partition("=")
    if not separator or not name:
        raise Stop(f"{pair!r} must be written NAME=VALUE", USAGE)
    return name, value


def _name(block: Spec, key: str, entry: dict[str, Any]) -> None:
    block[key] = [*(known for known in block.get(key) or () if known["name"] != entry["name"]), entry]


def _put(block: Spec, **values: Any) -> None:
    block.update({key: value for key, value in values.items() if value is not None})


def _image_name(image: str) -> str:
    """`name=new:tag`, `name:tag` and `name@digest` override the same image."""
    name = image.partition("=")[0].partition("@")[0]
    folder, slash, last = name.rpartition("/")
    return f"{folder}{slash}{last.partition(':')[0]}"


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise Stop(f"{path} cannot be read: {getattr(error, 'strerror', None) or 'it is not text'}") from None
