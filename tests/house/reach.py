"""Which settings can a function read? Found in the source, by following names from its handler.

In: the handler's file. Out: the names of the DRIFTLESS_ variables that code within its reach asks `settings` for. A
definition is within reach when code within reach names it; what `World` is made of counts when its attribute is used.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CORE = ROOT / "layers" / "core"
SETTINGS = "driftless.outlets.settings"
WORLD = "driftless.flows.wiring.World"
Node = tuple[str, str]
"""(module, name of a definition at its top level)"""


@dataclass
class Module:
    definitions: dict[str, ast.AST] = field(default_factory=dict)
    imports: dict[str, str] = field(default_factory=dict)
    """Local name → dotted name of a module, or of a definition in one."""


def settings_read(handler: Path) -> set[str]:
    """Names without the DRIFTLESS_ prefix."""
    return {name for node in within_reach(handler) for name in _asked(node)}


@cache
def within_reach(handler: Path) -> frozenset[Node]:
    """Every definition that the handler's code can come to."""
    reached: set[Node] = set()
    attributes: set[str] = set()
    waiting: list[Node] = [(str(handler), name) for name in _module(handler).definitions]
    while waiting:
        node = waiting.pop()
        if node in reached:
            continue
        reached.add(node)
        body = _load(node[0]).definitions[node[1]]
        waiting += _named(node[0], body)
        fresh = {a.attr for a in ast.walk(body) if isinstance(a, ast.Attribute)} - attributes
        attributes |= fresh
        waiting += [n for attribute in fresh for n in _world().get(attribute, [])]
    return frozenset(reached)


def _asked(node: Node) -> set[str]:
    """Constants given to settings.get and settings.optional, or to get and optional within settings itself."""
    found = set()
    for call in _calls(_load(node[0]).definitions[node[1]]):
        wanted = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        owner = getattr(call.func.value, "id", "") if isinstance(call.func, ast.Attribute) else ""
        is_settings = _load(node[0]).imports.get(owner) == SETTINGS or node[0] == SETTINGS
        if is_settings and wanted in ("get", "optional") and call.args and isinstance(call.args[0], ast.Constant):
            found.add(str(call.args[0].value))
    return found


def _named(module: str, body: ast.AST) -> Iterator[Node]:
    """What `body` names: definitions of its own module and of those it imports; but not the parts of a World."""
    skipped = {n for call in _calls(body) if _is_world(module, call) for k in call.keywords for n in ast.walk(k)}
    loaded = _load(module)
    for node in ast.walk(body):
        if node in skipped:
            continue
        if isinstance(node, ast.Name):
            if node.id in loaded.definitions:
                yield module, node.id
            yield from _resolved(loaded.imports.get(node.id, ""))
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            yield from _resolved(f"{loaded.imports.get(node.value.id, '')}.{node.attr}")


def _resolved(dotted: str) -> Iterator[Node]:
    module, _, name = dotted.rpartition(".")
    if not module.startswith("driftless") or not _file(module):
        return
    if name in _load(module).definitions:
        yield module, name
    elif _load(module).imports.get(name, dotted) != dotted:  # a package hands on what its module defines
        yield from _resolved(_load(module).imports[name])


@cache
def _world() -> dict[str, list[Node]]:
    """Attribute of World → what the expression that makes it names."""
    parts = {}
    module = WORLD.rpartition(".")[0]
    for name, body in _load(module).definitions.items():
        for call in _calls(body):
            if _is_world(module, call):
                for keyword in call.keywords:
                    parts[str(keyword.arg)] = [n for n in _named(module, keyword) if n != (module, name)]
    return parts


def _is_world(module: str, call: ast.Call) -> bool:
    return f"{module}.{getattr(call.func, 'id', '')}" == WORLD


def _calls(body: ast.AST) -> list[ast.Call]:
    return [node for node in ast.walk(body) if isinstance(node, ast.Call)]


@cache
def _load(name: str) -> Module:
    return _module(_file(name) or Path(name))


def _file(module: str) -> Path | None:
    path = CORE / module.replace(".", "/")
    return next((p for p in (path.with_suffix(".py"), path / "__init__.py") if p.is_file()), None)


def _module(path: Path) -> Module:
    found = Module()
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            found.imports |= {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
        elif isinstance(node, ast.Import):
            found.imports |= {a.asname or a.name: a.name for a in node.names}
    for statement in tree.body:
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):
            found.definitions[statement.name] = statement
        elif isinstance(statement, ast.Assign | ast.AnnAssign):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            found.definitions |= {t.id: statement for t in targets if isinstance(t, ast.Name)}
    return found
