"""Modes, labels and same-person pairs, against loops over all images."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clothes_rank import modes
from clothes_rank.modes import MODES, PersonGroups, as_labels, match_counts, requested_modes


def labels_of(arrays):
    return as_labels(*arrays, num_query=len(arrays[0]), num_gallery=len(arrays[1]))


@settings(max_examples=200, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), num_query=st.integers(1, 8), num_gallery=st.integers(1, 25))
def test_counts_of_matches_and_ranked_images(random_labels, seed, num_query, num_gallery):
    labels = labels_of(random_labels(np.random.default_rng(seed), num_query, num_gallery, pids=3))
    for mode in MODES:
        matches, ranked = match_counts(labels, mode)
        for q in range(num_query):
            expected_matches = expected_ranked = 0
            for g in range(num_gallery):
                if labels.gallery_pids[g] != labels.query_pids[q]:
                    expected_ranked += 1
                    continue
                if labels.gallery_camids[g] == labels.query_camids[q]:
                    continue
                same = labels.gallery_clothes[g] == labels.query_clothes[q]
                if mode == "general" or same == (mode == "same_clothing"):
                    expected_matches += 1
                    expected_ranked += 1
            assert (matches[q], ranked[q]) == (expected_matches, expected_ranked)


@pytest.mark.parametrize("pairs_per_chunk", [1, 7, 1000])
@pytest.mark.parametrize("max_queries", [1, 3, 100])
def test_chunks_cover_each_query_once_with_all_its_images(random_labels, monkeypatch, pairs_per_chunk, max_queries):
    monkeypatch.setattr(modes, "PAIRS_PER_CHUNK", pairs_per_chunk)
    # Person 5 is in the queries only.
    labels = labels_of(random_labels(np.random.default_rng(0), 20, 30, pids=5))
    labels = labels._replace(gallery_pids=labels.gallery_pids % 4)
    groups = PersonGroups.of(labels)
    seen = []
    for chunk in groups.chunks(max_queries):
        offsets, members = groups.pairs(chunk)
        size = chunk.stop - chunk.start
        assert size <= max_queries
        assert len(members) <= pairs_per_chunk or size == 1
        assert len(offsets) == size + 1
        for i, query in enumerate(range(chunk.start, chunk.stop)):
            expected = np.flatnonzero(labels.gallery_pids == labels.query_pids[query])
            np.testing.assert_array_equal(members[offsets[i] : offsets[i + 1]], expected)
            seen.append(query)
    assert seen == list(range(20))


def test_modes_asked_for_twice_count_once():
    assert requested_modes(["general", "clothing_change", "general"]) == ("general", "clothing_change")


def test_unsigned_labels_are_labels():
    labels = as_labels(
        *(np.array([1], np.uint8) for _ in range(6)),
        num_query=1,
        num_gallery=1,
    )
    assert labels.query_pids.dtype == np.int64
