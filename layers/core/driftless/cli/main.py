"""The entry of the `driftless` command: arguments in, an exit status out; nothing that is raised leaves as a trace."""

from __future__ import annotations

import os
import sys

from driftless.cli import (
    account,
    app_create,
    app_delete,
    app_diff,
    app_read,
    app_sync,
    app_wait,
    apply,
    catalog,
    cluster,
    dev,
    exits,
)
from driftless.cli.exits import Stop
from driftless.cli.parser import Parser, group, normalised
from driftless.vocabulary.errors import DriftlessError

_DESCRIPTION = "Driftless keeps Kubernetes clusters equal to Git, and nothing of it runs while nothing changes."
_EPILOG = """the console is found through DRIFTLESS_URL and DRIFTLESS_TOKEN; for the local stack:
  scripts/driftless dev up --detach
  eval "$(scripts/driftless dev env)"

first steps:
  driftless app create guestbook --repo https://github.com/acme-corp/gitops-manifests.git --path guestbook \\
      --dest-server https://kubernetes.default.svc --dest-namespace guestbook
  driftless app sync guestbook
  driftless app get guestbook

exit status: 0 done, 1 wrong usage, a failed operation or a time-out, 20 refused (app diff: 1 differs, 2 failed)"""


def build_parser() -> Parser:
    """The whole command line; the tests of the docs ask it which commands there are."""
    parser = Parser(prog="driftless", description=_DESCRIPTION, epilog=_EPILOG)
    parser.set_defaults(run=None)
    commands = parser.add_subparsers(metavar="COMMAND", title="commands")
    app = group(commands, "app", "manage applications")
    for module in (app_create, app_read, app_diff, app_sync, app_wait, app_delete):
        module.register(app)
    for others in (apply, cluster, catalog, account, dev):
        others.register(commands)
    return parser


def main(argv: list[str] | None = None) -> int:
    given = sys.argv[1:] if argv is None else argv
    failure = exits.REFUSED
    try:
        if given[:1] == ["dev"]:
            return dev.run(given[1:])
        parser = build_parser()
        args = parser.parse_args(normalised(given))
        if args.run is None:
            parser.print_help()
            return exits.USAGE
        failure = getattr(args, "failure", exits.REFUSED)
        status: int = args.run(args)
        return status
    except Stop as stop:
        print(f"driftless: {stop}", file=sys.stderr)
        return stop.status if failure == exits.REFUSED else failure
    except DriftlessError as error:
        print(f"driftless: {error}", file=sys.stderr)
        return failure
    except KeyboardInterrupt:
        return exits.INTERRUPTED
    except BrokenPipeError:
        # The reader of a pipe has gone (`| head`): nothing is wrong, and Python must not complain at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return exits.OK


if __name__ == "__main__":
    sys.exit(main())
