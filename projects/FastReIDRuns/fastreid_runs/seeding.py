"""Every random number of a training follows (seed, stage, epoch), so that a stopped one goes on as if it was not.

The main process seeds itself anew at the start of each epoch, the samples of an epoch are drawn at once, and each has a
seed of its own. What was drawn before, how many workers load and how far they are ahead then change nothing.
"""

import contextlib
import hashlib
import random
from collections.abc import Iterator

import numpy as np
import torch

# What a seed is derived for, so that no two streams of one training are the same.
WEIGHTS, MODEL, SAMPLES, PIXELS = range(4)


def derived_seed(*key: int) -> int:
    """A seed in [0, 2**63) that follows from numbers, and tells nothing of the seeds of other numbers."""
    digest = hashlib.blake2b(",".join(map(str, key)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1


def seed_process(seed: int) -> None:
    """Seeds the generators of Python, NumPy and torch (CUDA included) that code without one of its own draws from.

    Args:
        seed: in [0, 2**63).
    """
    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002
    torch.manual_seed(seed)


@contextlib.contextmanager
def drawing_from(seed: int) -> Iterator[None]:
    """Inside, the CPU's generators start from a seed; after it they stand where they stood.

    Args:
        seed: in [0, 2**63).
    """
    states = random.getstate(), np.random.get_state(), torch.get_rng_state()  # noqa: NPY002
    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002
    # torch.manual_seed would reach the GPU's generators, which a model in training draws from.
    torch.default_generator.manual_seed(seed)
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])  # noqa: NPY002
        torch.set_rng_state(states[2])


class SeededIndex(int):
    """An index into any data set that carries the seed of its sample.

    Attributes:
        seed: in [0, 2**63), see :func:`drawing_from`.
    """

    seed: int

    def __new__(cls, index: int, seed: int = 0) -> "SeededIndex":
        seeded = super().__new__(cls, index)
        seeded.seed = seed
        return seeded
