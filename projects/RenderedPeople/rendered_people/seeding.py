"""Random streams that depend on what is drawn, never on when or by which worker."""

import zlib

import numpy as np


def stream(seed, kind, *ids):
    """Generator of its own for one thing to be drawn.

    Args:
        seed: int >= 0, the benchmark's seed.   kind: str, what is drawn ("person", "image", ...).
        ids: ints >= 0 that name the one meant (person, outfit, camera, frame).
    Returns: numpy.random.Generator; equal arguments give equal streams, different ones independent streams.
    """
    key = (zlib.crc32(kind.encode()), *(int(i) for i in ids))
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(int(seed), spawn_key=key)))
