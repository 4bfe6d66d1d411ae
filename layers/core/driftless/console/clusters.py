"""/clusters: where applications may go. Credentials come in and never go out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from driftless.console import shape
from driftless.console.call import Call
from driftless.console.request import Answer
from driftless.outlets import settings
from driftless.outlets.table import ConditionFailed
from driftless.record import applications, clusters, state
from driftless.record.clusters import Registered
from driftless.vocabulary.errors import Conflict, NotFound, Refused

SHOWN = ("endpoint", "caData", "awsClusterName", "region", "roleARN")
"""The keys of a configuration that may be read again; all others are credentials, or unknown and treated as such."""

PUBLIC = (*SHOWN, "certData")


def listing(call: Call) -> Answer:
    known = clusters.read_all(call.world.table)
    for one in known:
        call.demand("clusters", "get", one.server)
    return Answer(shape.items(_shown(call, known)))


def get(call: Call) -> Answer:
    """By server address, or by name."""
    found = _find(call)
    call.demand("clusters", "get", found.server)
    return Answer(_shown(call, [found])[0])


def create(call: Call) -> Answer:
    """The body is {"name", "server", "config"}; config is ours (endpoint, caData, …) or Argo CD's (tlsClientConfig, …).

    `server` is the name that destinations use; without an endpoint in the config it is the address too. The same
    cluster again changes nothing; another configuration needs ?upsert=true.
    """
    body = call.request.document()
    server, name = str(body.get("server") or "").rstrip("/"), str(body.get("name") or "")
    if not server.startswith(("https://", "http://127.0.0.1:", "http://localhost:")):
        raise Refused(f"server must be an https:// address, not {server[:80]!r}")
    call.demand("clusters", "create", server)
    wanted = Registered(server, name or server, _config(body.get("config") or {}, server))
    _refuse_credentials(wanted)
    for known in clusters.read_all(call.world.table):
        if known.server == server and known != wanted and not call.request.flag("upsert"):
            raise Conflict(f"cluster {server} exists and its configuration differs", hint="use --upsert to change it")
        if known.server != server and known.name == wanted.name:
            raise Conflict(f"a cluster named {wanted.name} exists: {known.server}", hint="choose another name")
    call.world.table.write(clusters.add(wanted))
    return Answer(_shown(call, [wanted])[0])


def _refuse_credentials(wanted: Registered) -> None:
    """No cluster credential is stored, unless the deployment says that it may be (a local stack's kubeconfig)."""
    held = sorted(key for key in wanted.config if key not in PUBLIC)
    if held and settings.optional("STORED_CLUSTER_CREDENTIALS") != "allowed":
        raise Refused(
            f"cluster {wanted.name}: its config holds a credential ({', '.join(held)}), and Driftless keeps none",
            hint="for EKS give --aws-cluster-name and --region (tokens are minted per run)",
        )


def delete(call: Call) -> Answer:
    """Its applications stay and become Unknown; nothing in the cluster is touched."""
    found = _find(call)
    call.demand("clusters", "delete", found.server)
    try:
        call.world.table.write(clusters.remove(found.server))
    except ConditionFailed:
        raise _missing(found.server) from None
    return Answer({})


def _find(call: Call) -> Registered:
    wanted = call.path["server"].rstrip("/")
    for one in clusters.read_all(call.world.table):
        if wanted in (one.server, one.name):
            return one
    raise _missing(wanted)


def _missing(server: str) -> NotFound:
    return NotFound(f"cluster {server[:200]} is not registered", hint="driftless cluster list shows those that are")


def _config(raw: Any, server: str) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise Refused("config must be a map")
    tls, aws = raw.get("tlsClientConfig") or {}, raw.get("awsAuthConfig") or {}
    if not isinstance(tls, dict) or not isinstance(aws, dict):
        raise Refused("config.tlsClientConfig and config.awsAuthConfig must be maps")
    if tls.get("insecure"):
        raise Refused(
            "config.tlsClientConfig.insecure is not taken: a cluster must prove who it is", hint="give caData"
        )
    flat = {key: value for key, value in raw.items() if key not in ("tlsClientConfig", "awsAuthConfig")}
    flat |= {key: tls[key] for key in ("caData", "certData", "keyData") if tls.get(key)}
    flat |= {ours: aws[theirs] for theirs, ours in _AWS.items() if aws.get(theirs)}
    flat = {"endpoint": server} | {key: value for key, value in flat.items() if value}
    for key, value in flat.items():
        if not isinstance(value, str):
            raise Refused(f"config.{key} must be a string")
    return flat


_AWS = {"clusterName": "awsClusterName", "roleARN": "roleARN", "region": "region"}


def _shown(call: Call, known: Iterable[Registered]) -> list[dict[str, Any]]:
    seen = _seen(call)
    return [
        {
            "server": one.server,
            "name": one.name,
            "config": {key: one.config[key] for key in SHOWN if one.config.get(key)},
            "connectionState": _connection(seen.get(one.server, []) + seen.get(one.name, [])),
            "info": {"applicationsCount": len(seen.get(one.server, []) + seen.get(one.name, []))},
        }
        for one in known
    ]


def _seen(call: Call) -> dict[str, list[str]]:
    """Destination (server or name) -> the sync statuses of its applications: the last look at a cluster tells of it."""
    states = {s.name: s for s in state.read_all(call.world.table, call.world.store())}
    seen: dict[str, list[str]] = {}
    for stored in applications.read_all(call.world.table):
        app = stored.application
        found = states.get(app.name)
        status = ((found.status if found else {}).get("sync") or {}).get("status") or "Unknown"
        seen.setdefault(app.destination.server or app.destination.name, []).append(status)
    return seen


def _connection(statuses: list[str]) -> dict[str, str]:
    if not statuses:
        return {"status": "Unknown", "message": "no application goes to this cluster yet"}
    if any(status != "Unknown" for status in statuses):
        return {"status": "Successful", "message": ""}
    return {"status": "Unknown", "message": "no application there could be compared at the last look"}
