"""Findings are told: artifact into the store, target into the state, a message to sync, and only then remembered.

In: the findings of one look-up and the fence that orders it. Out: how many applications were told. The order is what
makes a crash harmless: what is not remembered is found again. Ten applications share a request where AWS can.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace

from driftless import checkout
from driftless.flows.fetching.look import FAILED, Finding, failure
from driftless.flows.wiring import World
from driftless.outlets.table import ConditionFailed, Write
from driftless.record import applications, state
from driftless.vocabulary.errors import SourceError, Unavailable

ARTIFACTS = "artifacts"
TOGETHER = 10
"""Applications per request: SQS' limit for one batch."""
WORKERS = 8


@dataclass(frozen=True, slots=True)
class _Parcel:
    findings: list[Finding]
    artifacts: dict[str, bytes]


def publish(findings: Sequence[Finding], fence: int, world: World) -> int:
    """Raises Unavailable when AWS is down; what was told until then stays told and remembered."""
    if len(findings) <= TOGETHER:
        return sum(_deliver(parcel, fence, world) for parcel in _parcels(findings))
    told = 0
    with ThreadPoolExecutor(WORKERS) as workers:
        under_way: list[Future[int]] = []
        for parcel in _parcels(findings):
            under_way.append(workers.submit(_deliver, parcel, fence, world))
            if len(under_way) > WORKERS:  # bounds what lies packed in memory
                told += under_way.pop(0).result()
        told += sum(future.result() for future in under_way)
    return told


def _parcels(findings: Sequence[Finding]) -> Iterator[_Parcel]:
    """Packed here, by one thread: a Git store is not made for more."""
    for start in range(0, len(findings), TOGETHER):
        parcel = _Parcel([], {})
        for finding in findings[start : start + TOGETHER]:
            parcel.findings.append(_packed(finding, parcel))
        yield parcel


def _packed(finding: Finding, parcel: _Parcel) -> Finding:
    """Put the artifact's bytes into the parcel, once per digest; too large an artifact is a finding of its own.

    A digest in another parcel too is put twice: each parcel tells only of what it has stored itself.
    """
    if finding.trees is None or finding.artifact in (*parcel.artifacts, finding.interest.artifact):
        return finding
    try:
        parcel.artifacts[finding.artifact] = checkout.pack(finding.trees, finding.files)
    except SourceError as error:
        refused = failure(finding.interest, error, finding.target.at if finding.target else 0.0)
        return replace(refused, seen=FAILED + finding.seen)
    return finding


def _deliver(parcel: _Parcel, fence: int, world: World) -> int:
    for digest, data in parcel.artifacts.items():
        world.store().put(ARTIFACTS, digest, data)
    news = [f for f in parcel.findings if f.target is not None]
    writes = [state.set_target(f.interest.application, f.target, fence) for f in news if f.target is not None]
    done = [f for f, ok in zip(news, _written(writes, world), strict=True) if ok]
    if done:
        messages = [({"application": f.interest.application, "cause": _cause(f)}, 0) for f in done]
        world.sync_queue().send_all(messages)
    rest = [f for f in parcel.findings if f.target is None]
    remembered = [applications.remember_inputs(f.interest, f.seen, f.artifact, f.inputs) for f in [*done, *rest]]
    _written(remembered, world)
    return len(done)


def _cause(finding: Finding) -> str:
    return "error" if finding.seen.startswith(FAILED) else "commit"


def _written(writes: Sequence[Write], world: World) -> list[bool]:
    """Carry the writes out, together if possible. False for one that a condition refused: gone, or overtaken."""
    if not writes:
        return []
    if len(writes) > 1:
        try:
            world.table.write(*writes)
        except (ConditionFailed, Unavailable):
            pass  # one of them: the single writes tell which
        else:
            return [True] * len(writes)
    return [_accepted(write, world) for write in writes]


def _accepted(write: Write, world: World) -> bool:
    try:
        world.table.write(write)
    except ConditionFailed:
        return False
    return True
