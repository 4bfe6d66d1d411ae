"""The lesson's command line: `app create`, bare and with automation."""

CREATE = (
    *("app", "create", "payments", "--repo", "https://github.com/acme-corp/gitops-manifests.git"),
    *("--path", "apps/payments/overlays/production", "--revision", "main"),
    *("--dest-server", "https://kubernetes.default.svc", "--dest-namespace", "payments"),
)
LESSON = (*CREATE, "--sync-policy", "automated", "--auto-prune", "--self-heal")
