"""Secrets, read through a cache of five minutes; settings, each named when it is missing."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from driftless.outlets import aws, secrets, settings
from driftless.vocabulary.errors import DriftlessError, NotFound, Unavailable
from tests.unit.record.mocked import Mocked


@pytest.fixture(autouse=True)
def forgetful(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a process that has read no secret yet."""
    monkeypatch.setattr(secrets, "_provider", None)


@pytest.mark.parametrize(
    ("text", "value"), [('{"github": "s"}', {"github": "s"}), ("plain", "plain"), ('["a"]', ["a"])]
)
def test_a_secret_is_a_document_or_its_text(here: Mocked, text: str, value: Any) -> None:
    aws.client("secretsmanager").create_secret(Name=f"{here.name}/webhook", SecretString=text)
    assert secrets.read(f"{here.name}/webhook") == value


def test_a_secret_is_kept_for_a_while(here: Mocked) -> None:
    client = aws.client("secretsmanager")
    client.create_secret(Name=f"{here.name}/webhook", SecretString="old")
    assert secrets.read(f"{here.name}/webhook") == "old"
    client.put_secret_value(SecretId=f"{here.name}/webhook", SecretString="new")
    assert secrets.read(f"{here.name}/webhook") == "old"


def test_a_secret_that_is_not_there_is_not_found(here: Mocked) -> None:
    with pytest.raises(NotFound, match="there is no secret nowhere"):
        secrets.read("nowhere")


def test_secrets_manager_down_is_unavailable(here: Mocked, monkeypatch: pytest.MonkeyPatch) -> None:
    class Down:
        def get_secret_value(self, **request: Any) -> None:
            raise EndpointConnectionError(endpoint_url="http://secrets")

    monkeypatch.setattr(aws, "client", lambda service: Down())
    with pytest.raises(Unavailable, match="Secrets Manager is not answering"):
        secrets.read("any")


@pytest.mark.parametrize("value", [None, ""])
def test_a_setting_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, value: str | None) -> None:
    monkeypatch.delenv("DRIFTLESS_TABLE", raising=False)
    if value is not None:
        monkeypatch.setenv("DRIFTLESS_TABLE", value)
    with pytest.raises(DriftlessError, match=r"DRIFTLESS_TABLE is not set; check this function's Environment"):
        settings.table()


def test_the_longest_git_mirror_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRIFTLESS_GIT_INSTEAD_OF", "https://a.example/=http://x/ https://a.example/deep/=http://y/ bad")
    assert settings.git_instead_of() == (
        ("https://a.example/deep/", "http://y/"),
        ("https://a.example/", "http://x/"),
    )
