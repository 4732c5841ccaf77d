"""Samplers of the host: on items with a clothes id, and the one that never gave a batch."""

import collections
import itertools

import pytest
from fastreid.data import samplers

TRIPLES = [(f"{pid}_{camid}_{number}", pid, camid) for pid in range(8) for camid in range(1, 4) for number in range(2)]
CLOTHED = [(*item, f"clothes{item[1] % 2}") for item in TRIPLES]


def draw(sampler, count):
    return [int(index) for index in itertools.islice(iter(sampler), count)]


@pytest.mark.parametrize(
    "make",
    [
        lambda items: samplers.BalancedIdentitySampler(items, 16, 4, seed=1),
        lambda items: samplers.NaiveIdentitySampler(items, 16, 4, seed=1),
        lambda items: samplers.SetReWeightSampler(items, 24, 2, [1, 2, 3], seed=1),
        lambda items: samplers.TrainingSampler(len(items), seed=1),
    ],
    ids=["balanced", "naive", "set", "training"],
)
def test_a_fourth_field_changes_nothing(make):
    indices = draw(make(CLOTHED), 200)
    assert indices == draw(make(TRIPLES), 200)
    assert len(set(indices)) > len(TRIPLES) / 2


def test_balanced_items_are_cut_to_three_fields_and_counted():
    sampler = samplers.BalancedIdentitySampler(CLOTHED, 16, 4)
    assert sampler.data_source[5] == TRIPLES[5]
    assert len(sampler.data_source) == len(CLOTHED)


def test_the_imbalanced_sampler_takes_four_fields():
    assert set(draw(samplers.ImbalancedDatasetSampler(CLOTHED, seed=0), 50)) <= set(range(len(CLOTHED)))


# Two identities a camera, none in two cameras, so that a drawn image tells for which camera it was drawn.
SEPARATE = [("", f"{camid}_{pid}", camid) for camid in (1, 2, 4) for pid in range(4) for _ in range(6)]


def test_set_weights_share_out_each_batch_among_the_cameras():
    indices = draw(samplers.SetReWeightSampler(SEPARATE, 24, 2, [1, 2, 3], seed=0), 240)
    for start in range(0, 240, 24):
        batch = [SEPARATE[index] for index in indices[start : start + 24]]
        assert collections.Counter(camid for _, _, camid in batch) == {1: 4, 2: 8, 4: 12}
        assert all(count % 2 == 0 for count in collections.Counter(pid for _, pid, _ in batch).values())


def test_set_weights_draw_other_images_where_there_are_enough():
    sampler = samplers.SetReWeightSampler(SEPARATE[:24], 16, 4, [2], seed=0)
    identities = {pid: set() for _, pid, _ in SEPARATE[:24]}
    for index in draw(sampler, 400):
        identities[SEPARATE[index][1]].add(index)
    assert [len(images) for images in identities.values()] == [6, 6, 6, 6]


def test_set_weights_repeat_images_where_there_are_too_few():
    items = [("", "one", 1), ("", "two", 1)]
    assert set(draw(samplers.SetReWeightSampler(items, 8, 4, [1], seed=0), 80)) == {0, 1}


def test_the_seed_fixes_what_set_weights_draw():
    first, second, other = (
        draw(samplers.SetReWeightSampler(SEPARATE, 24, 2, [1, 2, 3], seed=seed), 96) for seed in (0, 0, 1)
    )
    assert first == second != other


def test_set_weights_need_one_for_each_camera():
    sampler = samplers.SetReWeightSampler(SEPARATE, 12, 2, [1, 2])
    with pytest.raises(ValueError, match=r"SET_WEIGHT has 2 weights, .* has 3 cameras \(1, 2, 4\): give one weight"):
        next(iter(sampler))
