"""Seeds that follow from numbers, and generators that stand where they stood."""

import pickle
import random

import numpy as np
import pytest
import torch

from fastreid_runs.seeding import SeededIndex, derived_seed, drawing_from, seed_process


def draw():
    return [random.random(), np.random.random(), torch.rand(1).item()]  # noqa: NPY002


def test_a_seed_follows_from_all_its_numbers():
    assert derived_seed(0, 1, 2) == derived_seed(0, 1, 2)
    seeds = {derived_seed(*key) for key in ((0,), (1,), (0, 0), (0, 1), (1, 0), (0, 0, 1), (2**40, 3))}
    assert len(seeds) == 7
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_a_process_draws_what_its_seed_says():
    seed_process(5)
    first = draw()
    draw()
    seed_process(5)
    assert draw() == first
    seed_process(6)
    assert all(one != other for one, other in zip(draw(), first, strict=True))


def test_what_is_drawn_inside_leaves_no_trace_outside():
    seed_process(1)
    expected = [draw(), draw()]
    seed_process(1)
    first = draw()
    with drawing_from(2**62 + 1):
        inside = draw()
    with pytest.raises(RuntimeError, match="inside"), drawing_from(3):
        raise RuntimeError("inside")
    assert [first, draw()] == expected
    with drawing_from(2**62 + 1):
        assert draw() == inside


def test_an_index_with_a_seed_is_an_index_and_crosses_to_a_worker():
    index = SeededIndex(np.int64(3), 2**62)
    assert ["a", "b", "c", "d"][index] == "d"
    copied = pickle.loads(pickle.dumps(index))
    assert (copied, copied.seed, type(copied)) == (3, 2**62, SeededIndex)
