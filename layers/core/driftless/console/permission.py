"""May this identity do that? The seam where policy.csv and projects' roles come in; every resource asks here.

At present whoever has an identity may do everything, and who has none never comes this far.
"""

from __future__ import annotations

from driftless.console.identity import Identity
from driftless.vocabulary.errors import Forbidden

RESOURCES = ("applications", "applicationsets", "clusters", "projects", "repositories", "accounts")
ACTIONS = ("get", "create", "update", "delete", "sync", "override")


def allowed(identity: Identity, resource: str, action: str, subject: str) -> bool:
    """`subject` is what is acted on, as Argo CD's RBAC writes it: PROJECT/NAME for an application, else the name."""
    return bool(identity.name) and resource in RESOURCES and action in ACTIONS and bool(subject)


def demand(identity: Identity, resource: str, action: str, subject: str) -> None:
    """Raises Forbidden with a sentence that names who, what and on which."""
    if not allowed(identity, resource, action, subject):
        raise Forbidden(f"{identity.name} may not {action} {resource} {subject}")
