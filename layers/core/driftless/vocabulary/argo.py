"""Argo CD's Application manifest, parsed once: refusals name the path of the field, unknown fields warn.

In: a manifest as a dict. Out: `Application`, or Refused. The facts are argo-behaviour's sections 1.1 and 1.2.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from driftless.vocabulary.application_shape import APPLICATION, RETRY
from driftless.vocabulary.durations import seconds
from driftless.vocabulary.errors import NotBuiltYet, Refused
from driftless.vocabulary.objects import Manifest, canonical_json
from driftless.vocabulary.schema import MapOf, check

API_VERSION = "argoproj.io/v1alpha1"
IN_CLUSTER = "https://kubernetes.default.svc"
RESOURCES_FINALIZER = "resources-finalizer.argocd.argoproj.io"
CONTROL_NAMESPACE = "argocd"
DEFAULT_HISTORY_LIMIT = 10


@dataclass(frozen=True, slots=True)
class Source:
    """Where the desired state is. `helm`, `kustomize`, `directory`: the block as written; None when it says nothing."""

    repo_url: str
    path: str
    chart: str
    target_revision: str
    helm: dict[str, Any] | None
    kustomize: dict[str, Any] | None
    directory: dict[str, Any] | None
    raw: dict[str, Any] = field(repr=False)
    """The source as written: what `comparedTo`, history and operations carry."""

    @staticmethod
    def of(raw: dict[str, Any]) -> Source:
        return Source(
            repo_url=raw["repoURL"],
            path=raw.get("path") or "",
            chart=raw.get("chart") or "",
            target_revision=raw.get("targetRevision") or "",
            helm=_block(raw, "helm"),
            kustomize=_block(raw, "kustomize"),
            directory=_block(raw, "directory"),
            raw=raw,
        )


def _block(raw: dict[str, Any], name: str) -> dict[str, Any] | None:
    """A block in which nothing is set (`helm: {}`, `recurse: false`) does not decide what kind of source it is."""
    block: dict[str, Any] = raw.get(name) or {}
    return block if any(block.values()) else None


@dataclass(frozen=True, slots=True)
class Destination:
    """Exactly one of `server` and `name` is set; `namespace` may be empty."""

    server: str
    name: str
    namespace: str


@dataclass(frozen=True, slots=True)
class Automated:
    prune: bool = False
    self_heal: bool = False
    allow_empty: bool = False


@dataclass(frozen=True, slots=True)
class IgnoreRule:
    """One entry of `ignoreDifferences`; group and kind are globs, an empty name or namespace means any."""

    group: str
    kind: str
    name: str = ""
    namespace: str = ""
    json_pointers: tuple[str, ...] = ()
    jq_path_expressions: tuple[str, ...] = ()
    managed_fields_managers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Application:
    """An accepted Application. `manifest` is what the user wrote, normalised; `warnings` names its unknown fields."""

    name: str
    project: str
    source: Source
    destination: Destination
    automated: Automated | None
    sync_options: frozenset[str]
    ignore: tuple[IgnoreRule, ...]
    history_limit: int
    manifest: Manifest = field(repr=False)
    warnings: tuple[str, ...] = ()

    @property
    def spec(self) -> dict[str, Any]:
        return dict(self.manifest["spec"])

    @property
    def annotations(self) -> dict[str, str]:
        return self.manifest["metadata"].get("annotations") or {}

    @property
    def finalizers(self) -> tuple[str, ...]:
        return tuple(self.manifest["metadata"].get("finalizers") or ())

    @property
    def cascades(self) -> bool:
        """Whether deleting the application deletes what it deployed: a resources finalizer, in any of its forms."""
        return any(f == RESOURCES_FINALIZER or f.startswith(f"{RESOURCES_FINALIZER}/") for f in self.finalizers)

    @property
    def inputs(self) -> bytes:
        """What a comparison depends on: when these bytes change, the application must be looked at again."""
        keys = ("source", "sources", "destination", "ignoreDifferences", "syncPolicy")
        return canonical_json({k: self.manifest["spec"].get(k) for k in keys})


def application(manifest: Any) -> Application:
    """Parse one Application. Raises Refused with the field's path, or NotBuiltYet for what Driftless cannot do yet."""
    if not isinstance(manifest, dict):
        raise Refused("an Application must be a map of fields")
    if manifest.get("kind") != "Application" or str(manifest.get("apiVersion", "")) != API_VERSION:
        got = f"{manifest.get('apiVersion', '')} {manifest.get('kind', '')}".strip() or "nothing"
        raise Refused(f"expected an Application of {API_VERSION}, got {got}")
    warnings = (*check(manifest, APPLICATION, ""), *_unused(manifest))
    meta, spec = _metadata(manifest), dict(manifest["spec"])
    _refuse_unbuilt(spec)
    source = _source(spec)
    policy = spec.get("syncPolicy") or {}
    retry(policy.get("retry"), "spec.syncPolicy.retry")
    spec["project"] = spec.get("project") or "default"
    spec["destination"] = _destination(spec["destination"])
    return Application(
        name=meta["name"],
        project=spec["project"],
        source=source,
        destination=Destination(**({"server": "", "name": "", "namespace": ""} | spec["destination"])),
        automated=_automated(policy.get("automated")),
        sync_options=frozenset(policy.get("syncOptions") or ()),
        ignore=tuple(_ignore(rule) for rule in spec.get("ignoreDifferences") or ()),
        history_limit=_history_limit(spec.get("revisionHistoryLimit")),
        manifest={"apiVersion": API_VERSION, "kind": "Application", "metadata": meta, "spec": _tidy(spec)},
        warnings=warnings,
    )


