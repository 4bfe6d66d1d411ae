"""An existing cluster is taken from a kubeconfig's current context, with the credentials a function can use."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from devstack.kubeconfig import of_file
from driftless.vocabulary.errors import DriftlessError, NotBuiltYet

TEXT = """
apiVersion: v1
kind: Config
current-context: dev
contexts:
  - {{ name: other, context: {{ cluster: none, user: none }} }}
  - {{ name: dev, context: {{ cluster: lab, user: me }} }}
clusters:
  - {{ name: lab, cluster: {{ server: "https://10.0.0.1:6443", certificate-authority: ca.pem }} }}
users:
  - {{ name: me, user: {user} }}
"""


def kubeconfig(folder: Path, user: str) -> Path:
    (folder / "ca.pem").write_bytes(b"CA")
    (folder / "token").write_text("from-file\n")
    path = folder / "config"
    path.write_text(TEXT.format(user=user))
    return path


@pytest.mark.parametrize(
    ("user", "credentials"),
    [
        ("{ token: abc }", {"bearerToken": "abc"}),
        ("{ tokenFile: token }", {"bearerToken": "from-file"}),
        (
            "{ client-certificate-data: Y2VydA==, client-key-data: a2V5 }",
            {"certData": "Y2VydA==", "keyData": "a2V5"},
        ),
    ],
)
def test_the_current_context_becomes_the_registration(tmp_path: Path, user: str, credentials: dict[str, str]) -> None:
    ca = base64.b64encode(b"CA").decode()
    assert of_file(kubeconfig(tmp_path, user)).registration == {
        "name": "in-cluster",
        "server": "https://kubernetes.default.svc",
        "config": {"endpoint": "https://10.0.0.1:6443", "caData": ca, **credentials},
    }


def test_a_user_that_runs_a_program_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotBuiltYet, match="neither a token nor a client certificate"):
        of_file(kubeconfig(tmp_path, "{ exec: { command: aws } }"))


@pytest.mark.parametrize("text", ["", "current-context: gone\ncontexts: []\n", "{"])
def test_a_file_without_a_usable_context_is_refused_by_name(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config"
    path.write_text(text)
    with pytest.raises(DriftlessError, match="no usable current context"):
        of_file(path)
