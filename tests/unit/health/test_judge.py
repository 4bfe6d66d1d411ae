"""Every sample under samples/ is named after what it is and how it is: <kind>-<state>[-why].yaml."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from driftless import health
from driftless.vocabulary.model import Health, HealthStatus

SAMPLES = sorted((Path(__file__).parent / "samples").glob("*.yaml"))


def sample(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "samples" / f"{name}.yaml").read_text())
    return loaded


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_sample_is_as_its_name_says(path: Path) -> None:
    kind, expected = path.stem.split("-")[:2]
    obj = yaml.safe_load(path.read_text())
    found = health.judge(obj)
    assert obj["kind"].lower() == kind
    assert (found.status.lower() if found else "none") == expected


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_what_is_not_healthy_says_why(path: Path) -> None:
    found = health.judge(yaml.safe_load(path.read_text()))
    assert found is None or found.status is HealthStatus.HEALTHY or found.message


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("deployment-progressing-few-available", "1 of 3 updated replicas are available"),
        ("deployment-progressing-few-updated", "1 of 3 new replicas have been created"),
        ("deployment-progressing-old-replicas", "1 old replicas are still to be terminated"),
        ("deployment-degraded-deadline", "deadline of 600 s"),
        ("deployment-unknown-version", "apps/v1beta1 Deployment"),
        ("deployment-progressing-being-deleted", "Pending deletion"),
        ("statefulset-progressing-not-ready", "2 of 3 pods are ready"),
        ("replicaset-degraded-quota", "FailedCreate: exceeded quota: compute"),
        (
            "pod-degraded-crash-loop",
            "container app is in CrashLoopBackOff (exit code 1, Error, 4 restarts): back-off 40s",
        ),
        ("pod-degraded-crashed-once", "OOMKilled"),
        ("pod-degraded-failed-exit-code", "exit code 2"),
        ("cronjob-degraded-last-run", "2026-11-21T10:05:00Z did not succeed"),
    ],
)
def test_a_message_names_the_cause(name: str, words: str) -> None:
    found = health.judge(sample(name))
    assert found is not None
    assert words in found.message


@pytest.mark.parametrize(
    "obj",
    [
        {"apiVersion": api, "kind": kind, "metadata": {"name": "bare"}}
        for api, kind in [
            ("apps/v1", "Deployment"),
            ("apps/v1", "StatefulSet"),
            ("apps/v1", "DaemonSet"),
            ("apps/v1", "ReplicaSet"),
            ("v1", "Pod"),
            ("v1", "Service"),
            ("v1", "PersistentVolumeClaim"),
            ("networking.k8s.io/v1", "Ingress"),
            ("batch/v1", "Job"),
            ("batch/v1", "CronJob"),
            ("autoscaling/v2", "HorizontalPodAutoscaler"),
            ("autoscaling/v1", "HorizontalPodAutoscaler"),
            ("apiregistration.k8s.io/v1", "APIService"),
            ("argoproj.io/v1alpha1", "Workflow"),
            ("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
        ]
    ],
    ids=lambda obj: f"{obj['apiVersion']}-{obj['kind']}",
)
def test_an_object_without_spec_and_status_is_judged_all_the_same(obj: dict[str, Any]) -> None:
    assert isinstance(health.judge(obj), Health)
