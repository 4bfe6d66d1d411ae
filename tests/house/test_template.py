"""template.yaml is true: handlers exist, settings are those that are read, privileges are no wider than needed.

What only AWS would find out (a missing variable, a policy that grants too much, a message that comes back while it is
still worked on) is found here.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest

from devstack.template import Template
from driftless.console import router
from tests.house import reach

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = Template.load(ROOT / "template.yaml")
RESOURCES = TEMPLATE.document["Resources"]
GLOBALS = TEMPLATE.document["Globals"]["Function"]
FUNCTIONS = TEMPLATE.resources("AWS::Serverless::Function")
QUEUES = TEMPLATE.resources("AWS::SQS::Queue")
SERVICES = {
    "Webhook": {"dynamodb", "secretsmanager", "sqs"},
    "Poll": {"dynamodb", "s3", "sqs"},
    "Fetch": {"dynamodb", "s3", "secretsmanager", "sqs"},
    "Sync": {"dynamodb", "s3", "sqs"},
    "Relay": {"events", "sqs"},
    "Console": {"dynamodb", "lambda", "s3", "secretsmanager", "sqs"},
}
"""What each function may speak to, beside its logs; whoever adds a service to one says it here too."""
NOT_REACHED = {
    ("Sync", "FETCH_QUEUE_URL"): "flows/register sends for a person only; a parent posts to the outbox",
    ("Sync", "SYNC_QUEUE_URL"): "the same",
}
"""What a function's code could read and does not, with the reason."""


def handler(name: str) -> Path:
    return ROOT / str(FUNCTIONS[name]["Properties"]["CodeUri"]) / "app.py"


def timeout(name: str) -> int:
    return int(FUNCTIONS[name]["Properties"].get("Timeout", GLOBALS["Timeout"]))


def own_settings(name: str) -> set[str]:
    variables = FUNCTIONS[name]["Properties"].get("Environment", {}).get("Variables", {})
    return {v.removeprefix("DRIFTLESS_") for v in variables}


def statements(name: str) -> list[dict[str, Any]]:
    properties = FUNCTIONS[name]["Properties"]
    if "Role" in properties:
        role = RESOURCES[properties["Role"]["Fn::GetAtt"][0]]["Properties"]
        documents = [policy["PolicyDocument"] for policy in role["Policies"]]
    else:
        documents = properties["Policies"]
    return [statement for document in documents for statement in document["Statement"]]


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def actions(name: str) -> set[str]:
    return {action for s in statements(name) if s["Effect"] == "Allow" for action in as_list(s["Action"])}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_handler_is_there(name: str) -> None:
    module, function = GLOBALS["Handler"].split(".")
    tree = ast.parse(handler(name).with_name(f"{module}.py").read_text())
    assert function in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_has_the_settings_that_its_code_reads_and_no_others(name: str) -> None:
    shared = {v.removeprefix("DRIFTLESS_") for v in GLOBALS["Environment"]["Variables"]}
    read = reach.settings_read(handler(name)) - {s for f, s in NOT_REACHED if f == name}
    assert read - shared == own_settings(name)


def test_every_reason_for_an_unread_setting_still_stands() -> None:
    assert all(setting in reach.settings_read(handler(name)) for name, setting in NOT_REACHED)


def test_only_the_settings_file_and_the_command_line_read_the_environment() -> None:
    readers = {p for p in (ROOT / "layers/core/driftless").rglob("*.py") if "os.environ" in p.read_text()}
    names = {str(p.relative_to(ROOT / "layers/core/driftless")) for p in readers}
    aws_own = {"outlets/eks.py"}  # the address of STS, by the name that AWS gives it
    assert {n for n in names if not n.startswith("cli/")} - aws_own == {"outlets/settings.py"}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_no_privilege_is_a_wildcard(name: str) -> None:
    for statement in statements(name):
        assert not [a for a in as_list(statement["Action"]) if "*" in a]
        for resource in as_list(statement["Resource"]):
            # A prefix in our bucket, or the secrets of one name space, is the narrowest that can be said beforehand.
            assert not isinstance(resource, str), "a resource is named by reference, never by hand"
            text = resource.get("Fn::Sub", "")
            assert "*" not in text or re.search(r"^\$\{Bucket\.Arn\}/|:secret:driftless/repository/\*$", text)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_speaks_to_the_services_it_needs_and_no_others(name: str) -> None:
    assert {action.split(":")[0] for action in actions(name)} == SERVICES[name]


