"""Job: by its conditions; a Failed one wins over all others (section 7)."""

from __future__ import annotations

from driftless.health.reading import (
    condition,
    count,
    degraded,
    healthy,
    is_true,
    progressing,
    status,
    suspended,
    with_reason,
)
from driftless.vocabulary.model import Health
from driftless.vocabulary.objects import Manifest

KIND = ("batch", "Job")
VERSIONS = frozenset({"v1"})


def judge(obj: Manifest) -> Health:
    failed = condition(obj, "Failed")
    if failed:
        return degraded(with_reason("The Job failed", failed))
    held = condition(obj, "Suspended")
    if held and is_true(held):
        return suspended(with_reason("The Job is suspended", held))
    if condition(obj, "Complete") or held:
        return healthy()
    now = status(obj)
    return progressing(
        f"The Job is not complete: {count(now, 'active')} pods active, "
        f"{count(now, 'succeeded')} succeeded, {count(now, 'failed')} failed"
    )
