"""Appearance sampling: proportions, coverage, seeds, processes."""

from collections import Counter
from itertools import islice

import numpy as np
import pytest
from fastreid.utils import comm
from hypothesis import given
from hypothesis import strategies as st

from ifd.data import ProportionalAppearanceSampler
from ifd.data.appearance_sampler import proportional_counts


def items(sizes_by_person):
    """{pid: {outfit: images}} to a data source."""
    return [
        (f"{pid}_{outfit}_{n}.jpg", pid, 0, outfit)
        for pid, outfits in sizes_by_person.items()
        for outfit, size in outfits.items()
        for n in range(size)
    ]


def batches(sampler, number, size):
    stream = iter(sampler)
    return [list(islice(stream, size)) for _ in range(number)]


def test_a_batch_shows_p_people_k_images_each():
    source = items({pid: {0: 5, 1: 7, 2: 3} for pid in range(10)})
    for batch in batches(ProportionalAppearanceSampler(source, 16, 4, 3, seed=0), 50, 16):
        per_person = Counter(source[i][1] for i in batch)
        assert sorted(per_person.values()) == [4, 4, 4, 4]
        assert len(set(batch)) == 16


def test_images_are_in_proportion_to_the_outfits():
    source = items({pid: {"a": 60, "b": 20} for pid in range(4)})
    for batch in batches(ProportionalAppearanceSampler(source, 8, 8, 2, seed=1), 40, 8):
        assert Counter(source[i][3] for i in batch) == {"a": 6, "b": 2}


def test_at_most_a_outfits_and_all_of_them_over_time():
    source = items({pid: dict.fromkeys(range(6), 4) for pid in range(4)})
    seen = Counter()
    for batch in batches(ProportionalAppearanceSampler(source, 4, 4, 2, seed=2), 300, 4):
        outfits = {source[i][3] for i in batch}
        assert len(outfits) == 2
        seen.update(outfits)
    assert set(seen) == set(range(6))


def test_every_image_is_reached():
    source = items({0: {0: 97, 1: 1, 2: 2}, 1: {0: 1}, 2: {0: 3, 1: 30}})
    drawn = {i for batch in batches(ProportionalAppearanceSampler(source, 8, 4, 4, seed=3), 500, 8) for i in batch}
    assert drawn == set(range(len(source)))


def test_a_person_with_fewer_images_than_k_repeats_them():
    source = items({0: {0: 1}, 1: {0: 1, 1: 1}})
    for batch in batches(ProportionalAppearanceSampler(source, 8, 4, 2, seed=0), 5, 8):
        assert Counter(source[i][1] for i in batch) == {0: 4, 1: 4}


def test_more_outfits_than_images_per_person():
    source = items({pid: dict.fromkeys(range(5), 3) for pid in range(2)})
    for batch in batches(ProportionalAppearanceSampler(source, 4, 2, 5, seed=0), 20, 4):
        assert len({(source[i][1], source[i][3]) for i in batch}) == 4


def test_same_seed_same_stream_and_the_global_state_is_left_alone():
    source = items({pid: {0: 5, 1: 7} for pid in range(6)})
    np.random.seed(5)  # noqa: NPY002
    expected = np.random.random()  # noqa: NPY002
    np.random.seed(5)  # noqa: NPY002
    one = batches(ProportionalAppearanceSampler(source, 8, 4, seed=7), 5, 8)
    assert np.random.random() == expected  # noqa: NPY002
    assert one == batches(ProportionalAppearanceSampler(source, 8, 4, seed=7), 5, 8)
    assert one != batches(ProportionalAppearanceSampler(source, 8, 4, seed=8), 5, 8)


def test_an_epoch_shows_different_people_in_turn():
    source = items({pid: {0: 4} for pid in range(9)})
    for start in range(0, 30, 2):
        two = batches(ProportionalAppearanceSampler(source, 16, 4, seed=start), 2, 16)
        assert len({source[i][1] for batch in two for i in batch}) == 8


def test_processes_share_a_global_batch(monkeypatch):
    source = items({pid: {0: 5, 1: 3} for pid in range(8)})
    whole = batches(ProportionalAppearanceSampler(source, 16, 4, seed=1), 10, 16)
    monkeypatch.setattr(comm, "get_world_size", lambda: 2)
    parts = []
    for rank in range(2):
        monkeypatch.setattr(comm, "get_rank", lambda rank=rank: rank)
        parts.append(batches(ProportionalAppearanceSampler(source, 8, 4, seed=1), 10, 8))
    assert [first + second for first, second in zip(*parts, strict=True)] == whole


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((10, 4), "does not divide into people of 4 images"),
        ((16, 4), "3 people to train on, but a batch shows 4 of 4 images each"),
        ((0, 4), "all must be at least 1"),
        ((8, 4, 0), "all must be at least 1"),
    ],
)
def test_impossible_batches_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        ProportionalAppearanceSampler(items({pid: {0: 5} for pid in range(3)}), *arguments, seed=0)


@given(st.lists(st.integers(1, 200), min_size=1, max_size=8), st.integers(0, 24), st.integers(0, 2**32 - 1))
def test_counts_keep_their_promises(sizes, extra, seed):
    total = len(sizes) + extra
    counts = proportional_counts(np.random.default_rng(seed), sizes, total)
    assert counts.sum() == total
    assert counts.min() >= 1
    share = total * np.asarray(sizes) / sum(sizes)
    if share.min() >= 1:
        assert (np.abs(counts - share) < 1 + 1e-9).all()


def test_counts_have_the_exact_share_as_their_mean():
    random = np.random.default_rng(0)
    mean = np.mean([proportional_counts(random, [50, 30, 20], 8) for _ in range(20000)], axis=0)
    np.testing.assert_allclose(mean, [4.0, 2.4, 1.6], atol=0.02)


def test_an_outfit_below_one_image_gets_one_and_the_others_share_the_rest():
    random = np.random.default_rng(0)
    assert proportional_counts(random, [97, 1, 1, 1], 7).tolist() == [4, 1, 1, 1]
    mean = np.mean([proportional_counts(random, [60, 39, 1], 5) for _ in range(20000)], axis=0)
    np.testing.assert_allclose(mean, [4 * 60 / 99, 4 * 39 / 99, 1.0], atol=0.02)
