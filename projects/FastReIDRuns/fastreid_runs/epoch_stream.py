"""The endless stream of training samples, cut into epochs that know nothing of each other."""

import itertools
from collections.abc import Callable, Iterable, Iterator

import numpy as np
from fastreid.utils import comm
from torch.utils.data import Sampler

from .seeding import PIXELS, SAMPLES, SeededIndex, derived_seed, drawing_from


class EpochStream(Sampler[int]):
    """Endless indices with a seed each; epoch e of them follows (seed, stage, e) alone.

    A host's sampler draws from NumPy's one global state and goes on from epoch to epoch. Here it is built anew for each
    epoch, and drawn from at once, with that state put aside.

    Args:
        build_sampler: takes a seed in [0, 2**31), the same in all processes, and gives a sampler of endless indices, of
            which it yields those of this process.
        length: samples of one process in an epoch, at least 1.
        seed: of the training, not negative, the same in all processes.
        stage: which of a training's stages it is, from 1.

    Attributes:
        first_epoch: where the next iteration starts.
    """

    def __init__(self, build_sampler: Callable[[int], Iterable[int]], length: int, seed: int, stage: int):
        self._build_sampler = build_sampler
        self._length = length
        self._stage = stage
        self._rank = comm.get_rank()
        self.seed = seed
        self.first_epoch = 0

    def __iter__(self) -> Iterator[int]:
        for epoch in itertools.count(self.first_epoch):
            yield from self.epoch(epoch)

    def epoch(self, number: int) -> list[SeededIndex]:
        """The samples of one epoch, counted from 0, for this process."""
        seed = derived_seed(self.seed, self._stage, SAMPLES, number)
        with drawing_from(seed):
            indices = list(itertools.islice(self._build_sampler(seed % 2**31), self._length))
        pixels = np.random.default_rng(derived_seed(self.seed, self._stage, PIXELS, number, self._rank))
        seeds = pixels.integers(2**63, size=self._length)
        return [SeededIndex(index, int(seed)) for index, seed in zip(indices, seeds, strict=True)]
