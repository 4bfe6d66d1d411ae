"""`helm template`, never install: a chart in the repository becomes objects.

In: a Job. Out: its objects, hooks and CRDs among them, untouched. Raises ToolFailed with Helm's own sentence.
Precedence, low to high: the chart's values.yaml, valueFiles in their order, valuesObject (else values), parameters,
fileParameters. What a person set as a value never shows in a message.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from driftless.outlets.tools import Command, ToolFailed
from driftless.render.environment import build_environment, substituted
from driftless.render.helm_dependencies import chart_with_dependencies
from driftless.render.helm_value_files import value_files
from driftless.render.manifests import manifests
from driftless.render.places import inside
from driftless.render.shape import Job
from driftless.vocabulary.errors import NotBuiltYet, SourceError
from driftless.vocabulary.objects import Manifest
from driftless.vocabulary.yaml_documents import documents

_MISSING_DEPENDENCY = re.compile(r"found in Chart\.yaml, but missing in charts/ directory: (.+?)(?:$|\s{2}|;)")
_BARE_COMMA = re.compile(r"(?<!\\),")
_SOURCE_COMMENT = re.compile(rb"^# Source: (.+)$", re.MULTILINE)


def render(job: Job) -> list[Manifest]:
    settings = job.source.helm or {}
    what = f"helm template {job.path}"
    with tempfile.TemporaryDirectory(prefix="driftless-helm-") as name:
        scratch = Path(name).resolve()
        chart = chart_with_dependencies(job, scratch)
        arguments = _arguments(job, settings, scratch)
        hidden = tuple(_hidden(settings))
        command = Command("helm", arguments, chart, what, hidden=hidden, roots=(job.folder, job.checkout, scratch))
        try:
            out = job.tools.run(command)
        except ToolFailed as failure:
            raise _explained(failure, job.path) from None
    found = documents(out, what)
    return manifests(found, lambda number: _place(out, len(found), number, what))


def _arguments(job: Job, settings: dict[str, Any], scratch: Path) -> tuple[str, ...]:
    environment = build_environment(job)
    capabilities = job.context.capabilities
    arguments = ["template", ".", "--name-template", settings.get("releaseName") or _release_name(job)]
    if namespace := settings.get("namespace") or job.context.namespace:
        arguments += ["--namespace", namespace]
    if version := settings.get("kubeVersion") or capabilities.kube_version:
        arguments += ["--kube-version", version]
    for api_version in settings.get("apiVersions") or capabilities.api_versions:
        arguments += ["--api-versions", api_version]
    if not settings.get("skipCrds"):
        arguments.append("--include-crds")
    if settings.get("skipTests"):
        arguments.append("--skip-tests")
    if settings.get("skipSchemaValidation"):
        arguments.append("--skip-schema-validation")
    for file in value_files(job, settings, environment):
        arguments += ["--values", str(file)]
    if inline := _inline_values(settings, scratch):
        arguments += ["--values", str(inline)]
    return (*arguments, *_parameters(job, settings, environment))


def _release_name(job: Job) -> str:
    """The application's own name; the namespace part of an instance name (`<ns>_<name>`) is dropped."""
    return job.context.app_name.rpartition("_")[2]


def _inline_values(settings: dict[str, Any], scratch: Path) -> Path | None:
    """valuesObject beats values, the two are not merged."""
    if settings.get("valuesObject"):
        text = json.dumps(settings["valuesObject"])
    elif settings.get("values"):
        text = settings["values"]
    else:
        return None
    file = scratch / "source-values.yaml"
    file.write_text(text, encoding="utf-8", errors="replace")
    return file


def _parameters(job: Job, settings: dict[str, Any], environment: dict[str, str]) -> Iterator[str]:
    chosen: dict[str, tuple[str, str]] = {}
    for row in settings.get("parameters") or ():
        flag = "--set-string" if row.get("forceString") else "--set"
        chosen[row.get("name") or ""] = (flag, _set_value(substituted(_as_text(row.get("value")), environment)))
    for name, (flag, value) in chosen.items():
        yield from (flag, f"{name}={value}")
    for row in settings.get("fileParameters") or ():
        path = substituted(row.get("path") or "", environment)
        file = inside(job.checkout, job.folder, path, "source.helm.fileParameters.path")
        if not file.is_file():
            raise SourceError("render", f"source.helm.fileParameters: {path} does not exist in the repository")
        yield from ("--set-file", f"{row.get('name') or ''}={_set_value(str(file))}")


def _set_value(value: str) -> str:
    """A comma would start the next parameter, so it is escaped; `{a,b}` is Helm's way to write a list."""
    return value if value.startswith("{") and value.endswith("}") else _BARE_COMMA.sub(r"\\,", value)


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value) if value is not None else ""


def _hidden(settings: dict[str, Any]) -> Iterator[str]:
    """Every value that a person set in the source: Helm's messages may quote them."""
    for row in settings.get("parameters") or ():
        value = _as_text(row.get("value"))
        yield from (value, _set_value(value))
    if not settings.get("valuesObject") and settings.get("values"):
        for document in documents(settings["values"], "source.helm.values"):
            yield from _leaves(document)
    yield from _leaves(settings.get("valuesObject"))


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _leaves(item)
    elif value is not None and not isinstance(value, bool):
        yield str(value)


def _explained(failure: ToolFailed, path: str) -> SourceError | NotBuiltYet:
    if missing := _MISSING_DEPENDENCY.search(failure.said):
        return NotBuiltYet(
            f"{path}: the chart's dependencies {missing[1].strip()} are not in its charts/ folder;"
            " fetching them from a chart repository is not built yet",
            hint="run `helm dependency update` and commit charts/",
        )
    return failure


def _place(out: bytes, count: int, number: int, what: str) -> str:
    """The template a document came from, where Helm's comments say so without doubt."""
    sources = _SOURCE_COMMENT.findall(out)
    if len(sources) == count:
        return f"{what}: {sources[number - 1].decode(errors='replace')}"
    return f"{what}: document {number}"
