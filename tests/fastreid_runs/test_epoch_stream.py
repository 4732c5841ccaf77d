"""The stream of samples: each epoch follows (seed, stage, epoch), whatever was drawn before."""

from itertools import islice

import numpy as np
import pytest
import torch
from fastreid.data import samplers
from fastreid.utils import comm

from ifd.data import EpochStream, ProportionalAppearanceSampler

ITEMS = [("", pid, camera, pid * 10 + camera % 2) for pid in range(6) for camera in range(4)]
BUILDERS = {
    "ProportionalAppearanceSampler": lambda seed: ProportionalAppearanceSampler(ITEMS, 8, 4, seed=seed),
    "TrainingSampler": lambda seed: samplers.TrainingSampler(len(ITEMS), seed=seed),
    "NaiveIdentitySampler": lambda seed: samplers.NaiveIdentitySampler(ITEMS, 8, 4, seed),
    "BalancedIdentitySampler": lambda seed: samplers.BalancedIdentitySampler(ITEMS, 8, 4, seed),
    "ImbalancedDatasetSampler": lambda seed: samplers.ImbalancedDatasetSampler(ITEMS, seed=seed),
}


def stream(name, seed=0, stage=2, length=24):
    return EpochStream(BUILDERS[name], length, seed, stage)


def both(indices):
    return [(int(index), index.seed) for index in indices]


@pytest.mark.parametrize("name", BUILDERS)
def test_an_epoch_is_the_same_wherever_the_stream_starts(name):
    whole = both(islice(stream(name), 4 * 24))
    for first in range(4):
        later = stream(name)
        later.first_epoch = first
        # As other parts of a program do.
        np.random.seed(first)  # noqa: NPY002
        torch.manual_seed(first)
        drawn = iter(later)
        part = []
        for _ in range(24):
            part.append(next(drawn))
            np.random.random()  # noqa: NPY002
            torch.rand(1)
        assert both(part) == whole[first * 24 : (first + 1) * 24]


@pytest.mark.parametrize("name", BUILDERS)
def test_epochs_stages_and_seeds_differ(name):
    epochs = [both(stream(name, seed, stage).epoch(epoch)) for seed in (0, 1) for stage in (1, 2) for epoch in (0, 1)]
    assert len({tuple(index for index, _ in epoch) for epoch in epochs}) == 8
    seeds = [seed for epoch in epochs for _, seed in epoch]
    assert len(set(seeds)) == len(seeds)


def test_nothing_else_draws_other_numbers_for_it():
    np.random.seed(3)  # noqa: NPY002
    torch.manual_seed(3)
    expected = np.random.random(), torch.rand(1)  # noqa: NPY002
    np.random.seed(3)  # noqa: NPY002
    torch.manual_seed(3)
    for name in BUILDERS:
        next(iter(stream(name)))
    assert (np.random.random(), torch.rand(1)) == expected  # noqa: NPY002


@pytest.mark.parametrize("name", ["ProportionalAppearanceSampler", "TrainingSampler"])
def test_processes_share_the_samples_and_have_seeds_of_their_own(name, monkeypatch):
    monkeypatch.setattr(comm, "get_world_size", lambda: 2)
    shares = []
    for rank in range(2):
        monkeypatch.setattr(comm, "get_rank", lambda rank=rank: rank)
        # The sampler asks for people of both processes: one batch shows two.
        builder = {**BUILDERS, name: lambda seed: ProportionalAppearanceSampler(ITEMS, 4, 4, seed=seed)}
        build = builder[name] if name == "ProportionalAppearanceSampler" else BUILDERS[name]
        shares.append(EpochStream(build, 12, 0, 2).epoch(0))
    seeds = [index.seed for share in shares for index in share]
    assert len(set(seeds)) == 24
    if name == "TrainingSampler":
        assert sorted(int(index) for share in shares for index in share) == list(range(24))
