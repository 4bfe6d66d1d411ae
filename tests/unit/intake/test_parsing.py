"""What each provider's payload means: the same Push, whoever sent it."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from driftless import intake
from driftless.vocabulary.errors import Refused
from tests.unit.intake import signing
from tests.unit.intake.signing import AFTER, BEFORE, FORMS, NOW, PROVIDER_OF, TAGGED

ZERO = "0" * 40
WITHOUT_FILES = {"azure-devops", "bitbucket-cloud", "bitbucket-server"}
WITHOUT_DEFAULT_BRANCH = {"bitbucket-cloud", "bitbucket-server"}
GOGS_FAMILY = {"gogs", "gitea", "forgejo"}
ADDRESSES = {
    "azure-devops": "https://acme-corp@dev.azure.com/acme-corp/Platform/_git/gitops-manifests",
    "bitbucket-cloud": "https://bitbucket.org/acme-corp/gitops-manifests",
    "bitbucket-server": "https://bitbucket.acme-corp.example/scm/acme-corp/gitops-manifests.git",
    "forgejo": "https://forgejo.acme-corp.example/acme-corp/gitops-manifests.git",
    "gitea": "git@gitea.acme-corp.example:acme-corp/gitops-manifests.git",
    "github": "https://github.com/acme-corp/gitops-manifests.git",
    "gitlab-signed": "git@gitlab.acme-corp.example:acme-corp/gitops-manifests.git",
    "gitlab-token": "https://gitlab.acme-corp.example/acme-corp/gitops-manifests.git",
    "gogs": "https://gogs.acme-corp.example/acme-corp/gitops-manifests",
}


def read(form: str, headers: dict[str, str], body: bytes) -> intake.Push | intake.Ping | intake.Ignored:
    secret = signing.secret_for(form, "sesame")
    return intake.read(signing.signed(form, headers, body, secret), body, {"default": [secret]}, now=NOW)


def pushed(form: str, headers: dict[str, str], body: bytes) -> intake.Push:
    event = read(form, headers, body)
    assert isinstance(event, intake.Push)
    return event


def edited(form: str, **fields: Any) -> tuple[dict[str, str], bytes]:
    headers, body = signing.push(form)
    return headers, json.dumps(json.loads(body) | fields).encode()


@pytest.mark.parametrize("form", FORMS)
def test_a_push_names_what_moved(form: str) -> None:
    push = pushed(form, *signing.push(form))
    paths = None if form in WITHOUT_FILES else ("apps/payments/deployment.yaml",)
    assert push.provider == PROVIDER_OF[form]
    assert push.changes == (intake.RefChange("refs/heads/main", BEFORE, AFTER, paths),)
    assert push.default_branch == (None if form in WITHOUT_DEFAULT_BRANCH else "main")
    assert ADDRESSES[form] in push.repositories


@pytest.mark.parametrize("form", FORMS)
def test_a_new_tag_is_a_created_ref(form: str) -> None:
    (change,) = pushed(form, *signing.fixture(f"{form}-tag")).changes
    assert (change.ref, change.after, change.paths) == ("refs/tags/v1.4.0", TAGGED, None)
    assert change.created
    assert not change.deleted


@pytest.mark.parametrize("form", FORMS)
def test_a_deleted_branch_is_a_deleted_ref(form: str) -> None:
    (change,) = pushed(form, *signing.fixture(f"{form}-deletion")).changes
    # The Gogs family tells of it by an event of its own, which does not say what the branch pointed to.
    assert change == intake.RefChange("refs/heads/feature/blue", "" if form in GOGS_FAMILY else BEFORE, ZERO, None)
    assert change.deleted
    assert not change.created


@pytest.mark.parametrize(("name", "form"), [("github-ping", "github"), ("bitbucket-server-ping", "bitbucket-server")])
def test_a_ping_is_a_ping(name: str, form: str) -> None:
    assert read(form, *signing.push(name)) == intake.Ping(PROVIDER_OF[form])


def test_bitbucket_servers_unsigned_test_connection_is_answered() -> None:
    headers, body = signing.push("bitbucket-server-ping")
    assert intake.read(headers, body, {"default": ["sesame"]}, now=NOW) == intake.Ping("bitbucket_server")


@pytest.mark.parametrize(
    ("form", "header", "event"),
    [
        ("bitbucket-cloud", "x-event-key", "pullrequest:created"),
        ("bitbucket-server", "x-event-key", "pr:opened"),
        ("forgejo", "x-forgejo-event", "issues"),
        ("gitea", "x-gitea-event", "pull_request"),
        ("github", "x-github-event", "package"),
        ("gitlab-token", "x-gitlab-event", "Merge Request Hook"),
        ("gogs", "x-gogs-event", "issue_comment"),
    ],
)
def test_an_event_that_is_no_push_is_ignored_by_name(form: str, header: str, event: str) -> None:
    headers, body = signing.push(form)
    ignored = read(form, headers | {header: event}, body)
    assert isinstance(ignored, intake.Ignored)
    assert event in ignored.reason


def test_an_azure_event_is_named_by_the_body() -> None:
    assert isinstance(read("azure-devops", *edited("azure-devops", eventType="build.complete")), intake.Ignored)


def test_a_gitlab_system_hook_that_is_no_push_is_ignored() -> None:
    headers, body = edited("gitlab-token", object_kind="repository_update")
    assert isinstance(read("gitlab-token", headers | {"x-gitlab-event": "System Hook"}, body), intake.Ignored)


def test_gogs_announces_a_new_branch_twice_and_one_is_enough() -> None:
    headers, body = signing.fixture("gogs-tag")
    body = body.replace(b'"ref_type": "tag"', b'"ref_type": "branch"')
    assert isinstance(read("gogs", headers, body), intake.Ignored)


@pytest.mark.parametrize("form", [form for form in FORMS if form != "gitlab-signed"])
def test_the_same_delivery_has_the_same_id(form: str) -> None:
    headers, body = signing.push(form)
    assert pushed(form, headers, body).delivery == pushed(form, headers, body).delivery
    assert len(pushed(form, headers, body).delivery) == 36


@pytest.mark.parametrize("value", ["", "x" * 129, "a b", "id\x00"])
def test_without_a_plain_delivery_id_the_body_stands_for_it(value: str) -> None:
    headers, body = signing.push("github")
    assert pushed("github", headers | {"x-github-delivery": value}, body).delivery == hashlib.sha256(body).hexdigest()


COMMIT = {"added": ["a.yaml"], "modified": ["b.yaml"], "removed": ["c.yaml"]}


def test_added_modified_and_removed_files_all_count() -> None:
    (change,) = pushed("github", *edited("github", commits=[COMMIT, COMMIT | {"added": ["d.yaml"]}])).changes
    assert change.paths == ("a.yaml", "b.yaml", "c.yaml", "d.yaml")


@pytest.mark.parametrize(
    ("form", "fields"),
    [
        ("github", {"commits": []}),
        ("github", {"commits": [COMMIT] * 20}),
        ("github", {"commits": None}),
        ("github", {"commits": [COMMIT, {"id": AFTER}]}),
        ("github", {"commits": ["nonsense"]}),
        ("github", {"commits": [COMMIT | {"added": [f"{n}.yaml" for n in range(1001)]}]}),
        ("github", {"forced": True}),
        ("gitlab-token", {"total_commits_count": 2}),
        ("gitea", {"total_commits": 21}),
    ],
)
def test_files_are_unknown_where_the_list_may_be_incomplete(form: str, fields: dict[str, Any]) -> None:
    (change,) = pushed(form, *edited(form, **fields)).changes
    assert change.paths is None


def test_one_push_may_move_several_refs() -> None:
    headers, body = signing.push("bitbucket-server")
    doc = json.loads(body)
    other = {"ref": {"id": "refs/heads/release"}, "fromHash": BEFORE, "toHash": AFTER}
    push = pushed("bitbucket-server", headers, json.dumps(doc | {"changes": [*doc["changes"], other]}).encode())
    assert [change.ref for change in push.changes] == ["refs/heads/main", "refs/heads/release"]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("body", [b"", b"payload=%7B%7D", b"[]", b'"text"', b"null", b"{", b'{"a":"\\ud800"}', b"\xff"])
def test_a_body_that_is_no_json_object_is_refused(form: str, body: bytes) -> None:
    headers, _ = signing.push(form)
    with pytest.raises(Refused, match="body is") as refusal:
        read(form, headers, body)
    assert refusal.value.code == 400


@pytest.mark.parametrize("form", FORMS)
def test_deep_nesting_is_refused(form: str) -> None:
    headers, _ = signing.push(form)
    with pytest.raises(Refused):
        read(form, headers, b'{"a":' + b"[" * 200_000 + b"]" * 200_000 + b"}")


@pytest.mark.parametrize(
    ("form", "fields", "named"),
    [
        ("github", {"ref": None}, "ref"),
        ("github", {"after": 7}, "after"),
        ("github", {"repository": {}}, "repository.clone_url"),
        ("github", {"repository": {"clone_url": "https://" + "x" * 600}}, "512"),
        ("github", {"repository": {"clone_url": "https://" + "ü" * 300}}, "512"),
        ("gitlab-token", {"project": "acme"}, "project.git_http_url"),
        ("bitbucket-cloud", {"push": {"changes": [7]}}, "push.changes"),
        ("bitbucket-cloud", {"push": {"changes": [{"new": {"type": "stash", "name": "x"}}]}}, "stash"),
        ("bitbucket-server", {"repository": {"links": {"clone": []}}}, "repository.links.clone"),
        ("bitbucket-server", {"changes": {}}, "changes"),
        ("azure-devops", {"resource": {}}, "resource.repository"),
        ("azure-devops", {"eventType": None}, "eventType"),
        ("gogs", {"repository": []}, "repository.clone_url"),
    ],
)
def test_a_missing_field_is_named(form: str, fields: dict[str, Any], named: str) -> None:
    with pytest.raises(Refused, match=named):
        read(form, *edited(form, **fields))


@pytest.mark.parametrize("form", ["github", "gitlab-token", "gitea", "gogs"])
def test_a_push_that_does_not_say_its_commits_is_a_push_all_the_same(form: str) -> None:
    [change] = pushed(form, *edited(form, before=None, after=None)).changes
    assert (change.before, change.after, change.created, change.deleted) == ("", "", False, False)