def retry(block: Any, path: str) -> None:
    """Refuse a retry block that could not be understood later, when a sync has failed and nobody is there to ask.

    `path` names the block: a spec's `spec.syncPolicy.retry`, or a sync request's `retryStrategy`.
    """
    list(check(block, RETRY, path))
    backoff = (block or {}).get("backoff") or {}
    for name in ("duration", "maxDuration"):
        if backoff.get(name) not in (None, ""):
            seconds(backoff[name], f"{path}.backoff.{name}")


_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")


def _metadata(manifest: Manifest) -> dict[str, Any]:
    meta = manifest["metadata"]
    name = meta.get("name") if isinstance(meta, dict) else None
    if not name:
        raise Refused("metadata.name is required")
    if not isinstance(name, str) or len(name) > 253 or not _NAME.fullmatch(name):
        raise Refused(f"metadata.name {name!r} is not a DNS name: lower-case letters, digits, '-' and '.', at most 253")
    for key in ("labels", "annotations"):
        list(check(meta.get(key), MapOf("string"), f"metadata.{key}"))
    list(check(meta.get("finalizers"), ["string"], "metadata.finalizers"))
    kept = ("name", "labels", "annotations", "finalizers")
    return {"namespace": CONTROL_NAMESPACE} | {k: meta[k] for k in kept if meta.get(k)}


def _unused(manifest: Manifest) -> list[str]:
    """Warnings for what Argo CD would act upon and Driftless leaves aside."""
    said = []
    namespace = manifest["metadata"].get("namespace") if isinstance(manifest["metadata"], dict) else None
    if namespace not in (None, "", CONTROL_NAMESPACE):
        said.append(f"metadata.namespace {namespace} is not used: every application is kept in {CONTROL_NAMESPACE}")
    if manifest.get("operation"):
        said.append("operation is not used: a sync is started with driftless app sync")
    return said


def _refuse_unbuilt(spec: dict[str, Any]) -> None:
    if spec.get("sourceHydrator"):
        raise NotBuiltYet("spec.sourceHydrator is not built yet", hint="use spec.source")
    if len(spec.get("sources") or ()) > 1:
        raise NotBuiltYet("spec.sources with more than one source is not built yet", hint="use one source")


def _source(spec: dict[str, Any]) -> Source:
    sources = spec.get("sources")
    raw = sources[0] if sources else spec.get("source")
    where = "spec.sources[0]" if sources else "spec.source"
    if not raw:
        raise Refused("spec.source is required")
    if not raw.get("path") and not raw.get("chart"):
        raise Refused(f"{where}.path or {where}.chart is required", hint='use path: "." for the root of the repository')
    if raw.get("chart") and not raw.get("targetRevision"):
        raise Refused(f"{where}.targetRevision is required for a chart: the version of the chart, or a range")
    blocks = [b for b in ("helm", "kustomize", "directory", "plugin") if _block(raw, b)]
    if len(blocks) > 1:
        raise Refused(f"{where} has {' and '.join(blocks)}: multiple application sources defined, keep one")
    if "plugin" in blocks:
        raise NotBuiltYet(
            f"{where}.plugin is not built yet", hint="render the manifests into Git, or use Helm or Kustomize"
        )
    return Source.of(raw)


def _destination(raw: dict[str, Any]) -> dict[str, Any]:
    server, name = (raw.get("server") or "").rstrip("/"), raw.get("name") or ""
    if not server and not name:
        raise Refused("spec.destination.server is required", hint=f"the local cluster is {IN_CLUSTER}")
    if server and name:
        raise Refused("spec.destination has both server and name", hint="keep one of them")
    return {k: v for k, v in (("server", server), ("name", name), ("namespace", raw.get("namespace") or "")) if v}


def _automated(raw: dict[str, Any] | None) -> Automated | None:
    """Presence switches automation on, even an empty block; `enabled: false` switches it off again."""
    if raw is None or raw.get("enabled") is False:
        return None
    return Automated(bool(raw.get("prune")), bool(raw.get("selfHeal")), bool(raw.get("allowEmpty")))


def _ignore(rule: dict[str, Any]) -> IgnoreRule:
    return IgnoreRule(
        group=rule.get("group") or "",
        kind=rule["kind"],
        name=rule.get("name") or "",
        namespace=rule.get("namespace") or "",
        json_pointers=tuple(rule.get("jsonPointers") or ()),
        jq_path_expressions=tuple(rule.get("jqPathExpressions") or ()),
        managed_fields_managers=tuple(rule.get("managedFieldsManagers") or ()),
    )


def _history_limit(limit: int | None) -> int:
    return DEFAULT_HISTORY_LIMIT if limit is None else max(limit, 0)


def _tidy(spec: dict[str, Any]) -> dict[str, Any]:
    """Drop what says nothing (null, an empty syncPolicy), as Argo CD does when it normalises a spec."""
    kept = {k: v for k, v in spec.items() if v is not None}
    if not any((kept.get("syncPolicy") or {}).values()) and (kept.get("syncPolicy") or {}).get("automated") is None:
        kept.pop("syncPolicy", None)
    return kept
