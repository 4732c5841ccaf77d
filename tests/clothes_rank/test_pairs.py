"""Same-person pairs, against loops over all images."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clothes_rank import pairs
from clothes_rank.labels import Labels
from clothes_rank.modes import MODES, Mode, other, requested_modes, same
from clothes_rank.pairs import PersonPairs


def person_pairs(labels):
    query_pids, gallery_pids, query_camids, gallery_camids, query_clothes, gallery_clothes = labels
    return PersonPairs(
        Labels(query_pids, query_camids, query_clothes).checked("query", len(query_pids)),
        Labels(gallery_pids, gallery_camids, gallery_clothes).checked("gallery", len(gallery_pids)),
    )


@settings(max_examples=200, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    num_query=st.integers(1, 8),
    num_gallery=st.integers(1, 25),
    pairs_per_chunk=st.sampled_from([1, 5, 1000]),
)
def test_counts_of_matches_and_ranked_images(random_labels, seed, num_query, num_gallery, pairs_per_chunk):
    labels = random_labels(np.random.default_rng(seed), num_query, num_gallery, pids=3)
    query_pids, gallery_pids, query_camids, gallery_camids, query_clothes, gallery_clothes = labels
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(pairs, "PAIRS_PER_CHUNK", pairs_per_chunk)
        counts = person_pairs(labels).match_counts(requested_modes(MODES))
    assert list(counts) == list(MODES)
    for mode, (matches, ranked) in counts.items():
        for q in range(num_query):
            expected_matches = expected_ranked = 0
            for g in range(num_gallery):
                if gallery_pids[g] != query_pids[q]:
                    expected_ranked += 1
                    continue
                if gallery_camids[g] == query_camids[q]:
                    continue
                same_clothes = gallery_clothes[g] == query_clothes[q]
                if mode == "general" or same_clothes == (mode == "same_clothing"):
                    expected_matches += 1
                    expected_ranked += 1
            assert (matches[q], ranked[q]) == (expected_matches, expected_ranked)


def test_a_pair_that_is_neither_match_nor_removed_is_ranked():
    mode = Mode("other_clothes_only", match=other("camera") & other("clothes"), removed=same("camera"))
    found = person_pairs(([1], [1, 1, 1, 2], [0], [0, 1, 1, 1], [5], [5, 5, 6, 5]))
    matches, ranked = found.match_counts({"neither": mode})["neither"]
    assert (matches.tolist(), ranked.tolist()) == ([1], [3])


@pytest.mark.parametrize("pairs_per_chunk", [1, 7, 1000])
@pytest.mark.parametrize("max_queries", [1, 3, 100])
def test_chunks_cover_each_query_once_with_all_its_images(random_labels, monkeypatch, pairs_per_chunk, max_queries):
    monkeypatch.setattr(pairs, "PAIRS_PER_CHUNK", pairs_per_chunk)
    labels = list(random_labels(np.random.default_rng(0), 20, 30, pids=5))
    # Person 4 is in the queries only.
    labels[1] %= 4
    found = person_pairs(labels)
    seen = []
    for chunk in found.chunks(max_queries):
        of_chunk = found.of(chunk)
        offsets, members = of_chunk
        size = chunk.stop - chunk.start
        assert size <= max_queries
        assert len(members) <= pairs_per_chunk or size == 1
        assert len(offsets) == size + 1
        for i, query in enumerate(range(chunk.start, chunk.stop)):
            expected = np.flatnonzero(labels[1] == labels[0][query])
            np.testing.assert_array_equal(members[offsets[i] : offsets[i + 1]], expected)
            assert (of_chunk.rows[offsets[i] : offsets[i + 1]] == i).all()
            seen.append(query)
    assert seen == list(range(20))
