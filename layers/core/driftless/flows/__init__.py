"""The order of the steps, per trigger, and nothing else: no Kubernetes words, no decisions."""
