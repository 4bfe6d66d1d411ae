"""Every form × {right, wrong, missing, rotated} secret: only a proved request is read."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest

from driftless import intake
from driftless.vocabulary.errors import Refused, Unauthorized
from tests.unit.intake import signing
from tests.unit.intake.signing import FORMS, NOW, PROVIDER_OF


def read(form: str, signed_with: str, *valid: str, key: str | None = None, now: float = NOW) -> object:
    headers, body = signing.push(form)
    headers = signing.signed(form, headers, body, signing.secret_for(form, signed_with))
    secrets = {key or PROVIDER_OF[form]: [signing.secret_for(form, word) for word in valid]}
    return intake.read(headers, body, secrets, now=now)


@pytest.mark.parametrize("form", FORMS)
def test_the_right_secret_is_accepted(form: str) -> None:
    assert isinstance(read(form, "sesame", "sesame"), intake.Push)


@pytest.mark.parametrize("signed_with", ["old", "new"])
@pytest.mark.parametrize("form", FORMS)
def test_two_secrets_are_valid_while_one_replaces_the_other(form: str, signed_with: str) -> None:
    assert isinstance(read(form, signed_with, "old", "new"), intake.Push)


@pytest.mark.parametrize("form", FORMS)
def test_the_default_secret_serves_a_provider_without_its_own(form: str) -> None:
    assert isinstance(read(form, "sesame", "sesame", key="default"), intake.Push)


@pytest.mark.parametrize("form", FORMS)
def test_a_wrong_secret_is_refused(form: str) -> None:
    with pytest.raises(Unauthorized, match="matches no configured secret") as refusal:
        read(form, "guessed", "sesame")
    assert "sesame" not in str(refusal.value)
    assert refusal.value.code == 401


@pytest.mark.parametrize("form", FORMS)
def test_a_missing_signature_is_refused(form: str) -> None:
    headers, body = signing.push(form)
    with pytest.raises(Unauthorized, match="not signed"):
        intake.read(signing.unsigned(headers), body, {"default": [signing.secret_for(form, "sesame")]}, now=NOW)


@pytest.mark.parametrize("secrets", [{}, {"default": []}, {"default": [""]}, {"default": ["  "]}])
@pytest.mark.parametrize("form", FORMS)
def test_without_a_configured_secret_nothing_is_accepted(form: str, secrets: dict[str, list[str]]) -> None:
    headers, body = signing.push(form)
    headers = signing.signed(form, headers, body, signing.secret_for(form, ""))
    with pytest.raises(Unauthorized, match="no webhook secret is configured"):
        intake.read(headers, body, secrets, now=NOW)


def test_an_empty_list_of_a_provider_closes_it_although_there_is_a_default() -> None:
    headers, body = signing.push("github")
    headers = signing.signed("github", headers, body, "sesame")
    with pytest.raises(Unauthorized, match="no webhook secret"):
        intake.read(headers, body, {"github": [], "default": ["sesame"]}, now=NOW)


@pytest.mark.parametrize("form", [form for form in FORMS if form not in ("azure-devops", "gitlab-token")])
def test_one_changed_byte_of_the_body_is_refused(form: str) -> None:
    headers, body = signing.push(form)
    secret = signing.secret_for(form, "sesame")
    headers = signing.signed(form, headers, body, secret)
    with pytest.raises(Unauthorized):
        intake.read(headers, body.replace(b"main", b"mail", 1), {"default": [secret]}, now=NOW)


@pytest.mark.parametrize("form", FORMS)
def test_header_names_are_read_in_any_case(form: str) -> None:
    headers, body = signing.push(form)
    secret = signing.secret_for(form, "sesame")
    shouted = {name.upper(): value for name, value in signing.signed(form, headers, body, secret).items()}
    assert isinstance(intake.read(shouted, body, {"default": [secret]}, now=NOW), intake.Push)


def test_a_sha1_signature_alone_is_refused() -> None:
    headers, body = signing.push("github")
    sha1 = "sha1=" + hmac.new(b"sesame", body, hashlib.sha1).hexdigest()
    with pytest.raises(Unauthorized, match="SHA-1"):
        intake.read(signing.unsigned(headers) | {"x-hub-signature": sha1}, body, {"default": ["sesame"]}, now=NOW)


@pytest.mark.parametrize("form", ["gitea", "forgejo"])
def test_gitea_and_forgejo_may_sign_as_github_does(form: str) -> None:
    headers, body = signing.push(form)
    proof = signing.SIGNERS["github"](headers, body, "sesame")
    assert isinstance(
        intake.read(signing.unsigned(headers) | proof, body, {"default": ["sesame"]}, now=NOW), intake.Push
    )


def test_a_good_signature_further_back_does_not_save_a_bad_one() -> None:
    headers, body = signing.push("forgejo")
    good = signing.SIGNERS["gitea"](headers, body, "sesame")
    with pytest.raises(Unauthorized):
        intake.read(headers | good | {"x-forgejo-signature": "0" * 64}, body, {"default": ["sesame"]}, now=NOW)


@pytest.mark.parametrize("seconds", [-300, 300])
def test_a_signed_gitlab_webhook_may_be_five_minutes_off(seconds: int) -> None:
    assert isinstance(read("gitlab-signed", "sesame", "sesame", now=NOW + seconds), intake.Push)


@pytest.mark.parametrize("seconds", [-301, 301])
def test_an_old_signed_gitlab_webhook_is_refused(seconds: int) -> None:
    with pytest.raises(Unauthorized, match="300 seconds"):
        read("gitlab-signed", "sesame", "sesame", now=NOW + seconds)


@pytest.mark.parametrize("stamp", ["", "soon", "9" * 5000, "-1", "1e9"])
def test_a_signed_timestamp_that_is_no_time_is_refused(stamp: str) -> None:
    headers, body = signing.push("gitlab-signed")
    secret = signing.secret_for("gitlab-signed", "sesame")
    headers = signing.signed("gitlab-signed", headers | {"webhook-timestamp": stamp}, body, secret)
    with pytest.raises(Unauthorized):
        intake.read(headers, body, {"default": [secret]}, now=NOW)


def test_one_of_several_signatures_of_a_signed_gitlab_webhook_is_enough() -> None:
    headers, body = signing.push("gitlab-signed")
    secret = signing.secret_for("gitlab-signed", "sesame")
    headers = signing.signed("gitlab-signed", headers, body, secret)
    headers["webhook-signature"] = f"v1,AAAA v1a,BBBB {headers['webhook-signature']}"
    assert isinstance(intake.read(headers, body, {"default": [secret]}, now=NOW), intake.Push)


def test_a_gitlab_signature_is_not_replaced_by_its_token() -> None:
    headers, body = signing.push("gitlab-signed")
    token = signing.secret_for("gitlab-signed", "sesame")
    headers |= {"webhook-signature": "v1,AAAA", "x-gitlab-token": "plain"}
    with pytest.raises(Unauthorized, match="webhook-signature"):
        intake.read(headers, body, {"gitlab": ["plain", token]}, now=NOW)


def test_a_gitlab_hook_may_move_from_token_to_signature() -> None:
    secrets = {"gitlab": ["plain", signing.secret_for("gitlab-signed", "sesame")]}
    for form, word in (("gitlab-token", "plain"), ("gitlab-signed", "sesame")):
        headers, body = signing.push(form)
        headers = signing.signed(form, headers, body, signing.secret_for(form, word))
        assert isinstance(intake.read(headers, body, secrets, now=NOW), intake.Push)


def test_a_signing_token_that_is_not_base64_is_named() -> None:
    headers, body = signing.push("gitlab-signed")
    with pytest.raises(Unauthorized, match="base64"):
        intake.read(headers, body, {"gitlab": ["whsec_!!"]}, now=NOW)


@pytest.mark.parametrize("credentials", ["Bearer sesame", "Basic !!!", "Basic", "Basic /w==", "Basic aG9vaw=="])
def test_azure_wants_http_basic(credentials: str) -> None:
    headers, body = signing.push("azure-devops")
    with pytest.raises(Unauthorized):
        intake.read(headers | {"authorization": credentials}, body, {"default": ["hook:sesame"]}, now=NOW)


def test_an_azure_secret_without_a_user_is_the_password_alone() -> None:
    headers, body = signing.push("azure-devops")
    headers |= {"authorization": "Basic " + base64.b64encode(b"anyone:sesame").decode()}
    assert isinstance(intake.read(headers, body, {"default": ["sesame"]}, now=NOW), intake.Push)


def test_the_uuid_of_a_bitbucket_hook_proves_nothing() -> None:
    headers, body = signing.push("bitbucket-cloud")
    with pytest.raises(Unauthorized):
        intake.read(signing.unsigned(headers), body, {"default": [headers["x-hook-uuid"]]}, now=NOW)


def test_an_unknown_sender_is_told_who_is_known() -> None:
    with pytest.raises(Refused, match=r"azure_devops, .*github, gitlab") as refusal:
        intake.read({"x-harbor-event": "push"}, b"{}", {"default": ["sesame"]}, now=NOW)
    assert refusal.value.code == 400


def test_an_unproved_body_is_not_read() -> None:
    headers, _ = signing.push("github")
    with pytest.raises(Unauthorized):
        intake.read(headers, b"not json", {"default": ["sesame"]}, now=NOW)
