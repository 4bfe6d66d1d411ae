"""A difference as people read it: the unified text, and the list of fields with who changed each and when.

In: what Git wants (the dry run's answer, so that defaults do not show) and what is there. Out: text in the direction of
the lessons, `--- desired (Git)` and `+++ live (cluster)`; field changes. Secret values are masked in both.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from driftless.compare.masking import masked
from driftless.compare.normalise import normalised, sides
from driftless.compare.ownership import Path, last_owner
from driftless.vocabulary.argo import IgnoreRule
from driftless.vocabulary.objects import Manifest, ObjectKey

_CONTEXT_LINES = 3


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One drifted field. `desired` or `live` is None where that side does not have it.

    `manager`, `time` (RFC 3339) and `operation` (Apply or Update, with the subresource as in `Update scale`) say who
    claimed the live field last; they are "" where nobody can tell, as for a field that was removed.
    """

    path: str
    desired: Any
    live: Any
    manager: str = ""
    time: str = ""
    operation: str = ""


def unified(key: ObjectKey, desired: Manifest | None, live: Manifest | None, rules: tuple[IgnoreRule, ...] = ()) -> str:
    """The diff of one object, "" if there is none. A side that is None is empty.

    Raises NotBuiltYet for a rule with jqPathExpressions.
    """
    wanted, found = _shown(desired, live, rules)
    if wanted is not None and found is not None:
        found = _ordered_like(found, wanted)
    hunks = list(
        difflib.unified_diff(
            _lines(wanted), _lines(found), "desired (Git)", "live (cluster)", n=_CONTEXT_LINES, lineterm=""
        )
    )
    return "\n".join([f"===== {key} =====", *hunks, ""]) if hunks else ""


def changed_paths(
    predicted: Manifest | None, live: Manifest | None, rules: tuple[IgnoreRule, ...] = ()
) -> list[FieldChange]:
    """The fields in which the two differ, sorted by path; none when a side is missing: then all of it differs."""
    wanted, found = _shown(predicted, live, rules)
    if live is None or wanted is None or found is None or wanted == found:
        return []
    return sorted(_changes(wanted, found, live), key=lambda change: change.path)


def _shown(
    desired: Manifest | None, live: Manifest | None, rules: tuple[IgnoreRule, ...]
) -> tuple[Manifest | None, Manifest | None]:
    if desired is not None and live is not None:
        desired, live = sides(desired, live, rules)
    else:
        desired, live = (None if side is None else normalised(side) for side in (desired, live))
    wanted, found = masked(desired, live)
    return wanted, found


def _changes(wanted: Manifest, found: Manifest, live: Manifest) -> Iterator[FieldChange]:
    from deepdiff import DeepDiff
    from deepdiff.helper import notpresent

    def value(side: Any) -> Any:
        return None if side is notpresent else side

    differences = DeepDiff(wanted, found, view="tree", threshold_to_diff_deeper=0)
    for kind in differences.values():
        for level in kind:
            here = tuple(level.path(output_format="list", use_t2=level.t2 is not notpresent))
            owner = last_owner(live, here) if level.t2 is not notpresent else None
            yield FieldChange(
                path=_dotted(here),
                desired=value(level.t1),
                live=value(level.t2),
                manager=owner.manager if owner else "",
                time=owner.time if owner else "",
                operation=f"{owner.operation} {owner.subresource}".strip() if owner else "",
            )


def _dotted(path: Path) -> str:
    """`spec.template.spec.containers[0].image`; a name that holds a dot or a slash is quoted in brackets."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif "." in step or "/" in step:
            text += f'["{step}"]'
        else:
            text += f".{step}" if text else step
    return text


def _ordered_like(value: Any, model: Any) -> Any:
    """The same value with its fields in the order of `model`, so that order alone never shows as a difference."""
    if isinstance(value, dict) and isinstance(model, dict):
        names = [name for name in model if name in value] + [name for name in value if name not in model]
        return {name: _ordered_like(value[name], model.get(name)) for name in names}
    if isinstance(value, list) and isinstance(model, list):
        return [_ordered_like(item, model[at] if at < len(model) else None) for at, item in enumerate(value)]
    return value


class _Dumper(yaml.CSafeDumper):
    """Every value spelled out (no anchors), and text of several lines as a block, so that a hunk shows its line."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.CSafeDumper, text: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def _lines(obj: Manifest | None) -> list[str]:
    if obj is None:
        return []
    text = yaml.dump(obj, Dumper=_Dumper, sort_keys=False, default_flow_style=False, allow_unicode=True, width=4096)
    return str(text).splitlines()
