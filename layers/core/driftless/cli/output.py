"""What a command prints: tables in Argo CD's columns, JSON, YAML; colours on a terminal only."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterable, Sequence
from typing import Any

GAP = 2
_COLOURS = {
    "32": ("Synced", "Healthy", "Succeeded", "Pruned", "Successful"),
    "36": ("Progressing", "Running"),
    "33": ("OutOfSync", "Suspended", "Missing", "PruneSkipped", "Terminating"),
    "31": ("Degraded", "Failed", "Error", "SyncFailed"),
}
_COLOUR_OF = {word: colour for colour, words in _COLOURS.items() for word in words}
_WORD = re.compile(rf"(?<!\S)({'|'.join(_COLOUR_OF)})(?!\S)")


def widths(rows: Iterable[Sequence[str]]) -> list[int]:
    """The width of each column; the last one's does not matter, nothing stands behind it."""
    return [max(map(len, column)) for column in zip(*rows, strict=True)]


def line(row: Sequence[str], columns: Sequence[int]) -> str:
    cells = [cell.ljust(columns[n] + GAP) for n, cell in enumerate(row[:-1])]
    return ("".join(cells) + (row[-1] if row else "")).rstrip()


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    everything = [header, *([_flat(cell) for cell in row] for row in rows)]
    columns = widths(everything)
    for row in everything:
        say(line(row, columns))


def _flat(cell: str) -> str:
    # A tree's indentation stays; line breaks and runs of blanks in messages go.
    return cell[: len(cell) - len(cell.lstrip(" "))] + " ".join(cell.split())


def say(text: str = "") -> None:
    print(_painted(text), flush=True)


def facts(pairs: Iterable[tuple[str, str]]) -> None:
    """`Name:               value`, as `app get` writes it."""
    for name, value in pairs:
        say(f"{name + ':':<20}{value}".rstrip())


def document(value: Any, form: str) -> None:
    """`form` is json or yaml."""
    if form == "json":
        print(json.dumps(value, indent=2))
    else:
        print(as_yaml(value), end="")


def as_yaml(value: Any) -> str:
    import yaml

    text: str = yaml.safe_dump(value, sort_keys=False, default_flow_style=False, allow_unicode=True, width=120)
    return text


def on_terminal() -> bool:
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ


def _painted(text: str) -> str:
    return _WORD.sub(lambda m: f"\x1b[{_COLOUR_OF[m[1]]}m{m[1]}\x1b[0m", text) if on_terminal() else text
