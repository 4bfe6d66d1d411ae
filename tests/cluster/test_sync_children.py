"""App of Apps and deletion on a real API server: children come, change and go; what is kept is kept."""

from __future__ import annotations

from typing import Any

from driftless.flows import register
from driftless.record import applications
from driftless.vocabulary.argo import IN_CLUSTER, RESOURCES_FINALIZER
from tests.cluster.manifests import config_map, deployment, hooked, job, text
from tests.cluster.place import Deployed, Place
from tests.cluster.surroundings import PUBLIC

AUTO = {"prune": True, "selfHeal": True}


def child(parent: str, name: str, *, path: str = "child", cascade: bool = True) -> dict[str, Any]:
    meta: dict[str, Any] = {"name": name, "namespace": "argocd"}
    meta |= {"finalizers": [RESOURCES_FINALIZER]} if cascade else {}
    source = {"repoURL": f"{PUBLIC}/acme/{parent}.git", "targetRevision": "main", "path": path}
    spec = {
        "project": "default",
        "source": source,
        "destination": {"server": IN_CLUSTER, "namespace": parent},
        "syncPolicy": {"automated": AUTO},
    }
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": meta, "spec": spec}


def family(place: Place, namespace: str, **more: Any) -> tuple[Deployed, Deployed]:
    """A root whose folder declares one child, which has one ConfigMap."""
    name = f"{namespace}-child"
    files = {"root/child.yaml": text(child(namespace, name, **more)), "child/a.yaml": text(config_map("a"))}
    root = place.application(namespace, files, automated=AUTO, source={"path": "root"})
    place.settle()
    return root, Deployed(place, name, root.checkout)


def test_children_come_up_with_their_root(place: Place, namespace: str) -> None:
    root, one = family(place, namespace)
    assert root.status == ("Synced", "Healthy")
    assert one.status == ("Synced", "Healthy") and root.live("configmaps/a")
    assert applications.read(place.world.table, one.name).parent == namespace
    assert place.scan() == 0


def test_a_child_follows_its_manifest_and_goes_when_the_root_prunes(place: Place, namespace: str) -> None:
    root, one = family(place, namespace)
    changed = child(namespace, one.name, path="other")
    extra = text(config_map("own-1"), config_map("own-2"))
    root.push({"root/child.yaml": text(changed), "other/b.yaml": text(config_map("b")), "root/own.yaml": extra})
    assert root.live("configmaps/b") and root.live("configmaps/a") is None
    visits = root.push({"root/child.yaml": None})
    assert not one.exists and root.live("configmaps/b") is None
    assert (root.status, root.phase) == (("Synced", "Healthy"), "Succeeded")
    assert visits <= 6


def test_a_child_without_the_finalizer_leaves_its_objects(place: Place, namespace: str) -> None:
    root, one = family(place, namespace, cascade=False)
    root.push({"root/child.yaml": None, "root/own.yaml": text(config_map("x"))})
    assert not one.exists and root.live("configmaps/a")


def test_a_child_changed_by_hand_is_set_right_again(place: Place, namespace: str) -> None:
    root, one = family(place, namespace)
    manifest = applications.read(place.world.table, one.name).application.manifest
    spec = manifest["spec"] | {"source": manifest["spec"]["source"] | {"path": "elsewhere"}}
    register.create(manifest | {"spec": spec}, place.world, upsert=True)
    place.settle()
    assert place.scan() >= 1
    assert applications.read(place.world.table, one.name).application.source.path == "child"
    assert root.status[0] == "Synced" and one.status[0] == "Synced"


def test_deleting_the_root_with_cascade_takes_children_and_their_objects(place: Place, namespace: str) -> None:
    root, one = family(place, namespace)
    register.remove(root.name, place.world, cascade=True)
    place.settle()
    assert not root.exists and not one.exists
    assert root.live("configmaps/a") is None
    assert place.pending() == []


def test_kinds_that_are_not_built_yet_are_refused_with_a_sentence(place: Place, namespace: str) -> None:
    project = {"apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": {"name": "p"}, "spec": {}}
    app = place.application(namespace, {"a.yaml": text(project, config_map("a"))}, automated=AUTO)
    place.settle()
    assert "AppProject p is not built yet" in app.conditions["ComparisonError"]
    assert app.phase in ("", "Failed") and app.live("configmaps/a") is None


def test_deleting_without_cascade_keeps_everything(place: Place, namespace: str) -> None:
    app = place.application(namespace, {"a.yaml": text(config_map("a"), deployment("web"))}, automated=AUTO)
    place.settle()
    register.remove(app.name, place.world)
    assert place.settle() == 1
    assert not app.exists and app.live("configmaps/a") and app.live("apps/v1/deployments/web")


def test_deleting_with_cascade_goes_wave_by_wave_and_waits(place: Place, namespace: str) -> None:
    kept = config_map("kept", **{"argocd.argoproj.io/sync-options": "Delete=false"})
    held = config_map("held", wave=2)
    held["metadata"]["finalizers"] = ["example.com/held"]
    files = {"a.yaml": text(config_map("a"), deployment("web"), held, kept, hooked(job("migrate"), "PreSync"))}
    app = place.application(namespace, files, automated=AUTO)
    place.settle()
    register.remove(app.name, place.world, cascade=True)
    place.settle(until=lambda: "held" in (app.state.status.get("health") or {}).get("message", ""))
    assert app.exists and app.live("configmaps/a"), "the lower wave waits"
    app.edit("configmaps/held", {"metadata": {"finalizers": None}})
    place.settle()
    assert not app.exists
    assert app.live("configmaps/a") is None and app.live("apps/v1/deployments/web") is None
    assert app.live("configmaps/kept")
    assert app.live("batch/v1/jobs/migrate") is None, "its hooks go with the application"


def test_deleting_during_a_sync_lets_the_hooks_go(place: Place, namespace: str) -> None:
    check = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "check"},
        "spec": {"nodeSelector": {"nowhere": "yes"}, "containers": [{"name": "c", "image": "registry.example/c:1"}]},
    }
    app = place.application(namespace, {"a.yaml": text(hooked(check, "PreSync"), config_map("a"))}, automated=AUTO)
    place.settle(until=lambda: "completion of hook" in app.operation.get("message", ""))
    register.remove(app.name, place.world)
    place.settle()
    left = app.live("pods/check")
    assert not app.exists and left and not left["metadata"].get("finalizers")


def test_an_application_made_anew_under_its_old_name_begins_anew(place: Place, namespace: str) -> None:
    app = place.application(namespace, {"a.yaml": text(config_map("a"))}, automated=AUTO)
    place.settle()
    register.remove(app.name, place.world)
    place.settle()
    app.register(automated=AUTO)
    place.settle()
    assert app.status == ("Synced", "Healthy")
    assert app.history == [], "nothing had to be deployed: the objects were there"
