"""May we act? Pure decisions over what is known: automation, pruning, retries.

In: an application, its comparison, what happened before. Out: a decision with its reason. Never: an action.
"""
