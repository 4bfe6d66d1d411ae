"""Cold start: what a function's module costs a fresh process, and which imports cost it. Medians; nothing here asserts.

Run: scripts/bench cold [RUNS]. "init" is the import of the handler's module in a new interpreter, as Lambda does it
(page cache warm); the AWS clients that every event needs are made in it.
"""

from __future__ import annotations

import json
import os
import re
import statistics
import subprocess
import sys

from devstack.build import ROOT

FUNCTIONS = ("webhook", "poll", "fetch", "sync", "relay", "console")
SHARES = ("aws_lambda_powertools", "boto3", "botocore", "urllib3", "yaml", "orjson", "dulwich", "deepdiff", "driftless")
_TIMED = """
import json, sys, time
begun = time.perf_counter(); before = set(sys.modules)
import app
print(json.dumps({"init": time.perf_counter() - begun, "modules": len(set(sys.modules) - before)}))
"""


def environment(name: str) -> dict[str, str]:
    """Every variable that the template names; a function reads only its own."""
    names = re.findall(r"(?:DRIFTLESS|POWERTOOLS)_[A-Z_]+", (ROOT / "template.yaml").read_text())
    path = f"{ROOT}/layers/core:{ROOT}/functions/{name}"
    region = {"AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1"}
    level = {"POWERTOOLS_LOG_LEVEL": "INFO", "AWS_LAMBDA_FUNCTION_NAME": name}
    return dict.fromkeys(names, "x") | level | region | {"PATH": os.environ["PATH"], "PYTHONPATH": path}


def timed(name: str) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-c", _TIMED], env=environment(name), capture_output=True, text=True, check=True
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def shares(name: str) -> dict[str, float]:
    """Milliseconds of import time by top-level package (-X importtime: each module's own time, summed)."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", "import app"],
        env=environment(name),
        capture_output=True,
        text=True,
        check=True,
    )
    totals: dict[str, float] = {}
    for line in done.stderr.splitlines():
        parts = line.removeprefix("import time:").split("|")
        if len(parts) == 3 and parts[0].strip().isdigit():
            package = parts[2].strip().partition(".")[0]
            totals[package] = totals.get(package, 0.0) + int(parts[0]) / 1000
    return totals


def main() -> int:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    print("| function | init, ms | modules |\n|---|---|---|")
    for name in FUNCTIONS:
        found = [timed(name) for _ in range(runs)]
        init = statistics.median(f["init"] for f in found) * 1000
        print(
            f"| {name} | {init:.0f} ({min(f['init'] for f in found) * 1000:.0f}) | {found[0]['modules']:.0f} |",
            flush=True,
        )
    print("\n| function | " + " | ".join(SHARES) + " | rest |\n|---|" + "---|" * (len(SHARES) + 1))
    for name in FUNCTIONS:
        found_shares = shares(name)
        known = [found_shares.get(share, 0.0) for share in SHARES]
        rest = sum(found_shares.values()) - sum(known)
        print(f"| {name} | " + " | ".join(f"{value:.0f}" for value in [*known, rest]) + " |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
