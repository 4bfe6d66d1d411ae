"""The apply room: what a plan decided, done to a cluster; and what an apply would do, asked beforehand.

In: tasks of one (phase, wave), or pairs to predict. Out: one Outcome each, with the live object as answered, so that
nobody reads again. A refusal of the API server is a failed Outcome; only a cluster that does not answer is raised.

    wave     the order: prune, old hooks, kind by kind          predict    the server's dry run
    put      one object: apply, replace, recreate               prune      one object away
    hooks    finalizers and delete policies                     namespace  CreateNamespace=true
    ownership  whose fields they were before us              undeclared  Validate=false
    options    sync options of application and object         outcome    the row for the result     gone
"""

from driftless.apply.hooks import OPERATION, delete_hook, delete_policies, release_hook
from driftless.apply.namespace import ensure_namespace
from driftless.apply.options import Options
from driftless.apply.outcome import Outcome
from driftless.apply.predict import Prediction, predict
from driftless.apply.wave import perform

__all__ = [
    "OPERATION",
    "Options",
    "Outcome",
    "Prediction",
    "delete_hook",
    "delete_policies",
    "ensure_namespace",
    "perform",
    "predict",
    "release_hook",
]
