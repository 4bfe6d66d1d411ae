"""The apply room against a real API server: waves, sync options, replace and force, prune, predictions."""

from __future__ import annotations

import pytest

from devstack.controlplane import ControlPlane
from driftless.apply import Options, perform, predict
from driftless.outlets.cluster import Cluster, connect
from driftless.vocabulary.errors import ClusterRefused
from driftless.vocabulary.model import OperationPhase, ResultCode
from driftless.vocabulary.objects import key_of
from tests.cluster.apply_samples import apply_task, config_map, deployment, eventually, one, prune_task, read

PRUNING = Options(prune=True)


@pytest.fixture
def cluster(controlplane: ControlPlane) -> Cluster:
    return connect(
        {"endpoint": controlplane.endpoint, "caData": controlplane.ca_data, "bearerToken": controlplane.token}
    )


# ---- apply -----------------------------------------------------------------------------------------------------------


def test_a_wave_is_applied_and_answers_what_is_live(cluster: Cluster, namespace: str) -> None:
    targets = [config_map(namespace, f"m{n}", x="1") for n in range(5)] + [deployment(namespace)]
    outcomes = perform(cluster, [apply_task(target) for target in targets], Options())
    assert [o.result.status for o in outcomes] == [ResultCode.SYNCED] * 6
    assert [o.result.hook_phase for o in outcomes] == [OperationPhase.RUNNING] * 6
    assert outcomes[0].result.message == "configmap/m0 serverside-applied"
    assert outcomes[-1].result.message == "deployment.apps/web serverside-applied"
    assert all(o.live and o.live["metadata"]["uid"] for o in outcomes)


def test_applying_the_same_again_changes_nothing(cluster: Cluster, namespace: str) -> None:
    target = deployment(namespace)
    first, again = (one(cluster, apply_task(target)).live for _ in range(2))
    assert first and again and first["metadata"]["generation"] == again["metadata"]["generation"]


def test_a_field_that_left_git_goes(cluster: Cluster, namespace: str) -> None:
    live = one(cluster, apply_task(config_map(namespace, "m", kept="1", left="2"))).live
    after = one(cluster, apply_task(config_map(namespace, "m", kept="1"), live)).live
    assert after and after["data"] == {"kept": "1"}


def test_one_failure_does_not_keep_the_others_from_being_tried(cluster: Cluster, namespace: str) -> None:
    wrong = config_map(namespace, "m") | {"data": {"a": 5}}
    bad, good = perform(cluster, [apply_task(wrong), apply_task(deployment(namespace))], Options())
    assert (bad.result.status, bad.result.hook_phase) == (ResultCode.SYNC_FAILED, OperationPhase.FAILED)
    assert good.result.status is ResultCode.SYNCED


def test_an_unknown_kind_fails_with_what_to_do(cluster: Cluster, namespace: str) -> None:
    widget = config_map(namespace, "w") | {"apiVersion": "example.test/v1", "kind": "Widget"}
    result = one(cluster, apply_task(widget)).result
    assert result.status is ResultCode.SYNC_FAILED and "install its CustomResourceDefinition" in result.message


def test_a_dry_run_writes_nothing_and_says_so(cluster: Cluster, namespace: str) -> None:
    target = config_map(namespace, "m")
    assert one(cluster, apply_task(target), Options(dry_run=True)).result.message.endswith("(dry run)")
    assert read(cluster, target) is None


def test_a_dry_run_forgives_a_namespace_made_in_the_same_sync(cluster: Cluster) -> None:
    made = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "made-first"}}
    inside = config_map("made-first", "m")
    outcomes = perform(cluster, [apply_task(made), apply_task(inside)], Options(dry_run=True))
    assert [o.result.status for o in outcomes] == [ResultCode.SYNCED] * 2


def test_a_namespace_that_nobody_makes_is_not_forgiven(cluster: Cluster) -> None:
    result = one(cluster, apply_task(config_map("made-by-nobody", "m")), Options(dry_run=True)).result
    assert result.status is ResultCode.SYNC_FAILED and "made-by-nobody" in result.message


def test_validate_false_leaves_out_what_the_schema_lacks(cluster: Cluster, namespace: str) -> None:
    target = deployment(namespace, options="Validate=false", colour="red")
    target["spec"]["sort"] = "of"
    live = one(cluster, apply_task(target)).live
    assert live and "colour" not in live["spec"]["template"]["spec"]["containers"][0] and "sort" not in live["spec"]
    strict = deployment(namespace, colour="red")
    result = one(cluster, apply_task(strict)).result
    assert result.status is ResultCode.SYNC_FAILED and "colour: field not declared in schema" in result.message


def test_what_comes_back_while_it_is_being_deleted_is_made_anew(cluster: Cluster, namespace: str) -> None:
    before = cluster.apply(deployment(namespace))
    cluster.delete(key_of(before), cluster.kind_of(before))
    after = one(cluster, apply_task(deployment(namespace))).live
    assert after and after["metadata"]["uid"] != before["metadata"]["uid"]


# ---- replace, force --------------------------------------------------------------------------------------------------


def test_an_immutable_field_fails_with_the_servers_reason(cluster: Cluster, namespace: str) -> None:
    live = one(cluster, apply_task(deployment(namespace))).live
    result = one(cluster, apply_task(deployment(namespace, "other"), live)).result
    assert result.status is ResultCode.SYNC_FAILED and "field is immutable" in result.message


