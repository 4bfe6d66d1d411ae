"""Tracing is there when it is asked for, and costs nothing when it is not."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest

from driftless.outlets import log


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return {"seen": event["number"]}


def test_without_tracing_the_handler_is_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRIFTLESS_TRACING", "PassThrough")
    assert log.traced(handler) is handler


def test_with_tracing_the_handler_answers_inside_a_segment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRIFTLESS_TRACING", "Active")
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "driftless")
    monkeypatch.setenv("AWS_XRAY_CONTEXT_MISSING", "LOG_ERROR")
    traced = log.traced(handler)
    assert traced is not handler
    assert traced({"number": 3}, object()) == {"seen": 3}


def test_the_tracer_is_not_imported_while_tracing_is_off() -> None:
    code = "import sys; from driftless.outlets import log; log.traced(print); print('aws_xray_sdk' in sys.modules)"
    environment = {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
