"""How one sync applies: Argo CD's sync options, of the application and of each object, with the object's own ahead.

In: `Key=value` strings and the switches of the operation. Out: one answer per question.
"""

from __future__ import annotations

from dataclasses import dataclass

from driftless.vocabulary.objects import Manifest, sync_options

_PROPAGATION = {"foreground": "Foreground", "background": "Background", "orphan": "Orphan"}


@dataclass(frozen=True, slots=True)
class Options:
    """`options`: the application's `syncOptions`.

    `operation` names one attempt of one operation, so that a step done twice does not run its hooks twice (hooks.py);
    a retry is another attempt. `cascade`: the application itself is going, so `Prune=` options do not keep an object
    (`Delete=` options do: they are the caller's).
    """

    options: frozenset[str] = frozenset()
    force: bool = False
    replace: bool = False
    dry_run: bool = False
    prune: bool = False
    propagation: str = ""
    """foreground, background or orphan; "" = what `PrunePropagationPolicy=` says, else foreground."""
    operation: str = ""
    cascade: bool = False

    def says(self, option: str, *objects: Manifest | None) -> bool:
        """Whether `Key=value` holds: one of the objects says so, or the application does and no object contradicts."""
        key = option.split("=", 1)[0] + "="
        own = [given for obj in objects if obj is not None for given in sync_options(obj) if given.startswith(key)]
        return option in own if own else option in self.options

    def forces(self, *objects: Manifest | None) -> bool:
        return self.force or self.says("Force=true", *objects)

    def replaces(self, *objects: Manifest | None) -> bool:
        return self.replace or self.says("Replace=true", *objects)

    def validation(self, target: Manifest) -> str:
        """The API server's fieldValidation: unknown fields are refused unless `Validate=false`."""
        return "Ignore" if self.says("Validate=false", target) else "Strict"

    def propagation_policy(self, live: Manifest | None = None) -> str:
        """The deletion's propagationPolicy. An unknown word falls back to foreground, which loses nothing."""
        words = [*(sync_options(live) if live else ()), *sorted(self.options)]
        key = "PrunePropagationPolicy="
        asked = self.propagation or next((word.removeprefix(key) for word in words if word.startswith(key)), "")
        return _PROPAGATION.get(asked.lower(), "Foreground")
