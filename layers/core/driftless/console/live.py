"""/applications/NAME/managed-resources, manifests, resource-tree: what needs a render or the cluster is asked of sync.

In: a request. Out: the sync function's result document, narrowed by the query. The console itself reaches no cluster.
"""

from __future__ import annotations

from typing import Any

from driftless.console import applications
from driftless.console.call import Call
from driftless.console.request import Answer
from driftless.vocabulary.errors import DriftlessError

NARROWING = ("group", "kind", "namespace", "name")


def managed_resources(call: Call) -> Answer:
    """Items: {group, kind, namespace, name, targetState, liveState, diff}; states are JSON text, `diff` is unified.

    ?group=&kind=&namespace=&name= narrow it; ?revision= compares with another revision.
    """
    found = ask(call, "diff", revision=call.request.first("revision"))
    wanted = {key: call.request.first(key) for key in NARROWING if call.request.first(key)}
    rows = [row for row in found.get("items") or () if all(row.get(key) == value for key, value in wanted.items())]
    return Answer({"items": rows})


def manifests(call: Call) -> Answer:
    """{"manifests": [JSON text], "revision"}; ?revision= renders another one."""
    return Answer(ask(call, "manifests", revision=call.request.first("revision")))


def resource_tree(call: Call) -> Answer:
    """{"nodes": [{group, version, kind, namespace, name, parentRefs, health}]}."""
    return Answer(ask(call, "resource-tree"))


def ask(call: Call, action: str, **wishes: str) -> dict[str, Any]:
    """The sync function's result; its refusal is raised as `Relayed`."""
    stored = applications.find(call, "get")
    document = {"action": action, "application": stored.application.name}
    result = call.around.live(document | {key: value for key, value in wishes.items() if value})
    if "error" in result and "code" in result:
        raise Relayed(result)
    return result


class Relayed(DriftlessError):
    """What the sync function refused, with its own word, code and sentence."""

    def __init__(self, result: dict[str, Any]) -> None:
        super().__init__(str(result.get("message") or result["error"]))
        self.word = str(result["error"])
        self.code = int(result["code"])
