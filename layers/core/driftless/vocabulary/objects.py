"""Kubernetes objects stay dicts; this names the parts that every room asks for.

In: one object as parsed from YAML or read from the API server. Out: its key, its annotations, its digest.
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

Manifest = dict[str, Any]
"""One Kubernetes object as JSON values."""

FIELD_MANAGER = "driftless"
"""The name under which we own fields: what we apply, what we compare and whose drift we see."""
DECLARED_BEFORE_US = frozenset(
    {
        ("kubectl-client-side-apply", "Update"),
        ("argocd-controller", "Update"),
        ("argocd-controller", "Apply"),
        ("helm", "Update"),
        ("helm", "Apply"),
        (FIELD_MANAGER, "Update"),
    }
)
"""(manager, operation) of those who declare whole objects: their fields become ours, to take away again."""
TRACKING_ID = "argocd.argoproj.io/tracking-id"
SYNC_OPTIONS = "argocd.argoproj.io/sync-options"
COMPARE_OPTIONS = "argocd.argoproj.io/compare-options"
SYNC_WAVE = "argocd.argoproj.io/sync-wave"
HOOK = "argocd.argoproj.io/hook"
HOOK_DELETE_POLICY = "argocd.argoproj.io/hook-delete-policy"
HOOK_FINALIZER = "argocd.argoproj.io/hook-finalizer"
IGNORE_HEALTHCHECK = "argocd.argoproj.io/ignore-healthcheck"
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
HELM_HOOK = "helm.sh/hook"
HELM_HOOK_WEIGHT = "helm.sh/hook-weight"
HELM_HOOK_DELETE_POLICY = "helm.sh/hook-delete-policy"
HELM_RESOURCE_POLICY = "helm.sh/resource-policy"


@dataclass(frozen=True, order=True, slots=True)
class ObjectKey:
    """What makes an object the same object; the version is not part of it. `namespace` is "" at cluster scope."""

    group: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        """`apps/Deployment payments/payments`, as Argo CD writes it in a diff header; the core group is left out."""
        kind = f"{self.group}/{self.kind}" if self.group else self.kind
        return f"{kind} {self.namespace}/{self.name}" if self.namespace else f"{kind} {self.name}"


def group_version(obj: Manifest) -> tuple[str, str]:
    """`apps/v1` -> ("apps", "v1"); `v1` -> ("", "v1")."""
    group, _, version = str(obj.get("apiVersion", "")).rpartition("/")
    return group, version


def key_of(obj: Manifest) -> ObjectKey:
    meta = obj.get("metadata") or {}
    name = str(meta.get("name") or meta.get("generateName") or "")
    return ObjectKey(group_version(obj)[0], str(obj.get("kind", "")), str(meta.get("namespace") or ""), name)


def annotations(obj: Manifest) -> dict[str, str]:
    return (obj.get("metadata") or {}).get("annotations") or {}


def labels(obj: Manifest) -> dict[str, str]:
    return (obj.get("metadata") or {}).get("labels") or {}


def listed(value: str | None) -> tuple[str, ...]:
    """A comma list as Argo CD reads it: trimmed, empty entries dropped, first mention kept."""
    return tuple(dict.fromkeys(part.strip() for part in (value or "").split(",") if part.strip()))


def sync_options(obj: Manifest) -> tuple[str, ...]:
    """The object's own `Key=value` sync options."""
    return listed(annotations(obj).get(SYNC_OPTIONS))


def canonical_json(value: Any) -> bytes:
    """The one byte form that digests are taken of: sorted keys, no spaces, UTF-8."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def digest_of(value: Any) -> str:
    """SHA-256, hex, of the canonical JSON of `value`."""
    return hashlib.sha256(canonical_json(value)).hexdigest()
