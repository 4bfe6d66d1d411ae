"""The `driftless` command: Argo CD's verbs, flags, columns and exit codes over the REST API, and nothing else.

In: arguments. Out: text on stdout, one sentence on stderr when something is refused, an exit status (see `exits`).
main → one module per group of verbs → client → the console. `dev` alone goes elsewhere: to the checkout's devstack.
"""