@pytest.mark.parametrize(
    ("own", "options"),
    [("Force=true", Options()), ("", Options(force=True)), ("Replace=true,Force=true", Options())],
    ids=["of the object", "of the operation", "with replace"],
)
def test_force_recreates_what_cannot_be_changed(cluster: Cluster, namespace: str, own: str, options: Options) -> None:
    before = one(cluster, apply_task(deployment(namespace))).live
    after = one(cluster, apply_task(deployment(namespace, "other", own), before), options)
    assert after.result.message == "deployment.apps/web replaced"
    assert before and after.live and after.live["metadata"]["uid"] != before["metadata"]["uid"]


def test_force_does_not_delete_for_an_object_that_would_be_refused_anyway(cluster: Cluster, namespace: str) -> None:
    before = one(cluster, apply_task(deployment(namespace))).live
    wrong = deployment(namespace, "other", "Force=true")
    wrong["spec"]["selector"] = {"matchLabels": {"app": "not the template's"}}
    after = one(cluster, apply_task(wrong, before))
    current = read(cluster, wrong)
    assert after.result.status is ResultCode.SYNC_FAILED
    assert before and current and current["metadata"]["uid"] == before["metadata"]["uid"]


def test_replace_takes_the_whole_object(cluster: Cluster, namespace: str) -> None:
    live = one(cluster, apply_task(config_map(namespace, "m", x="1"))).live
    assert live
    strange = [{"op": "add", "path": "/data/strange", "value": "2"}]
    cluster.patch(cluster.kind_of(live), key_of(live), strange, "application/json-patch+json")
    after = one(cluster, apply_task(config_map(namespace, "m", "Replace=true", x="3"), live))
    assert after.live and after.live["data"] == {"x": "3"} and after.result.message == "configmap/m replaced"


def test_replace_creates_what_is_missing(cluster: Cluster, namespace: str) -> None:
    result = one(cluster, apply_task(config_map(namespace, "m", "Replace=true"))).result
    assert result.message == "configmap/m created"


# ---- prune -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("own", "options", "status", "message"),
    [
        ("", PRUNING, ResultCode.PRUNED, "pruned"),
        ("", Options(), ResultCode.PRUNE_SKIPPED, "ignored (requires pruning)"),
        ("Prune=false", PRUNING, ResultCode.PRUNE_SKIPPED, "ignored (no prune)"),
        ("Prune=confirm", PRUNING, ResultCode.PRUNED, "pruned"),
        ("", Options(frozenset({"Prune=false"}), prune=True), ResultCode.PRUNE_SKIPPED, "ignored (no prune)"),
        ("Prune=true", Options(frozenset({"Prune=false"}), prune=True), ResultCode.PRUNED, "pruned"),
        ("Prune=false", Options(cascade=True), ResultCode.PRUNED, "pruned"),
        ("", Options(prune=True, dry_run=True), ResultCode.PRUNED, "pruned (dry run)"),
    ],
)
def test_prune(cluster: Cluster, namespace: str, own: str, options: Options, status: ResultCode, message: str) -> None:
    live = cluster.apply(config_map(namespace, "m", own))
    done = one(cluster, prune_task(live), options)
    ended = done.live is None or message != "pruned"
    phase = OperationPhase.SUCCEEDED if ended else OperationPhase.RUNNING
    assert (done.result.status, done.result.message, done.result.hook_phase) == (status, message, phase)
    if message == "pruned":
        assert eventually(lambda: read(cluster, live) is None)
    else:
        assert read(cluster, live)


def test_an_object_without_a_tracking_id_is_never_pruned(cluster: Cluster, namespace: str) -> None:
    target = config_map(namespace, "m")
    del target["metadata"]["annotations"]
    live = cluster.apply(target)
    assert one(cluster, prune_task(live), PRUNING).result.status is ResultCode.PRUNE_SKIPPED
    assert read(cluster, live)


def test_a_namesake_made_since_is_not_pruned(cluster: Cluster, namespace: str) -> None:
    seen = cluster.apply(config_map(namespace, "m"))
    cluster.delete(key_of(seen), cluster.kind_of(seen), propagation="Background")
    cluster.apply(config_map(namespace, "m"))
    assert one(cluster, prune_task(seen), PRUNING).result.status is ResultCode.SYNC_FAILED
    assert read(cluster, seen)


def test_what_is_gone_already_counts_as_pruned(cluster: Cluster, namespace: str) -> None:
    seen = cluster.apply(config_map(namespace, "m"))
    cluster.delete(key_of(seen), cluster.kind_of(seen))
    assert one(cluster, prune_task(seen), PRUNING).result.status is ResultCode.PRUNED


# ---- predict ---------------------------------------------------------------------------------------------------------


def test_a_prediction_holds_the_servers_defaults(cluster: Cluster, namespace: str) -> None:
    live = cluster.apply(deployment(namespace))
    (same,) = predict(cluster, [(deployment(namespace), live)])
    assert not isinstance(same, ClusterRefused) and same["spec"] == live["spec"]


def test_a_prediction_names_why_the_server_refuses(cluster: Cluster, namespace: str) -> None:
    live = cluster.apply(deployment(namespace))
    (no,) = predict(cluster, [(deployment(namespace, "other"), live)])
    assert isinstance(no, ClusterRefused) and "immutable" in no.message


def test_what_may_be_recreated_differs_instead_of_failing(cluster: Cluster, namespace: str) -> None:
    live = cluster.apply(deployment(namespace))
    (other,) = predict(cluster, [(deployment(namespace, "other", "Force=true"), live)])
    assert not isinstance(other, ClusterRefused) and other["spec"]["selector"] == {"matchLabels": {"app": "other"}}
