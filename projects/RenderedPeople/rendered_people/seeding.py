"""Random streams that depend on what is drawn, never on when or by which worker."""

import zlib

import numpy as np


def stream(seed: int, kind: str, *ids: int) -> np.random.Generator:
    """Generator of its own for one thing to be drawn.

    Args:
        seed: Seed of the site, 0 or more.
        kind: What is drawn ("person", "image", ...).
        ids: Numbers, 0 or more, of the one meant (person, outfit, camera, frame).

    Returns:
        The generator; equal arguments give equal streams, different ones independent streams.
    """
    key = (zlib.crc32(kind.encode()), *(int(i) for i in ids))
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(int(seed), spawn_key=key)))
