"""Which resource answers? A table of method and path, and the boundary that turns what is raised into JSON.

In: one HTTP API event and the surroundings. Out: the payload of its answer. Our own table, because Powertools'
resolver costs 98 ms of every cold start (418 ms with cold files, stack.md section 4) and this one none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from driftless.console import account, applications, catalog, clusters, identity, live, operations, pages, session
from driftless.console.call import Call, Surroundings
from driftless.console.request import Answer, Request, parse
from driftless.vocabulary.errors import DriftlessError, NotFound, Refused, Unauthorized

Resource = Callable[[Call], Answer]


class MethodNotAllowed(Refused):
    code = 405


@dataclass(frozen=True, slots=True)
class Route:
    path: re.Pattern[str]
    methods: Mapping[str, Resource]


def _route(path: str, **methods: Resource) -> Route:
    """`{name}` is one step of the path, `{name+}` all that is left."""
    pattern = re.sub(r"\{(\w+)\+\}", r"(?P<\1>.+)", path)
    pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", pattern)
    return Route(re.compile(pattern), methods)


_APP = "/api/v1/applications/{name}"
ROUTES = (
    _route("/api/v1/applications", GET=applications.listing, POST=applications.create),
    _route(_APP, GET=applications.get, PUT=applications.put, PATCH=applications.patch, DELETE=applications.delete),
    _route(f"{_APP}/spec", PUT=applications.put_spec),
    _route(f"{_APP}/sync", POST=operations.sync),
    _route(f"{_APP}/rollback", POST=operations.rollback),
    _route(f"{_APP}/resume", POST=operations.resume),
    _route(f"{_APP}/operation", DELETE=operations.terminate),
    _route(f"{_APP}/managed-resources", GET=live.managed_resources),
    _route(f"{_APP}/manifests", GET=live.manifests),
    _route(f"{_APP}/resource-tree", GET=live.resource_tree),
    _route(f"{_APP}/events", GET=applications.events),
    _route(f"{_APP}/syncwindows", GET=applications.sync_windows),
    _route("/api/v1/clusters", GET=clusters.listing, POST=clusters.create),
    _route("/api/v1/clusters/{server+}", GET=clusters.get, DELETE=clusters.delete),
    _route("/api/v1/repositories", GET=catalog.repositories),
    _route("/api/v1/projects", GET=catalog.projects, POST=catalog.create_project),
    _route("/api/v1/projects/{name}", GET=catalog.project),
    _route("/api/v1/applicationsets", GET=catalog.application_sets, POST=catalog.create_application_set),
    _route("/api/v1/account/can-i/{resource}/{action}/{subject+}", GET=account.can_i),
    _route("/api/v1/session/userinfo", GET=account.user_info),
    _route("/api/v1/version", GET=account.version),
    _route("/api/version", GET=account.version),
    _route("/", GET=pages.overview),
    _route("/applications/{name}", GET=pages.application),
)


def answer(event: Mapping[str, Any], around: Surroundings) -> Answer:
    """One request. Raises DriftlessError by meaning; `refusal` makes its answer."""
    request = parse(event)
    if request.path == session.PATH:
        return session.answer(request, around)
    page = not request.path.startswith("/api/")
    try:
        who = identity.verify(request, around.token)
    except Unauthorized:
        if page and request.method == "GET":
            return pages.login(request)
        raise
    resource, parts = _find(request)
    return resource(Call(request, who, around, parts))


def refusal(error: DriftlessError) -> Answer:
    """The one shape of an error: what, where and what to do next in `message`; `error` is its meaning's name."""
    if isinstance(error, live.Relayed):
        word = error.word
    else:
        word = next(kind.__name__ for kind in type(error).__mro__ if kind.__module__ == DriftlessError.__module__)
    return Answer({"error": word, "code": error.code, "message": str(error)}, status=error.code)


def _find(request: Request) -> tuple[Resource, dict[str, str]]:
    path = request.path.rstrip("/") or "/"
    for route in ROUTES:
        found = route.path.fullmatch(path)
        if not found:
            continue
        resource = route.methods.get("GET" if request.method == "HEAD" else request.method)
        if resource is None:
            raise MethodNotAllowed(f"{request.method} is not allowed here", hint=f"use {', '.join(route.methods)}")
        return resource, {name: unquote(text) for name, text in found.groupdict().items()}
    raise NotFound(f"there is nothing at {request.path[:200]}")
