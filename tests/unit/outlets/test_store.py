"""The store of immutable hand-overs: written once, read once, kept within a bound."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from botocore.exceptions import EndpointConnectionError

from driftless.outlets import aws, store
from driftless.outlets.store import Store
from driftless.vocabulary.errors import NotFound, Unavailable
from tests.unit.record.mocked import Mocked

DATA = b"a bundle"
DIGEST = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def elsewhere(here: Mocked, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """The same bucket, seen by a process that has read nothing yet."""
    return Store(here.store.bucket, tmp_path_factory.mktemp("elsewhere"))


def remove(here: Mocked, prefix: str = "bundles", digest: str = DIGEST) -> None:
    aws.client("s3").delete_object(Bucket=here.store.bucket, Key=f"{prefix}/{digest}")


def test_what_one_process_stores_another_reads(here: Mocked, elsewhere: Store) -> None:
    here.store.put("bundles", DIGEST, DATA)
    assert elsewhere.has("bundles", DIGEST)
    assert elsewhere.get("bundles", DIGEST) == DATA


def test_prefixes_are_apart(here: Mocked, elsewhere: Store) -> None:
    here.store.put("bundles", DIGEST, DATA)
    assert not here.store.has("artifacts", DIGEST) and not elsewhere.has("artifacts", DIGEST)


def test_what_nobody_stored_is_not_found(here: Mocked) -> None:
    with pytest.raises(NotFound, match=f"bundles/{DIGEST[:12]} is not in the bucket"):
        here.store.get("bundles", DIGEST)


def test_a_warm_process_reads_once(here: Mocked, elsewhere: Store) -> None:
    here.store.put("bundles", DIGEST, DATA)
    elsewhere.get("bundles", DIGEST)
    remove(here)
    assert elsewhere.get("bundles", DIGEST) == DATA and elsewhere.has("bundles", DIGEST)


def test_the_copies_stay_within_their_bound_the_oldest_go(
    here: Mocked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "CACHE_BYTES", 8_000)
    for number in range(12):
        here.store.put("bundles", f"{number:064}", bytes(1_000))
    kept = {path.name for path in tmp_path.iterdir()}
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 8_000
    assert f"bundles-{11:064}" in kept and len(kept) == 8


def test_a_huge_one_is_not_copied_at_all(here: Mocked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "CACHE_BYTES", 800)
    here.store.put("bundles", DIGEST, bytes(101))
    assert list(tmp_path.iterdir()) == []
    assert here.store.get("bundles", DIGEST) == bytes(101)


@pytest.mark.parametrize("operation", ["put", "get", "has"])
def test_s3_down_is_unavailable(here: Mocked, monkeypatch: pytest.MonkeyPatch, operation: str) -> None:
    class Down:
        def __getattr__(self, name: str) -> None:
            raise EndpointConnectionError(endpoint_url="http://s3")

    reader = here.store
    monkeypatch.setattr(aws, "client", lambda service: Down())
    arguments = (DIGEST, DATA) if operation == "put" else (DIGEST,)
    with pytest.raises(Unavailable, match="the S3 bucket"):
        getattr(reader, operation)("bundles", *arguments)
