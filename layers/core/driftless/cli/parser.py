"""argparse, made to feel as the `argocd` command does: usage errors exit 1, `--flag=false` works, help has examples."""

from __future__ import annotations

import argparse
import re
import textwrap
from collections.abc import Callable, Sequence
from typing import Any, NoReturn, TypeAlias

from driftless.cli import exits

Group: TypeAlias = "argparse._SubParsersAction[Parser]"
Run = Callable[[argparse.Namespace], int]

_WITH_VALUE = ("--server", "--auth-token")
_WITHOUT_EFFECT = ("--grpc-web", "--plaintext", "--insecure")
"""Scripts for `argocd` pass them always; the address says http or https, and a certificate is checked all the same."""
_switches: set[str] = set()


class Parser(argparse.ArgumentParser):
    """`usage_status` is the exit status of a usage error: 1, but for `app diff`, where 1 means a difference."""

    usage_status = exits.USAGE

    def __init__(self, **settings: Any) -> None:
        settings.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        super().__init__(allow_abbrev=False, **settings)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Words that nobody knows are an error of the command they were said to, not of the whole program."""
        found, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return found, unknown

    def error(self, message: str) -> NoReturn:
        self.exit(self.usage_status, f"{self.prog}: {message}; see {self.prog} --help\n")


def group(commands: Group, name: str, purpose: str) -> Group:
    """A noun with verbs below it: `driftless app …`. Said alone, it shows its help and exits 1."""
    parser = commands.add_parser(name, help=purpose, description=_sentence(purpose))
    parser.set_defaults(run=_shows_help(parser))
    return parser.add_subparsers(metavar="COMMAND", title="commands")


def command(commands: Group, name: str, run: Run, purpose: str, examples: Sequence[str] = ()) -> Parser:
    """One verb, with the options that all verbs share. `examples` are command lines without the program's name."""
    epilog = "examples:\n" + "\n".join(f"  driftless {line}" for line in examples) if examples else None
    parser = commands.add_parser(name, help=purpose, description=_sentence(purpose), epilog=epilog)
    shared = parser.add_argument_group("connection")
    shared.add_argument("--server", metavar="URL", help="address of the console (default: $DRIFTLESS_URL)")
    shared.add_argument("--auth-token", metavar="TOKEN", help="bearer token (default: $DRIFTLESS_TOKEN)")
    for name in _WITHOUT_EFFECT:
        shared.add_argument(name, action="store_true", help=argparse.SUPPRESS)
    parser.set_defaults(run=run, failure=exits.REFUSED)
    return parser


def switch(parser: Parser, name: str, *aliases: str, text: str, default: bool | None = False) -> None:
    """A flag that is true when given; `--name=false` and `--no-name` say no, as Go's flags let one."""
    _switches.add(name)
    parser.add_argument(name, *aliases, action=argparse.BooleanOptionalAction, default=default, help=text)


def repeated(parser: Parser, *names: str, metavar: str, text: str) -> None:
    parser.add_argument(*names, action="append", default=[], metavar=metavar, help=f"{text} (repeatable)")


def output(parser: Parser, *choices: str, default: str = "") -> None:
    parser.add_argument("-o", "--output", choices=choices, default=default, help="form of the output")


def app_name(parser: Parser, *, many: bool = False, optional: bool = False) -> None:
    """`NAME` or `argocd/NAME`."""
    nargs = "*" if many else "?" if optional else None
    parser.add_argument("name", metavar="NAME", nargs=nargs, type=bare_name, help="name of the application")
    text = "taken as argocd takes it: argocd is the only one"
    parser.add_argument("-N", "--app-namespace", metavar="NAMESPACE", type=_namespace, help=text)


def bare_name(text: str) -> str:
    namespace, _, name = text.rpartition("/")
    _namespace(namespace)
    return name


def _namespace(text: str) -> str:
    if text not in ("", "argocd"):
        raise argparse.ArgumentTypeError(f"applications are in the namespace argocd, not in {text}")
    return text


def normalised(argv: Sequence[str]) -> list[str]:
    """`--prune=true` and `--prune=false` as argparse understands them, and global flags behind the verb."""
    words = [_plain(word) for word in argv]
    before = 0
    while before < len(words):
        name, valued, _ = words[before].partition("=")
        if name not in (*_WITH_VALUE, *_WITHOUT_EFFECT):
            break
        before += 2 if name in _WITH_VALUE and not valued else 1
    return words[before:] + words[:before]


def _plain(word: str) -> str:
    found = re.fullmatch(r"--([a-z-]+)=(true|false|1|0)", word)
    if not found or f"--{found[1]}" not in _switches:
        return word
    return f"--{found[1]}" if found[2] in ("true", "1") else f"--no-{found[1]}"


def _shows_help(parser: Parser) -> Run:
    def run(_: argparse.Namespace) -> int:
        parser.print_help()
        return exits.USAGE

    return run


def _sentence(purpose: str) -> str:
    text = purpose[0].upper() + purpose[1:]
    return textwrap.fill(text if text.endswith((".", "!")) else text + ".", 100)
