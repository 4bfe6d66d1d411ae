"""What Git wants, as objects: artifact → render → bundle, each named by digest and never made twice.

In: an application and the target that fetch resolved. Out: `Desired`. Raises SourceError when it cannot be rendered.
"""

from __future__ import annotations

import contextlib
import tempfile
import zlib
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson

from driftless import checkout, render
from driftless.flows.wiring import World
from driftless.outlets.tools import Tools
from driftless.record.state import State, Target
from driftless.vocabulary.argo import Application, Source
from driftless.vocabulary.errors import NotFound, SourceError
from driftless.vocabulary.model import Capabilities
from driftless.vocabulary.objects import Manifest, digest_of

BUNDLES = "bundles"
ARTIFACTS = "artifacts"


@dataclass(frozen=True, slots=True)
class Desired:
    """A bundle and where it comes from. `render_key` names everything that the render depended on."""

    bundle: str
    objects: tuple[Manifest, ...] = field(repr=False)
    revision: str
    source: dict[str, Any]
    source_type: str = ""
    render_key: str = ""
    target: Target | None = None


def from_target(
    app: Application, target: Target, capabilities: Capabilities, world: World, known: dict[str, str]
) -> Desired:
    """`known` is what the last visit remembered (`remembered`): with the same render key the bundle is only read."""
    key = _render_key(app, target, capabilities)
    if known.get("key") == key:
        with contextlib.suppress(NotFound):
            bundle, source_type = known["bundle"], known["sourceType"]
            return Desired(bundle, from_store(bundle, world), target.revision, target.source, source_type, key, target)
    rendered = _render(app, target, capabilities, world)
    bundle = keep(rendered.objects, world)
    return Desired(bundle, rendered.objects, target.revision, target.source, rendered.source_type, key, target)


def remembered(desired: Desired) -> dict[str, str]:
    return {"key": desired.render_key, "bundle": desired.bundle, "sourceType": desired.source_type}


def forgotten(state: State) -> State:
    """What was rendered is rendered anew at the next look (a hard refresh)."""
    return replace(state, memory={k: v for k, v in state.memory.items() if k != "rendered"})


def keep(objects: tuple[Manifest, ...], world: World) -> str:
    """Store a bundle under the digest of its content."""
    digest = digest_of(objects)
    world.store().put(BUNDLES, digest, zlib.compress(orjson.dumps(objects), 3))
    _recall(digest, objects)
    return digest


def from_store(bundle: str, world: World) -> tuple[Manifest, ...]:
    """Raises NotFound when the bundle was never stored, or was removed from the bucket."""
    if bundle in _recent:
        return _recent[bundle]
    objects = tuple(orjson.loads(zlib.decompress(world.store().get(BUNDLES, bundle))))
    _recall(bundle, objects)
    return objects


_recent: OrderedDict[str, tuple[Manifest, ...]] = OrderedDict()
_RECENT_BUNDLES = 16


def _recall(bundle: str, objects: tuple[Manifest, ...]) -> None:
    _recent[bundle] = objects
    while len(_recent) > _RECENT_BUNDLES:
        _recent.popitem(last=False)


def _render_key(app: Application, target: Target, capabilities: Capabilities) -> str:
    """Only Helm sees the cluster's capabilities, and only a source that asks for it sees the revision."""
    helm = bool(app.source.helm) or not (app.source.kustomize or app.source.directory)
    return digest_of(
        [
            target.artifact,
            target.source,
            app.name,
            app.destination.namespace,
            app.project,
            [capabilities.kube_version, *capabilities.api_versions] if helm else [],
            target.revision if "ARGOCD_APP_REVISION" in str(target.source) else "",
        ]
    )


def _render(app: Application, target: Target, capabilities: Capabilities, world: World) -> render.Rendered:
    context = render.Context(
        app_name=app.name,
        namespace=app.destination.namespace,
        project=app.project,
        revision=target.revision,
        capabilities=capabilities,
    )
    try:
        artifact = world.store().get(ARTIFACTS, target.artifact)
    except NotFound as gone:
        raise SourceError("checkout", f"{gone.message} any more", hint="push a commit that changes it") from gone
    with tempfile.TemporaryDirectory(prefix="driftless-") as folder:
        checkout.unpack(artifact, Path(folder))
        return render.render(Path(folder), Source.of(target.source), context, Tools())
