"""Argo CD's Application manifest, parsed once: refusals name the path of the field, unknown fields warn.

In: a manifest as a dict. Out: `Application`, or Refused. The facts are argo-behaviour's sections 1.1 and 1.2.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from driftless.vocabulary.errors import NotBuiltYet, Refused
from driftless.vocabulary.objects import Manifest, canonical_json
from driftless.vocabulary.schema import MapOf, check

API_VERSION = "argoproj.io/v1alpha1"
IN_CLUSTER = "https://kubernetes.default.svc"
RESOURCES_FINALIZER = "resources-finalizer.argocd.argoproj.io"
CONTROL_NAMESPACE = "argocd"
DEFAULT_HISTORY_LIMIT = 10

_NAMED_VALUE = {"name": "string", "value": "any", "forceString": "boolean", "path": "string", "code": "boolean"}
_HELM = {
    "valueFiles": ["string"],
    "values": "string",
    "valuesObject": "any",
    "parameters": [_NAMED_VALUE],
    "fileParameters": [_NAMED_VALUE],
    "releaseName": "string",
    "version": "string",
    "passCredentials": "boolean",
    "ignoreMissingValueFiles": "boolean",
    "skipCrds": "boolean",
    "skipTests": "boolean",
    "skipSchemaValidation": "boolean",
    "namespace": "string",
    "kubeVersion": "string",
    "apiVersions": ["string"],
}
_KUSTOMIZE = {
    "namePrefix": "string",
    "nameSuffix": "string",
    "images": ["string"],
    "replicas": [{"name!": "string", "count!": "int-or-string"}],
    "commonLabels": MapOf("string"),
    "commonAnnotations": MapOf("string"),
    "forceCommonLabels": "boolean",
    "forceCommonAnnotations": "boolean",
    "commonAnnotationsEnvsubst": "boolean",
    "labelWithoutSelector": "boolean",
    "labelIncludeTemplates": "boolean",
    "namespace": "string",
    "patches": [{"path": "string", "patch": "string", "target": MapOf("string"), "options": MapOf("boolean")}],
    "components": ["string"],
    "ignoreMissingComponents": "boolean",
    "version": "string",
    "kubeVersion": "string",
    "apiVersions": ["string"],
}
_DIRECTORY = {
    "recurse": "boolean",
    "include": "string",
    "exclude": "string",
    "disableExtensionFilter": "boolean",
    "jsonnet": {"extVars": [_NAMED_VALUE], "tlas": [_NAMED_VALUE], "libs": ["string"]},
}
_SOURCE = {
    "repoURL!": "string",
    "path": "string",
    "chart": "string",
    "targetRevision": "string",
    "ref": "string",
    "name": "string",
    "tagPrefix": "string",
    "helm": _HELM,
    "kustomize": _KUSTOMIZE,
    "directory": _DIRECTORY,
    "plugin": {"name": "string", "env": [_NAMED_VALUE], "parameters": "any"},
}
_AUTOMATED = {"enabled": "boolean", "prune": "boolean", "selfHeal": "boolean", "allowEmpty": "boolean"}
_RETRY = {
    "limit": "integer",
    "refresh": "boolean",
    "backoff": {"duration": "int-or-string", "factor": "integer", "maxDuration": "int-or-string"},
}
_SPEC = {
    "project": "string",
    "source": _SOURCE,
    "sources": [_SOURCE],
    "sourceHydrator": "any",
    "destination!": {"server": "string", "name": "string", "namespace": "string"},
    "syncPolicy": {
        "automated": _AUTOMATED,
        "syncOptions": ["string"],
        "retry": _RETRY,
        "managedNamespaceMetadata": {"labels": MapOf("string"), "annotations": MapOf("string")},
    },
    "ignoreDifferences": [
        {
            "group": "string",
            "kind!": "string",
            "name": "string",
            "namespace": "string",
            "jsonPointers": ["string"],
            "jqPathExpressions": ["string"],
            "managedFieldsManagers": ["string"],
        }
    ],
    "info": [{"name": "string", "value": "string"}],
    "revisionHistoryLimit": "integer",
}
_APPLICATION = {
    "apiVersion!": "string",
    "kind!": "string",
    "metadata!": "any",
    "spec!": _SPEC,
    "status": "any",
    "operation": "any",
}


@dataclass(frozen=True, slots=True)
class Source:
    """Where the desired state is. `helm`, `kustomize`, `directory`: the block as written, or None when empty."""

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
            helm=raw.get("helm") or None,
            kustomize=raw.get("kustomize") or None,
            directory=raw.get("directory") or None,
            raw=raw,
        )


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
        keys = ("source", "destination", "ignoreDifferences", "syncPolicy")
        return canonical_json({k: self.manifest["spec"].get(k) for k in keys})


def application(manifest: Any) -> Application:
    """Parse one Application. Raises Refused with the field's path, or NotBuiltYet for what Driftless cannot do yet."""
    if not isinstance(manifest, dict):
        raise Refused("an Application must be a map of fields")
    if manifest.get("kind") != "Application" or str(manifest.get("apiVersion", "")) != API_VERSION:
        got = f"{manifest.get('apiVersion', '')} {manifest.get('kind', '')}".strip() or "nothing"
        raise Refused(f"expected an Application of {API_VERSION}, got {got}")
    warnings = tuple(check(manifest, _APPLICATION, "application"))
    meta, spec = _metadata(manifest), dict(manifest["spec"])
    _refuse_unbuilt(spec)
    source = _source(spec)
    policy = spec.get("syncPolicy") or {}
    automated = policy.get("automated")
    spec["project"] = spec.get("project") or "default"
    spec["destination"] = _destination(spec["destination"])
    return Application(
        name=meta["name"],
        project=spec["project"],
        source=source,
        destination=Destination(**({"server": "", "name": "", "namespace": ""} | spec["destination"])),
        automated=_automated(automated),
        sync_options=frozenset(policy.get("syncOptions") or ()),
        ignore=tuple(_ignore(rule) for rule in spec.get("ignoreDifferences") or ()),
        history_limit=_history_limit(spec.get("revisionHistoryLimit")),
        manifest={"apiVersion": API_VERSION, "kind": "Application", "metadata": meta, "spec": _tidy(spec)},
        warnings=tuple(w.replace("application.", "", 1) for w in warnings),
    )


_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")


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
    blocks = [b for b in ("helm", "kustomize", "directory", "plugin") if raw.get(b)]
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
