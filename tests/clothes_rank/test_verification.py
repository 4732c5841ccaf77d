"""True positive rates at false positive rates, against lists of all pairs."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from clothes_rank.counting import blocks
from clothes_rank.label_arrays import verification_rates, verification_rates_from_distances
from clothes_rank.modes import MODES

RATES = (0.0, 0.01, 0.1, 0.5, 1.0)


def rates_slowly(distances, labels, mode):
    query_pids, gallery_pids, query_camids, gallery_camids, query_clothes, gallery_clothes = labels
    matches, distractors = [], []
    for q in range(len(query_pids)):
        own, others = [], []
        for g in range(len(gallery_pids)):
            if gallery_pids[g] != query_pids[q]:
                others.append(distances[q, g])
            elif gallery_camids[g] != query_camids[q]:
                same = gallery_clothes[g] == query_clothes[q]
                if mode == "general" or same == (mode == "same_clothing"):
                    own.append(distances[q, g])
        if own:
            matches += own
            distractors += others
    # Every threshold there can be: at each distance, and beyond all.
    thresholds = np.array([*matches, *distractors, np.inf])[:, None]
    accepted_matches = (np.array(matches) < thresholds).sum(axis=1)
    accepted_distractors = (np.array(distractors) < thresholds).sum(axis=1)
    found = {}
    for rate in RATES:
        allowed = accepted_distractors <= rate * len(distractors)
        found[rate] = accepted_matches[allowed].max() / len(matches) if matches else np.nan
    return found, len(matches), len(distractors)


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    num_query=st.integers(1, 5),
    num_gallery=st.integers(1, 12),
    levels=st.sampled_from([1, 3, 1000]),
    pids=st.integers(1, 4),
)
def test_any_distances(random_labels, seed, num_query, num_gallery, levels, pids):
    generator = np.random.default_rng(seed)
    # Near each other and of both signs, so that all bits of the float matter.
    distances = (generator.integers(-levels, levels + 1, (num_query, num_gallery)) * 1e-3).astype(np.float32)
    labels = random_labels(generator, num_query, num_gallery, pids=pids)
    results = verification_rates_from_distances(distances, *labels, mode=MODES, false_positive_rates=RATES)
    for mode in MODES:
        rates, num_matches, num_distractors = rates_slowly(distances, labels, mode)
        assert results[mode].true_positive_rates == pytest.approx(rates, nan_ok=True)
        assert (results[mode].num_matches, results[mode].num_distractors) == (num_matches, num_distractors)


def test_both_zeros_are_one_distance():
    labels = ([1], [1, 2], [0], [1, 1], [0], [0, 0])
    for distances in ([[0.0, -0.0]], [[-0.0, 0.0]]):
        result = verification_rates_from_distances(
            np.array(distances), *labels, mode="general", false_positive_rates=(0.0, 1.0)
        )
        assert result.true_positive_rates == {0.0: 0.0, 1.0: 1.0}


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("scratch", [2000, blocks.SCRATCH_BYTES])
def test_features(random_labels, monkeypatch, metric, scratch):
    generator = np.random.default_rng(0)
    query, gallery = (generator.standard_normal((size, 10)).astype(np.float32) for size in (30, 90))
    labels = random_labels(generator, 30, 90, pids=8)
    wide_query, wide_gallery = query.astype(np.float64), gallery.astype(np.float64)
    if metric == "cosine":
        norms = np.outer(np.linalg.norm(wide_query, axis=1), np.linalg.norm(wide_gallery, axis=1))
        distances = 1.0 - wide_query @ wide_gallery.T / norms
    else:
        distances = ((wide_query[:, None] - wide_gallery[None]) ** 2).sum(-1)
    monkeypatch.setattr(blocks, "SCRATCH_BYTES", scratch)
    found = verification_rates(query, gallery, *labels, mode=MODES, metric=metric, false_positive_rates=RATES)
    for mode in MODES:
        rates, num_matches, num_distractors = rates_slowly(distances, labels, mode)
        assert found[mode].true_positive_rates == pytest.approx(rates)
        assert (found[mode].num_matches, found[mode].num_distractors) == (num_matches, num_distractors)
        assert 0 < rates[0.1] < rates[0.5] < 1


def test_tensor_of_distances_and_single_mode():
    labels = ([1, 1], [1, 2], [0, 0], [1, 1], [0, 0], [0, 0])
    distances = torch.tensor([[0.2, 0.3], [0.5, 0.4]])
    result = verification_rates_from_distances(distances, *labels, mode="general", false_positive_rates=(0.0, 0.5))
    # Without a distractor only what is nearer than 0.3; with one of the two, what is nearer than 0.4.
    assert result.true_positive_rates == {0.0: 0.5, 0.5: 0.5}
    assert result.mode == "general"


def test_errors():
    labels = ([1], [1, 2], [0], [1, 1], [0], [0, 0])
    with pytest.raises(ValueError, match=r"false_positive_rates is \(2\.0,\), expected rates from 0 to 1"):
        verification_rates_from_distances(np.ones((1, 2)), *labels, mode="general", false_positive_rates=(2.0,))
    with pytest.raises(ValueError, match=r"distances\[0, 1\] is nan"):
        verification_rates_from_distances(np.array([[0.0, np.nan]]), *labels, mode="general")
    with pytest.raises(ValueError, match="gallery features hold NaN"):
        verification_rates(np.ones((1, 2)), np.full((2, 2), np.nan), *labels, mode="general")
    with pytest.raises(ValueError, match="metric is 'l1'"):
        verification_rates(np.ones((1, 2)), np.ones((2, 2)), *labels, mode="general", metric="l1")


def test_no_query_with_a_match_gives_no_number():
    result = verification_rates_from_distances(np.ones((1, 1)), [1], [2], [0], [1], [0], [0], mode="general")
    assert np.isnan(list(result.true_positive_rates.values())).all()
    assert (result.num_matches, result.num_distractors) == (0, 0)
