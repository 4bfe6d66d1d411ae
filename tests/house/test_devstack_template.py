"""The local stack reads the real template as CloudFormation would."""

from __future__ import annotations

from pathlib import Path

import pytest

from devstack import sources
from devstack.build import ROOT
from devstack.localaws import _declare
from devstack.template import Template, Unresolved
from driftless.vocabulary.errors import DriftlessError, NotBuiltYet


def small(tmp_path: Path, text: str, **parameters: str) -> Template:
    path = tmp_path / "template.yaml"
    path.write_text(text)
    return Template.load(path, parameters)


@pytest.fixture
def real() -> Template:
    template = Template.load(ROOT / "template.yaml")
    _declare(template)
    for kind in ("AWS::DynamoDB::Table", "AWS::SQS::Queue", "AWS::S3::Bucket", "AWS::Events::EventBus"):
        for logical_id in template.resources(kind):
            template.attributes |= {(logical_id, a): f"{logical_id}.{a}" for a in ("", "Arn", "StreamArn")}
    for logical_id in template.resources("AWS::SecretsManager::Secret"):
        template.attributes[logical_id, ""] = logical_id
    return template


def test_every_function_of_the_real_template_resolves_and_has_its_code_folder_named(real: Template) -> None:
    names = {function.logical_id: function for function in real.functions()}
    assert {"Webhook", "Poll", "Fetch", "Sync", "Relay", "Console"} <= names.keys()
    assert names["Fetch"].code == ROOT / "functions" / "fetch"
    assert names["Fetch"].environment["DRIFTLESS_TABLE"] == "Table."


def test_globals_are_merged_and_a_functions_own_value_wins(real: Template) -> None:
    functions = {function.logical_id: function for function in real.functions()}
    assert functions["Poll"].timeout == 30 and functions["Sync"].timeout == 120
    assert "ToolsLayer" in functions["Sync"].layers and "ToolsLayer" not in functions["Fetch"].layers
    assert "DRIFTLESS_FETCH_QUEUE_URL" not in functions["Sync"].environment


def test_every_event_of_the_real_template_is_one_the_local_stack_runs(real: Template) -> None:
    kinds = {event.kind for function in real.functions() for event in function.events}
    assert kinds <= {"HttpApi", *sources.KINDS}


def test_resources_whose_condition_does_not_hold_are_left_out(tmp_path: Path) -> None:
    text = """
Parameters: { Name: { Type: String, Default: dev } }
Conditions: { IsProd: !Equals [!Ref Name, prod] }
Resources:
  Always: { Type: "AWS::SQS::Queue" }
  OnlyInProd: { Type: "AWS::SQS::Queue", Condition: IsProd }
"""
    assert set(small(tmp_path, text).resources("AWS::SQS::Queue")) == {"Always"}
    assert set(small(tmp_path, text, Name="prod").resources("AWS::SQS::Queue")) == {"Always", "OnlyInProd"}


@pytest.mark.parametrize(
    ("written", "resolved"),
    [
        ("!Ref Name", "dev"),
        ("!Sub 'a-${Name}-${AWS::Region}'", "a-dev-us-east-1"),
        ("!Sub '${Thing.Arn}/*'", "arn:thing/*"),
        ("!GetAtt Thing.Arn", "arn:thing"),
        ("!If [IsDev, yes-it-is, no-it-is-not]", "yes-it-is"),
        ("[one, !If [IsProd, two, !Ref AWS::NoValue]]", ["one"]),
        ("{ a: !If [IsProd, 1, !Ref 'AWS::NoValue'] }", {}),
        ("!Join ['-', [a, !Ref Name]]", "a-dev"),
        ("!Ref Subnets", ["s1", "s2"]),
    ],
)
def test_intrinsics(tmp_path: Path, written: str, resolved: object) -> None:
    text = f"""
Parameters:
  Name: {{ Type: String, Default: dev }}
  Subnets: {{ Type: CommaDelimitedList, Default: "s1,s2" }}
Conditions:
  IsDev: !Equals [!Ref Name, dev]
  IsProd: !Not [!Equals [!Ref Name, dev]]
Value: {written}
Resources: {{}}
"""
    template = small(tmp_path, text)
    template.attributes["Thing", "Arn"] = "arn:thing"
    assert template.resolve(template.document["Value"]) == resolved


def test_an_intrinsic_it_does_not_know_is_named(tmp_path: Path) -> None:
    template = small(tmp_path, "Resources: {}\nValue: !Cidr [a, b]\n")
    with pytest.raises(NotBuiltYet, match="Fn::Cidr"):
        template.resolve(template.document["Value"])


def test_a_reference_to_nothing_is_named(tmp_path: Path) -> None:
    template = small(tmp_path, "Resources: {}\nValue: !Ref Nobody\n")
    with pytest.raises(Unresolved, match="Nobody"):
        template.resolve(template.document["Value"])


def test_a_parameter_that_the_template_does_not_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DriftlessError, match="no parameter Colour"):
        small(tmp_path, "Parameters: { Size: { Type: String } }\nResources: {}\n", Colour="red")
