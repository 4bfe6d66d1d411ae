"""An Application document, read as a person reads it: its name, policy, sync line, rows of resources.

In: the JSON of the REST API. Out: texts and rows for tables, in Argo CD's words. No request is made here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

Document = dict[str, Any]
Key = tuple[str, str, str, str]

RESOURCE_COLUMNS = ("GROUP", "KIND", "NAMESPACE", "NAME", "STATUS", "HEALTH", "HOOK", "MESSAGE")
ENDED = ("Succeeded", "Failed", "Error")


@dataclass(frozen=True, slots=True)
class ResourceRow:
    """One object as the last comparison and the last operation left it."""

    key: Key
    status: str = ""
    health: str = ""
    hook: str = ""
    message: str = ""

    @property
    def cells(self) -> tuple[str, ...]:
        return (*self.key, self.status, self.health, self.hook, self.message)


def qualified(document: Document) -> str:
    meta = document["metadata"]
    return f"{meta.get('namespace') or 'argocd'}/{meta['name']}"


def source(document: Document) -> dict[str, Any]:
    spec = document["spec"]
    found: dict[str, Any] = (spec.get("sources") or [spec.get("source") or {}])[0]
    return found


def sync_status(document: Document) -> str:
    return str(((document.get("status") or {}).get("sync") or {}).get("status") or "Unknown")


def health_status(document: Document) -> str:
    return str(((document.get("status") or {}).get("health") or {}).get("status") or "Unknown")


def operation_state(document: Document) -> dict[str, Any]:
    found: dict[str, Any] = (document.get("status") or {}).get("operationState") or {}
    return found


def in_operation(document: Document) -> bool:
    return bool(document.get("operation")) or operation_state(document).get("phase") in ("Running", "Terminating")


def automated(document: Document) -> dict[str, Any] | None:
    """The automation that is on, None when there is none or it is switched off."""
    block: dict[str, Any] | None = (document["spec"].get("syncPolicy") or {}).get("automated")
    return None if block is None or block.get("enabled") is False else block


def policy_word(document: Document) -> str:
    """The SYNCPOLICY column of `app list`."""
    block = automated(document)
    return "Manual" if block is None else "Auto-Prune" if block.get("prune") else "Auto"


def policy_text(document: Document) -> str:
    block = automated(document)
    return "Manual" if block is None else "Automated (Prune)" if block.get("prune") else "Automated"


def conditions_word(document: Document) -> str:
    counts: dict[str, int] = {}
    for condition in (document.get("status") or {}).get("conditions") or ():
        counts[condition["type"]] = counts.get(condition["type"], 0) + 1
    return ",".join(kind if n == 1 else f"{kind}({n})" for kind, n in sorted(counts.items())) or "<none>"


def revision_text(target: str, revision: str) -> str:
    """`main (abc1234)`; a target that is the commit or the version itself stands alone."""
    shown = target or "HEAD"
    if not revision or revision == target or re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", target):
        return shown
    return f"{shown} ({revision[:7] if re.fullmatch(r'[0-9a-f]{40}|[0-9a-f]{64}', revision) else revision})"


def sync_text(document: Document) -> str:
    """`Synced to main (abc1234)`, `OutOfSync from main (abc1234)`, `Unknown`."""
    word = sync_status(document)
    sync = (document.get("status") or {}).get("sync") or {}
    joint = {"Synced": "to", "OutOfSync": "from"}.get(word)
    return (
        f"{word} {joint} {revision_text(source(document).get('targetRevision') or '', sync.get('revision') or '')}"
        if joint
        else word
    )


def resource_rows(document: Document) -> list[ResourceRow]:
    """What the last operation touched, in its order, then what the last comparison knows besides."""
    status = document.get("status") or {}
    live = {_key(row): row for row in status.get("resources") or ()}
    rows = []
    for result in (operation_state(document).get("syncResult") or {}).get("resources") or ():
        key = _key(result)
        hook = str(result.get("hookType") or "")
        row = {} if hook else live.pop(key, {})
        own = result.get("hookPhase") if hook else result.get("status")
        rows.append(_row(key, row, str(row.get("status") or own or ""), hook, str(result.get("message") or "")))
    return rows + [_row(key, row, str(row.get("status") or ""), "", "") for key, row in live.items()]


def _row(key: Key, live: dict[str, Any], status: str, hook: str, message: str) -> ResourceRow:
    health = live.get("health") or {}
    return ResourceRow(key, status, str(health.get("status") or ""), hook, message or str(health.get("message") or ""))


def _key(row: dict[str, Any]) -> Key:
    return (str(row.get("group") or ""), row["kind"], str(row.get("namespace") or ""), row["name"])
