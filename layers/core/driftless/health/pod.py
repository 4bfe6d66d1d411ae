"""Pod: by its phase, and Degraded as soon as a container that should always run cannot (section 7).

Also here: what is wrong with a pod that does not come up, in words, for the workload that waits for it.
"""

from __future__ import annotations

from typing import Any

from driftless.health.reading import condition, degraded, healthy, is_true, progressing, spec, status, unknown
from driftless.vocabulary.model import Health
from driftless.vocabulary.objects import HELM_HOOK, HOOK, Manifest
from driftless.vocabulary.objects import annotations as annotations_of

KIND = ("", "Pod")
VERSIONS = frozenset({"v1"})
IGNORE_RESTART_POLICY = "argocd.argoproj.io/ignore-restart-policy"


def judge(obj: Manifest) -> Health:
    if _runs_for_ever(obj):
        stuck = next((words for c in _containers(obj) if (words := waiting_words(c))), None)
        if stuck:
            return degraded(stuck)
    phase = status(obj).get("phase")
    if phase == "Pending":
        return progressing(status(obj).get("message") or "The pod is not running yet")
    if phase == "Succeeded":
        return healthy(status(obj).get("message") or "")
    if phase == "Failed":
        return degraded(_failure(obj))
    if phase == "Running":
        return _running(obj)
    return unknown(f"The pod's phase is {phase or 'not known'}")


def waiting_words(container: dict[str, Any]) -> str | None:
    """Why a container status waits in vain (`Err…`, `…Error`, `…BackOff`), or None if it does not."""
    waiting = (container.get("state") or {}).get("waiting") or {}
    reason = waiting.get("reason") or ""
    if not reason.startswith("Err") and not reason.endswith(("Error", "BackOff")):
        return None
    return f"container {container.get('name')} is in {reason}{_last_end(container)}{_detail(waiting)}"


def _detail(part: dict[str, Any]) -> str:
    return f": {part['message']}" if part.get("message") else ""


def _last_end(container: dict[str, Any]) -> str:
    ended = (container.get("lastState") or {}).get("terminated")
    if not ended:
        return ""
    restarts = container.get("restartCount") or 0
    return f" (exit code {ended.get('exitCode')}, {ended.get('reason') or 'Error'}, {restarts} restarts)"


def _runs_for_ever(obj: Manifest) -> bool:
    if spec(obj).get("restartPolicy", "Always") == "Always":
        return True
    said = annotations_of(obj)
    return said.get(IGNORE_RESTART_POLICY) == "true" and HOOK not in said and HELM_HOOK not in said


def _containers(obj: Manifest) -> list[dict[str, Any]]:
    return status(obj).get("containerStatuses") or []


def _running(obj: Manifest) -> Health:
    if spec(obj).get("restartPolicy", "Always") != "Always":
        return progressing("The pod is running")
    if is_true(condition(obj, "Ready")):
        return healthy()
    crashed = next((c for c in _containers(obj) if (c.get("lastState") or {}).get("terminated")), None)
    if crashed:
        return degraded(f"container {crashed.get('name')} has ended and is not ready again{_last_end(crashed)}")
    return progressing("The pod is running, and not ready yet")


def _failure(obj: Manifest) -> str:
    if status(obj).get("message"):
        return str(status(obj)["message"])
    for container in (status(obj).get("initContainerStatuses") or []) + _containers(obj):
        ended = (container.get("state") or {}).get("terminated") or {}
        if ended.get("exitCode") or ended.get("reason") == "OOMKilled":
            why = ended.get("message") or ended.get("reason") or "Error"
            return f"container {container.get('name')} ended with exit code {ended.get('exitCode')}: {why}"
    return "The pod failed"
