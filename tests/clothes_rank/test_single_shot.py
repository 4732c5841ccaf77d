"""PRCC's single-shot protocol: the draws, and what is made of them."""

import numpy as np
import pytest
import torch

from clothes_rank import MODES, clothes_rank
from clothes_rank.label_arrays import single_shot
from clothes_rank.single_shot import draw_gallery


@pytest.fixture
def case(random_labels):
    generator = np.random.default_rng(0)
    query, gallery = generator.standard_normal((30, 8)), generator.standard_normal((60, 8))
    return query, gallery, random_labels(generator, 30, 60, pids=6)


def test_a_draw_holds_one_image_of_each_person():
    pids = np.array([7, 3, 7, 7, 5, 3])
    drawn = {tuple(draw_gallery(pids, np.random.default_rng(seed))) for seed in range(200)}
    # Person 5 has one image, person 3 two, person 7 three: six galleries, each ascending.
    assert drawn == {tuple(sorted((4, a, b))) for a in (1, 5) for b in (0, 2, 3)}


def test_images_of_a_person_are_drawn_alike():
    pids = np.zeros(4, int)
    generator = np.random.default_rng(0)
    counts = np.bincount([int(draw_gallery(pids, generator)[0]) for _ in range(4000)], minlength=4)
    # Five standard deviations of a count of 1000.
    assert np.abs(counts - 1000).max() < 5 * np.sqrt(4000 * 0.25 * 0.75)


def test_every_draw_is_a_ranking_of_one_image_a_person(case):
    query, gallery, labels = case
    results = single_shot(query, gallery, *labels, mode=MODES, draws=4, seed=3, max_rank=5)
    generator = np.random.default_rng(3)
    for draw in range(4):
        drawn = draw_gallery(labels[1], generator)
        drawn_labels = [side if i % 2 == 0 else side[drawn] for i, side in enumerate(labels)]
        expected = clothes_rank(query, gallery[drawn], *drawn_labels, mode=MODES, max_rank=5)
        for mode in MODES:
            np.testing.assert_array_equal(results[mode].draws[draw].all_ap, expected[mode].all_ap)
            np.testing.assert_array_equal(results[mode].draws[draw].query_indices, expected[mode].query_indices)


def test_mean_and_sample_standard_deviation(case):
    query, gallery, labels = case
    result = single_shot(query, gallery, *labels, mode="general", draws=5)
    assert result.mode == "general"
    assert len(result.draws) == 5
    for name in ("mean_ap", "mean_inp", "cmc"):
        values = np.array([getattr(draw, name) for draw in result.draws])
        assert np.ptp(values) > 0
        mean = sum(values) / 5
        spread = np.sqrt(sum((value - mean) ** 2 for value in values) / 4)
        np.testing.assert_allclose(getattr(result, name), mean)
        np.testing.assert_allclose(getattr(result, f"{name}_std"), spread, atol=1e-15)


def test_seeds_tell_draws_apart(case):
    query, gallery, labels = case
    first, again, other = (single_shot(query, gallery, *labels, mode="general", seed=seed) for seed in (0, 0, 1))
    assert first.mean_ap == again.mean_ap != other.mean_ap
    assert len(first.draws) == 10


def test_one_draw_has_no_spread(case):
    query, gallery, labels = case
    result = single_shot(query, gallery, *labels, mode="general", draws=1)
    assert (result.mean_ap_std, result.mean_inp_std) == (0.0, 0.0)
    assert not result.cmc_std.any()


def test_tensors(case):
    query, gallery, labels = case
    as_arrays = single_shot(query, gallery, *labels, mode="general", draws=2)
    tensors = (torch.from_numpy(array) for array in (query, gallery, *labels))
    assert single_shot(*tensors, mode="general", draws=2).mean_ap == as_arrays.mean_ap


def test_a_broken_feature_is_named_by_its_row_in_the_whole_gallery(case):
    query, gallery, labels = case
    gallery[41, 2] = np.nan
    for seed in range(5):
        with pytest.raises(ValueError, match="gallery features hold NaN or infinite values .* in row 41;"):
            single_shot(query, gallery, *labels, mode="general", draws=1, seed=seed)


def test_no_draw_is_an_error(case):
    query, gallery, labels = case
    with pytest.raises(ValueError, match="draws is 0, expected a whole number of at least 1"):
        single_shot(query, gallery, *labels, mode="general", draws=0)
