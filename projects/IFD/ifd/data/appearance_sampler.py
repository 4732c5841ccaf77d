"""Appearance sampling in proportion to the outfits' images (IFD, ICASSP 2025)."""

from collections.abc import Iterator, Sequence

import numpy as np
from fastreid.utils import comm
from torch.utils.data import Sampler


class ProportionalAppearanceSampler(Sampler):
    """Endless indices of P people a batch, K images each, spread over up to A outfits in proportion to their images.

    PK sampling ignores how many outfits a batch shows; RAS sampling (Liu et al., ACM MM 2022) takes the same number of
    images from each outfit and so rarely sees most of a large one. Here each outfit drawn gives at least one image, and
    beyond that its share of the K images is its share of the person's images, in expectation exact: fractions are
    settled by a draw, not by rounding, so that every image is reached over time.

    Every process walks the same global stream of batches, as the host's samplers do, and yields its own people.

    Args:
        data_source: items (path, pid, camid, clothes_id, ...).
        mini_batch_size: images per process and batch, P * K.
        num_instances: K.
        num_appearances: A, the most outfits of one person in a batch.
        seed: the same in all processes; None takes the host's shared random seed.

    Raises:
        ValueError: the batch is not a multiple of K, an argument is below one, or there are fewer people than P times
            the number of processes.
    """

    def __init__(
        self,
        data_source: Sequence[tuple],
        mini_batch_size: int,
        num_instances: int,
        num_appearances: int = 4,
        seed: int | None = None,
    ):
        if min(mini_batch_size, num_instances, num_appearances) < 1:
            raise ValueError(
                f"batch {mini_batch_size}, images per person {num_instances}, outfits per person {num_appearances}: "
                "all must be at least 1"
            )
        if mini_batch_size % num_instances:
            raise ValueError(
                f"a batch of {mini_batch_size} images per process does not divide into people of {num_instances} "
                "images: make SOLVER.IMS_PER_BATCH a multiple of DATALOADER.NUM_INSTANCE times the number of processes"
            )
        self._outfits = _images_by_person_and_outfit(data_source)
        self._rank = comm.get_rank()
        self._world_size = comm.get_world_size()
        self._people_per_process = mini_batch_size // num_instances
        self._people_per_batch = self._people_per_process * self._world_size
        if len(self._outfits) < self._people_per_batch:
            raise ValueError(
                f"{len(self._outfits)} people to train on, but a batch shows {self._people_per_batch} of "
                f"{num_instances} images each: lower SOLVER.IMS_PER_BATCH or raise DATALOADER.NUM_INSTANCE"
            )
        self._num_instances = num_instances
        self._num_appearances = num_appearances
        self._seed = int(comm.shared_random_seed() if seed is None else seed)

    def __iter__(self) -> Iterator[int]:
        random = np.random.default_rng(self._seed)
        mine = slice(self._rank * self._people_per_process, (self._rank + 1) * self._people_per_process)
        while True:
            order = random.permutation(len(self._outfits))
            for start in range(0, len(order) - self._people_per_batch + 1, self._people_per_batch):
                people = order[start : start + self._people_per_batch]
                batch = [self._draw_person(random, self._outfits[person]) for person in people]
                for images in batch[mine]:
                    yield from images

    def _draw_person(self, random: np.random.Generator, outfits: list[np.ndarray]) -> list[int]:
        num_outfits = min(len(outfits), self._num_appearances, self._num_instances)
        drawn = [outfits[i] for i in random.permutation(len(outfits))[:num_outfits]]
        counts = proportional_counts(random, [len(images) for images in drawn], self._num_instances)
        return [
            int(index)
            for images, count in zip(drawn, counts, strict=True)
            for index in random.choice(images, size=count, replace=count > len(images))
        ]


def proportional_counts(random: np.random.Generator, sizes: Sequence[int], total: int) -> np.ndarray:
    """Splits ``total`` draws over outfits of the given sizes: at least one each, otherwise in proportion.

    An outfit whose share is below one image gets one; the others share what is left. Fractions are settled by
    systematic sampling, so that each count is its share rounded up or down and its mean is the share.

    Args:
        random: source of the draw.
        sizes: images of each outfit, at least 1.
        total: draws, at least as many as outfits.

    Returns:
        (len(sizes),) int64 counts that sum to ``total``.
    """
    images = np.asarray(sizes, dtype=np.float64)
    shares = np.zeros_like(images)
    small = np.zeros(len(images), dtype=bool)
    while True:
        left = total - small.sum()
        shares[small] = 1.0
        shares[~small] = left * images[~small] / images[~small].sum() if (~small).any() else 0.0
        below_one = (shares < 1.0 - 1e-9) & ~small
        if not below_one.any():
            break
        small |= below_one
    # Points at u, u+1, u+2, ... on the line of concatenated shares; an outfit gets those that fall on its stretch.
    edges = np.concatenate([[0.0], np.cumsum(shares)])
    edges[-1] = total
    whole = np.round(edges)
    edges = np.where(np.abs(edges - whole) < 1e-9, whole, edges)
    return np.diff(np.ceil(edges - random.uniform(0.0, 1.0))).astype(np.int64)


def _images_by_person_and_outfit(data_source: Sequence[tuple]) -> list[list[np.ndarray]]:
    by_person: dict = {}
    for index, item in enumerate(data_source):
        by_person.setdefault(item[1], {}).setdefault(item[3], []).append(index)
    return [[np.asarray(by_person[pid][outfit]) for outfit in sorted(by_person[pid])] for pid in sorted(by_person)]
