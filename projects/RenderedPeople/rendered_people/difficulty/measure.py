"""Rank-1 of colours on a benchmark.

On a good benchmark clothes find the person as long as they are the same and mislead as soon as they change, and little
is left of them outside their mask.
"""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rendered_people.difficulty.descriptors import (
    absolute_distances,
    histogram,
    squared_distances,
    standardised,
    stripe_means,
)
from rendered_people.difficulty.image_sets import ImageSet, test_sets
from rendered_people.difficulty.regions import REGIONS

MODES = ("same_clothing", "clothing_change")
DESCRIPTORS = ("histogram", "stripe means")


@dataclass(frozen=True)
class Result:
    """Rank-1 over the queries of a test set that have a match.

    Attributes:
        layout: The test set: layout, and whether its sites are unseen.
        region: Whose colours; one of REGIONS.
        descriptor: "histogram", or "stripe means" (8 of them, standardised per camera), which is the strong one.
        mode: "same_clothing" or "clothing_change".
        rank1: In [0, 1]; NaN without a query that has a match.
        chance: Of a random ranking, in [0, 1].
        queries: How many have a match.
    """

    layout: str
    region: str
    descriptor: str
    mode: str
    rank1: float
    chance: float
    queries: int


def measure_difficulty(root: str | os.PathLike[str]) -> list[Result]:
    """Rank-1 of colours on a benchmark.

    Args:
        root: Folder of a benchmark, in PRCC's layout, LTCC's or both.

    Returns:
        A result for each test set, region, descriptor and mode, in this order.

    Raises:
        RenderingError: The folder holds neither layout; a file is missing or damaged. A ValueError.
    """
    results = []
    for name, (query, gallery) in test_sets(Path(root)).items():
        described = _describe(query), _describe(gallery)
        for region in REGIONS:
            for descriptor in DESCRIPTORS:
                features = [part[region, descriptor] for part in described]
                distance = _distances(descriptor, features[0], features[1], query, gallery)
                for mode in MODES:
                    results.append(Result(name, region, descriptor, mode, *rank1(distance, query, gallery, mode)))
    return results


def rank1(distance: np.ndarray, query: ImageSet, gallery: ImageSet, mode: str) -> tuple[float, float, int]:
    """Share of queries whose nearest image is a match.

    A match is of the same person, another camera, and the same clothes or others as the mode has it; what else shows
    the same person is taken out; of equal distances the first in the gallery is the nearest.

    Args:
        distance: (Q, G) float64.
        query: Q images.
        gallery: G images.
        mode: One of MODES.

    Returns:
        Rank-1, chance, and the number of queries with a match.
    """
    hits, chances = [], []
    for q in range(len(query.paths)):
        same_person = gallery.pids == query.pids[q]
        same_clothes = gallery.clothes == query.clothes[q]
        wanted = same_clothes if mode == "same_clothing" else ~same_clothes
        match = same_person & (gallery.cameras != query.cameras[q]) & wanted
        kept = ~same_person | match
        if match.any():
            nearest = np.where(kept, distance[q], np.inf).argmin()
            hits.append(match[nearest])
            chances.append(match.sum() / kept.sum())
    if not hits:
        return float("nan"), float("nan"), 0
    return float(np.mean(hits)), float(np.mean(chances)), len(hits)


def _describe(images: ImageSet) -> dict[tuple[str, str], np.ndarray]:
    """(n, d) features of all images by region and descriptor."""
    features: dict[tuple[str, str], list[np.ndarray]] = {(r, d): [] for r in REGIONS for d in DESCRIPTORS}
    for colours, labels in images.pixels():
        for region, select in REGIONS.items():
            inside = select(labels)
            features[region, "histogram"].append(histogram(colours, inside))
            features[region, "stripe means"].append(stripe_means(colours, inside))
    return {key: np.array(rows) for key, rows in features.items()}


def _distances(
    descriptor: str, query: np.ndarray, gallery: np.ndarray, query_set: ImageSet, gallery_set: ImageSet
) -> np.ndarray:
    if descriptor == "histogram":
        return absolute_distances(query, gallery)
    cameras = np.concatenate([query_set.cameras, gallery_set.cameras])
    together = standardised(np.concatenate([query, gallery]), cameras)
    return squared_distances(together[: len(query)], together[len(query) :])
