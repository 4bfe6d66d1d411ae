"""One Kubernetes control plane without containers: etcd, API server, controllers, scheduler, and kwok for a kubelet.

In: an empty folder and the built binaries. Out: an API server on loopback with a kubeconfig in that folder, about
three seconds later, on which Deployments, Jobs and namespaces behave as on a real cluster (kwok reports pods ready).
State lives and dies with the folder: etcd does not sync to disk, and every start is from nothing.
"""

from __future__ import annotations

import base64
import http.client
import json
import secrets
import shutil
import ssl
from pathlib import Path
from typing import Any

from devstack import build
from devstack.processes import Part, Processes, free_port
from driftless.vocabulary.errors import DriftlessError

NODE = "node-1"
# Every write by somebody with a name is recorded, without bodies: what a drift report asks for is who, what, when.
AUDIT_POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [
        {"level": "None", "verbs": ["get", "list", "watch"]},
        {"level": "None", "resources": [{"group": "coordination.k8s.io"}, {"group": "", "resources": ["events"]}]},
        {"level": "Metadata"},
    ],
}


class ControlPlane:
    """A control plane of our own. `endpoint`, `ca_file`, `token` and `kubeconfig` are good after `start`."""

    def __init__(self, folder: Path, *, token_webhook: str = "") -> None:
        """`folder` is emptied; `token_webhook` is the address asked about tokens the API server does not know (EKS)."""
        self.folder = folder
        self.token_webhook = token_webhook
        self.token = secrets.token_hex(16)
        self.certificates = folder / "pki"
        self.ca_file = self.certificates / "apiserver.crt"
        self.kubeconfig = folder / "kubeconfig"
        self.audit_log = folder / "audit.log"
        self.processes = Processes(folder / "logs")
        self.port = free_port()
        self.endpoint = f"https://127.0.0.1:{self.port}"

    @property
    def ca_data(self) -> str:
        """The API server's CA, base64, as a kubeconfig and an EKS description carry it."""
        return base64.b64encode(self.ca_file.read_bytes()).decode()

    def start(self) -> None:
        """Start every part and return when a pod could be scheduled. DriftlessError with a log's end if one fails."""
        binaries, stages = build.control_plane(), build.kwok_stages()
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        try:
            server = self._start_api_server(binaries, self._start_etcd(binaries))
            self._write_kubeconfig()
            self._start_controllers(binaries, stages)
            self.processes.wait_for(server, self._ready)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        self.processes.stop()

    def request(
        self, method: str, path: str, body: dict[str, Any] | None = None, content_type: str = "application/json"
    ) -> tuple[int, dict[str, Any]]:
        """One request as administrator: (status, decoded answer). For set-up and tests; OSError if nobody answers."""
        context = ssl.create_default_context(cafile=str(self.ca_file))
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=30, context=context)
        try:
            headers = {"Authorization": f"Bearer {self.token}"} | ({"Content-Type": content_type} if body else {})
            connection.request(method, path, json.dumps(body) if body else None, headers)
            answer = connection.getresponse()
            text = answer.read()
            is_json = "json" in (answer.getheader("Content-Type") or "")
            return answer.status, json.loads(text) if is_json else {"text": text.decode()}
        finally:
            connection.close()

    def apply(self, item: dict[str, Any], path: str) -> None:
        """Server-side apply of one object at `path`, its full REST path; DriftlessError if it is refused."""
        address = f"{path}?fieldManager=devstack&force=true"
        status, answer = self.request("PATCH", address, item, "application/apply-patch+yaml")
        if status >= 300:
            raise DriftlessError(f"{path}: the API server answered {status}: {answer.get('message', '')}")

    def _start_etcd(self, binaries: dict[str, Path]) -> str:
        client, peer = free_port(), free_port()
        address = f"http://127.0.0.1:{client}"
        part = self.processes.start(
            "etcd",
            [
                str(binaries["etcd"]),
                f"--data-dir={self.folder / 'etcd'}",
                f"--listen-client-urls={address}",
                f"--advertise-client-urls={address}",
                f"--listen-peer-urls=http://127.0.0.1:{peer}",
                f"--initial-advertise-peer-urls=http://127.0.0.1:{peer}",
                f"--initial-cluster=default=http://127.0.0.1:{peer}",
                "--unsafe-no-fsync",
                "--log-level=warn",
            ],
        )
        self.processes.wait_listening(part, client)
        return address

    def _start_api_server(self, binaries: dict[str, Path], etcd: str) -> Part:
        tokens, policy, key = (
            self.folder / "tokens.csv",
            self.folder / "audit.json",
            self.certificates / "apiserver.key",
        )
        tokens.touch(0o600)
        tokens.write_text(f'{self.token},admin,admin,"system:masters"\n')
        policy.write_text(json.dumps(AUDIT_POLICY))
        command = [
            str(binaries["kube-apiserver"]),
            f"--etcd-servers={etcd}",
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            f"--secure-port={self.port}",
            f"--cert-dir={self.certificates}",
            f"--token-auth-file={tokens}",
            "--authorization-mode=RBAC",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={key}",
            f"--service-account-signing-key-file={key}",
            "--service-cluster-ip-range=10.96.0.0/16",
            # The fake node never sheds the not-ready taint that this plugin puts on it.
            "--disable-admission-plugins=TaintNodesByCondition",
            f"--audit-policy-file={policy}",
            f"--audit-log-path={self.audit_log}",
            "--audit-log-maxsize=50",
            "--audit-log-maxbackup=1",
            *self._webhook_flags(),
        ]
        server = self.processes.start("kube-apiserver", command)
        self.processes.wait_for(server, lambda: self._answers("/readyz"))
        return server

    def _webhook_flags(self) -> list[str]:
        if not self.token_webhook:
            return []
        path = self.folder / "token-webhook.json"
        path.write_text(json.dumps(_kubeconfig({"server": self.token_webhook}, {})))
        return [f"--authentication-token-webhook-config-file={path}", "--authentication-token-webhook-version=v1"]

    def _write_kubeconfig(self) -> None:
        cluster = {"server": self.endpoint, "certificate-authority-data": self.ca_data}
        self.kubeconfig.touch(0o600)
        self.kubeconfig.write_text(json.dumps(_kubeconfig(cluster, {"token": self.token}), indent=2) + "\n")

    def _start_controllers(self, binaries: dict[str, Path], stages: list[Path]) -> None:
        ports = {name: free_port() for name in ("kube-controller-manager", "kube-scheduler", "kwok")}
        # The default limits of 20-50 requests a second are a fair share of a big cluster, and slow on a small one.
        common = ["--bind-address=127.0.0.1", "--leader-elect=false", "--kube-api-qps=300", "--kube-api-burst=600"]
        access = f"--kubeconfig={self.kubeconfig}"
        key = self.certificates / "apiserver.key"
        commands = {
            "kube-controller-manager": [
                *common,
                f"--cert-dir={self.certificates / 'controller-manager'}",
                f"--service-account-private-key-file={key}",
                f"--root-ca-file={self.ca_file}",
            ],
            "kube-scheduler": [*common, f"--cert-dir={self.certificates / 'scheduler'}"],
            "kwok": [
                "--manage-all-nodes=true",
                "--node-lease-duration-seconds=40",
                f"--server-address=127.0.0.1:{ports['kwok']}",
                *(f"--config={stage}" for stage in stages),
            ],
        }
        self.request("POST", "/api/v1/nodes", _node())
        parts = {}
        for name, flags in commands.items():
            port = [] if name == "kwok" else [f"--secure-port={ports[name]}"]
            parts[name] = self.processes.start(name, [str(binaries[name]), access, *flags, *port])
        for name, part in parts.items():
            self.processes.wait_listening(part, ports[name])

    def _answers(self, path: str) -> bool:
        if not self.ca_file.is_file():
            return False
        try:
            return self.request("GET", path)[0] == 200
        except (OSError, http.client.HTTPException):
            return False

    def _ready(self) -> bool:
        status, node = self.request("GET", f"/api/v1/nodes/{NODE}")
        conditions = node.get("status", {}).get("conditions", []) if status == 200 else []
        ready = any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)
        return ready and self.request("GET", "/api/v1/namespaces/default/serviceaccounts/default")[0] == 200


def _node() -> dict[str, Any]:
    labels = {"kubernetes.io/hostname": NODE, "kubernetes.io/os": "linux", "kubernetes.io/role": "agent"}
    metadata = {"name": NODE, "annotations": {"kwok.x-k8s.io/node": "fake"}, "labels": labels}
    return {"apiVersion": "v1", "kind": "Node", "metadata": metadata}


def _kubeconfig(cluster: dict[str, str], user: dict[str, str]) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "driftless", "cluster": cluster}],
        "users": [{"name": "driftless", "user": user}],
        "contexts": [{"name": "driftless", "context": {"cluster": "driftless", "user": "driftless"}}],
        "current-context": "driftless",
    }
