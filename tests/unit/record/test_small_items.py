"""History, outbox, deliveries, documents and clusters: one rule, one test."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from driftless.outlets.table import ConditionFailed
from driftless.record import clusters, deliveries, history, outbox
from driftless.record.clusters import Registered
from driftless.record.documents import INLINE_BYTES, pack, unpack
from driftless.record.outbox import Letter
from driftless.vocabulary.argo import IN_CLUSTER, Destination
from driftless.vocabulary.errors import NotFound, Refused
from tests.unit.record.mocked import NOW, Mocked


def deploy(here: Mocked, *ids: int, limit: int = 10) -> None:
    for number in ids:
        if writes := history.append("payments", {"id": number, "bundle": f"b{number}"}, limit):
            here.table.write(*writes)


def ids(here: Mocked, limit: int = 0) -> list[int]:
    return [entry["id"] for entry in history.read(here.table, "payments", limit)]


class TestHistory:
    def test_entries_are_read_oldest_first_and_ten_comes_after_nine(self, here: Mocked) -> None:
        deploy(here, *range(12), limit=100)
        assert ids(here) == list(range(12))

    @pytest.mark.parametrize(("limit", "left"), [(1, [4]), (3, [2, 3, 4]), (5, [0, 1, 2, 3, 4]), (0, [])])
    def test_the_oldest_leave_at_the_limit(self, here: Mocked, limit: int, left: list[int]) -> None:
        deploy(here, *range(5), limit=limit)
        assert ids(here) == left

    def test_the_newest_few_are_read_alone(self, here: Mocked) -> None:
        deploy(here, *range(5))
        assert ids(here, limit=2) == [3, 4]

    def test_an_id_is_never_used_twice(self, here: Mocked) -> None:
        deploy(here, 0)
        with pytest.raises(ConditionFailed):
            deploy(here, 0)

    def test_an_entry_is_found_by_its_id(self, here: Mocked) -> None:
        deploy(here, 0, 1)
        assert history.find(here.table, "payments", 1)["bundle"] == "b1"

    def test_an_unknown_id_is_answered_with_the_known_ones(self, here: Mocked) -> None:
        deploy(here, 0, 1)
        with pytest.raises(NotFound, match="no deployment with id 7; known ids: 0, 1"):
            history.find(here.table, "payments", 7)
        with pytest.raises(NotFound, match="known ids: none"):
            history.find(here.table, "other", 0)

    def test_it_is_forgotten_whole_and_alone(self, here: Mocked) -> None:
        deploy(here, *range(5))
        here.table.write(*history.append("payments-2", {"id": 0}, 10))
        history.forget(here.table, "payments")
        assert (ids(here), history.read(here.table, "payments-2")) == ([], [{"id": 0}])


class TestOutbox:
    LETTER = Letter("sync", {"application": "payments", "cause": "go on"}, 30)

    def test_a_letter_is_read_from_the_streams_image_as_it_was_posted(self, here: Mocked) -> None:
        here.table.write(outbox.post("payments", 7, 1, self.LETTER, NOW))
        [image] = here.letters()
        assert outbox.parse(image) == self.LETTER
        assert int(image["expires"]["N"]) == NOW + 86400

    def test_a_repeated_step_posts_no_second_letter(self, here: Mocked) -> None:
        for now in (NOW, NOW + 5):
            here.table.write(outbox.post("payments", 7, 1, self.LETTER, now))
        assert len(here.letters()) == 1

    def test_other_fences_numbers_and_names_are_other_letters(self, here: Mocked) -> None:
        for name, fence, number in (("a", 7, 1), ("a", 8, 1), ("a", 7, 2), ("b", 7, 1)):
            here.table.write(outbox.post(name, fence, number, self.LETTER, NOW))
        assert len(here.letters()) == 4


class TestDeliveries:
    def test_a_delivery_is_seen_for_a_day(self, here: Mocked) -> None:
        assert not deliveries.seen(here.table, "github/1", NOW)
        deliveries.remember(here.table, "github/1", NOW)
        assert deliveries.seen(here.table, "github/1", NOW + 86399)
        assert not deliveries.seen(here.table, "github/1", NOW + 86400)
        assert not deliveries.seen(here.table, "github/2", NOW)

    def test_it_is_forgotten_by_dynamodb(self, here: Mocked) -> None:
        deliveries.remember(here.table, "github/1", NOW)
        assert here.item("DELIVERY#github/1", "-")["expires"] == NOW + 86400


class TestDocuments:
    def test_none_is_none(self, here: Mocked) -> None:
        assert unpack(None, here.store) is None

    @pytest.mark.parametrize("document", [{}, [], {"a": [1, None, "é"]}, "text"], ids=repr)
    def test_a_document_is_unpacked_as_it_was_packed(self, here: Mocked, document: Any) -> None:
        packed = pack(document, here.store)
        assert isinstance(packed, bytes) and unpack(packed, here.store) == document

    def test_beyond_the_bound_only_the_digest_is_kept(self, here: Mocked) -> None:
        document = random.Random(1).randbytes(INLINE_BYTES).hex()
        packed = pack(document, here.store)
        assert isinstance(packed, str) and len(packed) == 64
        assert unpack(packed, here.store) == document
        assert pack(document, here.store) == packed


class TestClusters:
    def register(self, here: Mocked, *servers_and_names: tuple[str, str]) -> None:
        for server, name in servers_and_names:
            here.table.write(clusters.add(Registered(server, name, {"kind": "eks", "name": name})))

    def find(self, here: Mocked, server: str = "", name: str = "") -> str:
        return clusters.find(here.table, Destination(server, name, "pay")).server

    def test_a_destination_finds_its_cluster_by_server_or_by_name(self, here: Mocked) -> None:
        self.register(here, (IN_CLUSTER, "in-cluster"), ("https://eu.example", "eu"))
        assert self.find(here, server="https://eu.example") == "https://eu.example"
        assert self.find(here, name="eu") == "https://eu.example"
        assert self.find(here, name="in-cluster") == IN_CLUSTER

    def test_a_name_of_two_clusters_is_refused(self, here: Mocked) -> None:
        self.register(here, ("https://a.example", "eu"), ("https://b.example", "eu"))
        with pytest.raises(Refused, match="more than one cluster is named eu"):
            self.find(here, name="eu")
        assert self.find(here, server="https://a.example") == "https://a.example"

    @pytest.mark.parametrize(
        ("destination", "said"),
        [
            ({"server": "https://x.example"}, "https://x.example is not"),
            ({"name": "x"}, "x is not"),
            ({"server": IN_CLUSTER}, "set up with"),
        ],
        ids=repr,
    )
    def test_an_unknown_one_is_named(self, here: Mocked, destination: dict[str, str], said: str) -> None:
        with pytest.raises(NotFound, match=said):
            self.find(here, **destination)

    def test_removing_what_is_not_there_is_refused(self, here: Mocked) -> None:
        self.register(here, ("https://a.example", "a"))
        here.table.write(clusters.remove("https://a.example"))
        assert clusters.read_all(here.table) == []
        with pytest.raises(ConditionFailed):
            here.table.write(clusters.remove("https://a.example"))

    def test_how_to_be_known_there_is_not_shown_by_accident(self) -> None:
        assert "token" not in repr(Registered("s", "n", {"token": "secret"}))

    def test_registering_again_replaces(self, here: Mocked) -> None:
        self.register(here, ("https://a.example", "old"), ("https://a.example", "new"))
        assert [c.name for c in clusters.read_all(here.table)] == ["new"]
        assert json.loads(here.item("CLUSTER", "https://a.example")["config"])["name"] == "new"
