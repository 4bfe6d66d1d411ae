"""Two sides that differ only in what matters: the predicted and the live object, ready to be compared or shown.

In: the API server's dry-run answer, the live object, the application's ignore rules. Out: copies without what the
server owns, what a webhook added and what the rules ignore (argo-behaviour 4.2 and 4.3). Defaults, quantities and
stringData need nothing here: both sides come from the same server.
"""

from driftless.compare import ignore
from driftless.compare.mutations import without_mutations
from driftless.vocabulary.argo import IgnoreRule
from driftless.vocabulary.objects import LAST_APPLIED, TRACKING_ID, Manifest, annotations, group_version, labels

INSTANCE_LABEL = "app.kubernetes.io/instance"

_SERVER_OWNED = (
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
)
_RBAC = "rbac.authorization.k8s.io"


def sides(predicted: Manifest, live: Manifest, rules: tuple[IgnoreRule, ...]) -> tuple[Manifest, Manifest]:
    """What Git wants and what is there, such that any difference left is drift.

    Raises NotBuiltYet for a rule with jqPathExpressions.
    """
    wanted, found = normalised(predicted), normalised(live)
    wanted = without_mutations(predicted, live, (wanted, found))
    wanted, found = _migrated(wanted, found)
    ignored = ignore.paths(rules, (wanted, found), live)
    return ignore.without(wanted, ignored[0]), ignore.without(found, ignored[1])


def normalised(obj: Manifest) -> Manifest:
    """A copy without what the API server writes; `status` and kubectl's last-applied annotation go as well."""
    body = {key: value for key, value in obj.items() if key != "status"}
    metadata = {key: value for key, value in (obj.get("metadata") or {}).items() if key not in _SERVER_OWNED}
    metadata["annotations"] = {key: value for key, value in annotations(obj).items() if key != LAST_APPLIED}
    body["metadata"] = {k: v for k, v in metadata.items() if v or k not in ("annotations", "labels", "finalizers")}
    if group_version(obj)[0] == _RBAC and (obj.get("aggregationRule") or not obj.get("rules")):
        body.pop("rules", None)  # an aggregated role's rules are its controller's; none at all may be [] or null
    return body


def _migrated(wanted: Manifest, found: Manifest) -> tuple[Manifest, Manifest]:
    """An object tracked the old way, by label, counts as ours already: the missing annotation alone is no drift."""
    mark = annotations(wanted).get(TRACKING_ID, "")
    instance = mark.partition(":")[0]
    if not mark or TRACKING_ID in annotations(found) or labels(found).get(INSTANCE_LABEL) != instance:
        return wanted, found
    at = [("metadata", "annotations", TRACKING_ID)]
    return ignore.without(wanted, at), found
