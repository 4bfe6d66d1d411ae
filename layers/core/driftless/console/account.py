"""/version, /account/can-i, /session/userinfo: who is there, and what that one may do."""

from __future__ import annotations

import platform

from driftless.console import permission
from driftless.console.call import Call
from driftless.console.request import Answer
from driftless.vocabulary.errors import Refused
from driftless.vocabulary.version import VERSION


def version(call: Call) -> Answer:
    system, machine = platform.system().lower(), platform.machine()
    return Answer({"Version": f"v{VERSION}", "Platform": f"{system}/{machine}", "Runtime": platform.python_version()})


def can_i(call: Call) -> Answer:
    """{"value": "yes"|"no"}. Raises Refused for a resource or action that there is not."""
    resource, action = call.path["resource"], call.path["action"]
    if resource not in permission.RESOURCES:
        raise Refused(f"there is no resource {resource[:40]}", hint=f"use one of {', '.join(permission.RESOURCES)}")
    if action not in permission.ACTIONS:
        raise Refused(f"there is no action {action[:40]}", hint=f"use one of {', '.join(permission.ACTIONS)}")
    answer = permission.allowed(call.identity, resource, action, call.path["subject"])
    return Answer({"value": "yes" if answer else "no"})


def user_info(call: Call) -> Answer:
    who = call.identity
    return Answer({"loggedIn": True, "username": who.name, "iss": who.issuer, "groups": list(who.groups)})
