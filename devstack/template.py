"""Reads template.yaml as CloudFormation and SAM would: functions, queues and events, with all their settings.

In: the template, parameter values, and what the resources created so far answer to Ref and GetAtt. Out: plain values,
with every intrinsic function resolved. The local stack repeats nothing of the template, so it cannot drift from it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from driftless.vocabulary.errors import DriftlessError, NotBuiltYet

ACCOUNT = "000000000000"
REGION = "us-east-1"
STACK = "driftless"
PSEUDO = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Region": REGION,
    "AWS::StackName": STACK,
    "AWS::Partition": "aws",
    "AWS::URLSuffix": "amazonaws.com",
}
NO_VALUE = object()
READ = (
    *("Handler", "CodeUri", "Timeout", "MemorySize", "Role", "Layers", "Environment", "Events"),
    "EventInvokeConfig",
)
"""What a local function is made of; the rest of its properties concern AWS alone."""


class Unresolved(DriftlessError):
    """A reference to a resource that is not created yet."""


class _Loader(yaml.SafeLoader):
    pass


def _tag(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)  # type: ignore[arg-type]
    if name == "Fn::GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {name: value}


_Loader.add_multi_constructor("!", _tag)


@dataclass(frozen=True)
class Event:
    """One event source of a function, `kind` as SAM spells it (SQS, DynamoDB, HttpApi, ScheduleV2)."""

    name: str
    kind: str
    properties: Mapping[str, Any]


@dataclass(frozen=True)
class Function:
    """One function, Globals merged, everything resolved. `timeout` in seconds, `memory` in MB.

    `retries`: how often an asynchronous invocation is tried again.
    """

    logical_id: str
    name: str
    handler: str
    code: Path
    timeout: int
    memory: int
    role: str
    layers: tuple[str, ...]
    environment: Mapping[str, str]
    log_format: str
    retries: int
    events: tuple[Event, ...]


@dataclass
class Template:
    """A loaded template. `attributes` maps (logical id, attribute) to a value; Ref is the attribute ""."""

    path: Path
    document: dict[str, Any]
    parameters: Mapping[str, str]
    attributes: dict[tuple[str, str], str] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path, parameters: Mapping[str, str] | None = None) -> Template:
        """Read `path`; `parameters` override the defaults. DriftlessError for a parameter that it does not have."""
        with path.open() as file:
            document = yaml.load(file, _Loader)
        known = document.get("Parameters", {})
        for name in parameters or {}:
            if name not in known:
                raise DriftlessError(f"{path.name} has no parameter {name}", hint=f"it has {', '.join(known)}")
        defaults = {name: str(spec.get("Default", "")) for name, spec in known.items()}
        return cls(path, document, defaults | dict(parameters or {}))

    def resources(self, kind: str) -> dict[str, dict[str, Any]]:
        """Resources of one type whose condition holds, as written (not resolved): logical id → resource."""
        found = self.document["Resources"].items()
        return {i: r for i, r in found if r["Type"] == kind and self._holds(r.get("Condition"))}

    def resolve(self, value: Any) -> Any:
        """`value` with every intrinsic replaced. Unresolved when it needs a resource that is not there yet."""
        if isinstance(value, dict):
            if len(value) == 1:
                name, argument = next(iter(value.items()))
                if name == "Ref" or name.startswith("Fn::"):
                    return self._intrinsic(name, argument)
            pairs = ((k, self.resolve(v)) for k, v in value.items())
            return {k: v for k, v in pairs if v is not NO_VALUE}
        if isinstance(value, list):
            return [v for v in map(self.resolve, value) if v is not NO_VALUE]
        return value

    def functions(self) -> list[Function]:
        """Every function, in the template's order."""
        return [self._function(i, r) for i, r in self.resources("AWS::Serverless::Function").items()]

    def function_name(self, logical_id: str) -> str:
        return f"{STACK}-{logical_id}"

    def _function(self, logical_id: str, resource: dict[str, Any]) -> Function:
        shared = self.document.get("Globals", {}).get("Function", {})
        own = resource["Properties"]
        whole = _merge(shared, own)
        merged = self.resolve({k: whole[k] for k in READ if k in whole})
        events = (Event(n, e["Type"], e.get("Properties", {})) for n, e in merged.get("Events", {}).items())
        variables = merged.get("Environment", {}).get("Variables", {})
        return Function(
            logical_id=logical_id,
            name=self.function_name(logical_id),
            handler=merged["Handler"],
            code=self.path.parent / merged["CodeUri"],
            timeout=int(merged.get("Timeout", 3)),
            memory=int(merged.get("MemorySize", 128)),
            role=merged.get("Role") or f"arn:aws:iam::{ACCOUNT}:role/{STACK}-{logical_id}Role",
            layers=tuple(dict.fromkeys(merged.get("Layers", []))),
            environment={k: str(v) for k, v in variables.items()},
            log_format=self.resolve(whole.get("LoggingConfig", {}).get("LogFormat", "Text")),
            retries=int(merged.get("EventInvokeConfig", {}).get("MaximumRetryAttempts", 2)),
            events=tuple(events),
        )

    def _intrinsic(self, name: str, argument: Any) -> Any:
        if name == "Ref":
            return self._reference(argument)
        if name == "Fn::GetAtt":
            return self._attribute(argument[0], argument[1])
        if name == "Fn::Sub" and isinstance(argument, str):
            return re.sub(r"\$\{([^}]+)\}", lambda m: self._substituted(m.group(1)), argument)
        if name == "Fn::If":
            return self.resolve(argument[1] if self._holds(argument[0]) else argument[2])
        if name == "Fn::Equals":
            return self.resolve(argument[0]) == self.resolve(argument[1])
        if name == "Fn::Not":
            return not self.resolve(argument[0])
        if name == "Fn::Join":
            return argument[0].join(self.resolve(argument[1]))
        raise NotBuiltYet(f"{self.path.name}: the local stack does not know {name}", hint="teach devstack/template.py")

    def _reference(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return NO_VALUE
        if name in self.parameters:
            is_list = "List" in self.document["Parameters"][name]["Type"]
            text = self.parameters[name]
            return [t for t in text.split(",") if t] if is_list else text
        return PSEUDO.get(name) or self._attribute(name, "")

    def _attribute(self, logical_id: str, attribute: str) -> str:
        try:
            return self.attributes[logical_id, attribute]
        except KeyError:
            raise Unresolved(f"{self.path.name}: {logical_id}.{attribute or 'Ref'} has no local value") from None

    def _substituted(self, name: str) -> str:
        logical_id, _, attribute = name.partition(".")
        return str(self._attribute(logical_id, attribute) if attribute else self._reference(name))

    def _holds(self, condition: str | None) -> bool:
        return condition is None or bool(self.resolve(self.document["Conditions"][condition]))


def _merge(shared: Any, own: Any) -> Any:
    """SAM's rule for Globals: mappings are merged, lists are added, anything else is the resource's own.

    https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-template-anatomy-globals.html
    """
    if isinstance(shared, dict) and isinstance(own, dict) and not _is_intrinsic(own):
        return shared | {k: _merge(shared[k], v) if k in shared else v for k, v in own.items()}
    if isinstance(shared, list) and isinstance(own, list):
        return shared + own
    return own


def _is_intrinsic(value: dict[str, Any]) -> bool:
    return len(value) == 1 and next(iter(value)).startswith(("Ref", "Fn::"))
