"""Samplers that fail on items with more than three fields, or for every input."""

import functools
import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from fastreid.data.samplers import BalancedIdentitySampler, SetReWeightSampler
from fastreid.data.samplers.triplet_sampler import reorder_index

from .adaptation import Adaptation


class _FirstThreeFields:
    """Items cut to the (path, pid, camid) that the host unpacks; what stands behind them stays in the data set."""

    def __init__(self, items: Sequence[tuple]):
        self._items = items

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, index: int) -> tuple:
        return self._items[index][:3]


def _four_fields_fail() -> bool:
    items = [("", pid, camid, "clothes") for pid in range(2) for camid in range(2)]
    try:
        next(iter(BalancedIdentitySampler(items, 4, 2, seed=0)))
    except ValueError:
        return True
    return False


def _apply_balanced() -> None:
    host_init = BalancedIdentitySampler.__init__

    @functools.wraps(host_init)
    def __init__(self: BalancedIdentitySampler, data_source: Sequence[tuple], *args: Any, **kwargs: Any) -> None:
        host_init(self, data_source, *args, **kwargs)
        self.data_source = _FirstThreeFields(data_source)

    BalancedIdentitySampler.__init__ = __init__


class _Weights(list[int]):
    """Set weights that give up after some rounds, since the host's loop can go on for ever without an index."""

    ROUNDS = 50

    def __init__(self, weights: Iterable[int]):
        super().__init__(weights)
        self._lookups = 0

    def __getitem__(self, index: Any) -> Any:
        self._lookups += 1
        if self._lookups > self.ROUNDS * len(self):
            raise ValueError("no batch was ever full")
        return super().__getitem__(index)

    def __iter__(self) -> Iterator[int]:
        return (self[index] for index in range(len(self)))


def _set_reweighting_fails() -> bool:
    items = [("", f"{camid}_{number}", camid) for camid in (1, 2) for number in range(4)]
    sampler = SetReWeightSampler(items, 8, 2, [1, 1], seed=0)
    sampler.set_weight = _Weights(sampler.set_weight)
    try:
        list(itertools.islice(sampler, 8))
    except (ValueError, IndexError):
        return True
    return False


def _set_reweighted_indices(self: SetReWeightSampler) -> Iterator[int]:
    """Endless indices: rounds of SET_WEIGHT[i] identities from the i-th camera by camid, shuffled batch by batch."""
    cameras = sorted(self.cam_pid)
    if len(self.set_weight) != len(cameras):
        raise ValueError(
            f"DATALOADER.SET_WEIGHT has {len(self.set_weight)} weights, but the training set has {len(cameras)} "
            f"cameras ({', '.join(map(str, cameras))}): give one weight for each"
        )
    random = np.random.default_rng(self._seed)
    while True:
        batch: list[int] = []
        while len(batch) < self.batch_size:
            for weight, camid in zip(self.set_weight, cameras, strict=True):
                pids = self.cam_pid[camid]
                for position in random.choice(len(pids), weight, replace=False, p=self.set_pid_prob[camid]):
                    images = self.pid_index[pids[position]]
                    batch.extend(random.choice(images, self.num_instances, len(images) <= self.num_instances))
        random.shuffle(batch)
        yield from reorder_index(batch, self._world_size)


def _apply_set_reweighting() -> None:
    SetReWeightSampler._infinite_indices = _set_reweighted_indices


ADAPTATIONS = (
    Adaptation(
        name="four-field items",
        reason="BalancedIdentitySampler unpacks exactly (path, pid, camid); data sets may add a clothes id",
        needed=_four_fields_fail,
        apply=_apply_balanced,
    ),
    Adaptation(
        name="set re-weighting",
        reason="SetReWeightSampler adds arrays to lists, counts cameras from 0 and asks for batches it can never fill",
        needed=_set_reweighting_fails,
        apply=_apply_set_reweighting,
    ),
)
