"""The door of the development stack: `driftless dev up | down | status | env | tick`.

In: arguments. Out: an exit status, with lines for people on standard output and faults on standard error. `env`
prints what a shell evaluates: eval "$(scripts/driftless dev env)".
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import shlex
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

from devstack import supervisor
from devstack.build import ROOT
from devstack.stack import Options, python_environment
from driftless.vocabulary.errors import DriftlessError

DEFAULT_FOLDER = ROOT / ".driftless"
UP_SECONDS = 3600
"""The first start builds the control plane, which takes minutes."""


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="driftless dev", description="The local development stack.")
    commands = top.add_subparsers(dest="command", required=True)
    helps = {
        "up": "start it, and stay with it until Ctrl-C",
        "down": "stop it",
        "status": "say what runs, and where",
        "env": "print export lines for a shell",
        "tick": "run the poll now",
    }
    # Where `up` and `env` begin a shell's work, the others follow what it has evaluated.
    evaluated = Path(os.environ.get("DRIFTLESS_STATE_DIR") or DEFAULT_FOLDER)
    made = {name: commands.add_parser(name, help=text) for name, text in helps.items()}
    for name, command in made.items():
        folder = DEFAULT_FOLDER if name in ("up", "env") else evaluated
        command.add_argument(
            "--state-dir", type=Path, default=folder, help=f"its files while it is up; a start begins afresh ({folder})"
        )
    up = made["up"]
    up.add_argument("--detach", action="store_true", help="return when it is ready, and leave it running")
    up.add_argument("--kubeconfig", type=Path, help="use the cluster of this file's current context")
    up.add_argument("--clusters", type=int, default=1, help="control planes in all (default: 1)")
    up.add_argument(
        "--instead-of",
        action="append",
        default=[],
        metavar="PREFIX=REPLACEMENT",
        help="as git's url.insteadOf; {git} in REPLACEMENT is the local Git server's address",
    )
    up.add_argument(
        "--parameter", action="append", default=[], metavar="NAME=VALUE", help="a parameter of template.yaml"
    )
    return top


def run(argv: list[str]) -> int:
    """Run one `dev` command; the exit status. Faults are said in a sentence on standard error: 1."""
    arguments = parser().parse_args(argv)
    folder = arguments.state_dir.resolve()
    try:
        if arguments.command == "up":
            return _detached(folder, argv) if arguments.detach else supervisor.run(folder, _options(arguments), _say)
        return {"down": _down, "status": _status, "env": _env, "tick": _tick}[arguments.command](folder)
    except DriftlessError as error:
        print(f"driftless dev {arguments.command}: {error}", file=sys.stderr)
        return 1


def _options(arguments: argparse.Namespace) -> Options:
    if arguments.clusters < 1:
        raise DriftlessError("--clusters must be at least 1")
    if arguments.kubeconfig and arguments.clusters > 1:
        raise DriftlessError("--kubeconfig names one existing cluster; leave --clusters out")
    parameters = dict(_pair(text, "--parameter") for text in arguments.parameter)
    if arguments.instead_of:
        parameters["GitInsteadOf"] = " ".join("=".join(_pair(text, "--instead-of")) for text in arguments.instead_of)
    return Options(arguments.kubeconfig, arguments.clusters, parameters)


def _pair(text: str, flag: str) -> tuple[str, str]:
    name, found, value = text.partition("=")
    if not found or not name:
        raise DriftlessError(f"{flag} {text}: give it as NAME=VALUE")
    return name, value


def _detached(folder: Path, argv: list[str]) -> int:
    """Start a supervisor that outlives us; pass on what it says until it is up or has failed."""
    if supervisor.running(folder):
        print(f"a development stack is already up in {folder}")
        return 0
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    (folder / "stack.json").unlink(missing_ok=True)
    log = folder / "up.log"
    command = [sys.executable, "-m", "devstack.main", *(a for a in argv if a != "--detach")]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=python_environment(),
            start_new_session=True,
        )
    deadline = time.monotonic() + UP_SECONDS
    with log.open() as lines:
        while time.monotonic() < deadline:
            ready, status = (folder / "stack.json").is_file(), process.poll()
            print(lines.read(), end="", flush=True)
            if status is not None:
                return status or 1
            if ready:
                return 0
            time.sleep(0.05)
    process.terminate()
    raise DriftlessError(f"the stack is not up after {UP_SECONDS} s", hint=f"see {log}")


def _down(folder: Path) -> int:
    stopped = supervisor.stop(folder)
    print("the stack is down" if stopped else f"no development stack is up in {folder}")
    return 0


def _status(folder: Path) -> int:
    document = supervisor.published(folder)
    for name, pid in document["parts"].items():
        print(f"{name:<36} process {pid}")
    for line in supervisor.addresses(document["environment"]):
        print(line)
    return 0


def _env(folder: Path) -> int:
    variables = supervisor.published(folder)["environment"] | {"DRIFTLESS_STATE_DIR": str(folder)}
    for name, value in variables.items():
        print(f"export {name}={shlex.quote(value)}")
    return 0


def _tick(folder: Path) -> int:
    address = urlsplit(supervisor.published(folder)["control"])
    connection = http.client.HTTPConnection(address.netloc, timeout=120)
    try:
        connection.request("POST", "/-/tick")
        answer = json.loads(connection.getresponse().read())
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise DriftlessError(f"the functions' host does not answer: {error}") from error
    finally:
        connection.close()
    for name, why in answer["failed"].items():
        print(f"{name} failed: {why}", file=sys.stderr)
    print(f"ran {', '.join(answer['fired'])}")
    return 1 if answer["failed"] else 0


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