def test_only_sync_can_be_in_the_clusters_network_and_has_the_cluster_role() -> None:
    assert [n for n, f in FUNCTIONS.items() if "VpcConfig" in f["Properties"]] == ["Sync"]
    assert [n for n, f in FUNCTIONS.items() if "Role" in f["Properties"]] == ["Sync"]
    assert "VpcConfig" not in GLOBALS
    assert not [n for n in FUNCTIONS if any(a.startswith(("sts:", "eks:")) for a in actions(n))]


def test_what_holds_the_cluster_role_sends_nothing_and_knows_no_secret() -> None:
    assert {a for a in actions("Sync") if a.startswith("sqs:")} == {
        "sqs:ReceiveMessage",
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
    }


def test_git_credentials_are_read_by_fetch_only() -> None:
    readers = [n for n in FUNCTIONS if "driftless/repository/" in str(statements(n))]
    assert readers == ["Fetch"]


@pytest.mark.parametrize("name", ["Webhook", "Fetch"])
def test_what_meets_hostile_bytes_cannot_read_how_clusters_are_reached(name: str) -> None:
    denied = [s for s in statements(name) if s["Effect"] == "Deny"]
    keys = [s["Condition"]["ForAnyValue:StringEquals"]["dynamodb:LeadingKeys"] for s in denied]
    assert keys == [["CLUSTER"]]
    assert "driftless.record.clusters" not in {module for module, _ in reach.within_reach(handler(name))}


def test_a_message_is_not_given_out_again_while_it_is_worked_on() -> None:
    for name, function in FUNCTIONS.items():
        for event in function["Properties"].get("Events", {}).values():
            if event["Type"] == "SQS":
                queue = QUEUES[event["Properties"]["Queue"]["Fn::GetAtt"][0]]["Properties"]
                assert queue["VisibilityTimeout"] >= timeout(name) + 30
                assert "ReportBatchItemFailures" in event["Properties"]["FunctionResponseTypes"]


def test_what_cannot_be_worked_on_is_kept_and_tells_somebody() -> None:
    alarmed = {
        dimension["Value"]["Fn::GetAtt"][0]
        for alarm in TEMPLATE.resources("AWS::CloudWatch::Alarm").values()
        for dimension in alarm["Properties"]["Dimensions"]
        if dimension["Name"] == "QueueName"
    }
    dead = {n for n in QUEUES if n.endswith("DeadLetters")}
    redriven = [q["Properties"].get("RedrivePolicy", {}) for n, q in QUEUES.items() if n not in dead]
    assert {policy["deadLetterTargetArn"]["Fn::GetAtt"][0] for policy in redriven} <= dead
    assert alarmed == dead
    assert all(QUEUES[n]["Properties"]["MessageRetentionPeriod"] == 14 * 86400 for n in dead)


def test_the_apis_functions_answer_before_the_api_gives_up() -> None:
    doors = [n for n, f in FUNCTIONS.items() if "HttpApi" in {e["Type"] for e in f["Properties"]["Events"].values()}]
    assert doors == ["Webhook", "Console"]
    assert all(timeout(name) < 30 for name in doors)


def test_what_sam_makes_of_a_function_does_not_take_a_resources_name() -> None:
    made = {f"{n}{event}" for n, f in FUNCTIONS.items() for event in f["Properties"]["Events"]}
    made |= {f"{n}Role" for n, f in FUNCTIONS.items() if "Role" not in f["Properties"]}
    assert not made & set(RESOURCES)


def test_every_resource_of_the_console_has_a_way_in() -> None:
    events = FUNCTIONS["Console"]["Properties"]["Events"].values()
    patterns = [re.sub(r"\{\w+\}", "[^/]+", re.sub(r"/\{\w+\+\}", "/.+", e["Properties"]["Path"])) for e in events]
    for route in router.ROUTES:
        path = re.sub(r"\(\?P<\w+>[^)]+\)", "x", route.path.pattern)
        assert any(re.fullmatch(pattern, path) for pattern in patterns), path


def test_logs_end_and_state_stays() -> None:
    assert all("RetentionInDays" in g["Properties"] for g in TEMPLATE.resources("AWS::Logs::LogGroup").values())
    assert GLOBALS["LoggingConfig"]["LogGroup"] == {"Ref": "Log"}
    assert RESOURCES["Table"]["DeletionPolicy"] == RESOURCES["Bucket"]["DeletionPolicy"] == "Retain"
    assert RESOURCES["Table"]["Properties"]["DeletionProtectionEnabled"] is True


def test_a_new_layer_reaches_the_functions_that_publish_versions() -> None:
    for function in FUNCTIONS.values():
        if "AutoPublishAlias" in function["Properties"]:
            assert function["Properties"]["AutoPublishAliasAllProperties"] is True
    for name in ("CoreLayer", "DepsLayer"):
        assert RESOURCES[name]["Properties"]["PublishLambdaVersion"] is True
