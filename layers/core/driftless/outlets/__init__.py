"""The only files that touch the world: one outside system each, its limits, timeouts and redaction in one place."""
