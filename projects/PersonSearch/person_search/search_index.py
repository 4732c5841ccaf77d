"""An index for galleries too large to compare every picture, and how many of the nearest it finds."""

from dataclasses import dataclass

import numpy as np

from .store import Row, Store

#: Of HNSW. What share of the nearest this finds is measured for each gallery.
PARAMETERS = {"M": 16, "efConstruction": 200}
EFFORT = 128
# Products of float32 vectors differ in their last digits between the two ways.
_TOLERANCE = 1e-5


@dataclass(frozen=True)
class SearchIndex:
    """An index that finds most of the nearest pictures without comparing all.

    Attributes:
        kind: HNSW.
        pictures: that the gallery had when it was made.
        recall: share of the 10 nearest that it found, see ``measure_recall``.
        queries: over how many pictures.
        seconds: that it took to make; None where nobody noted it.
    """

    kind: str
    pictures: int
    recall: float
    queries: int
    seconds: float | None = None


def measure_recall(store: Store, dim: int, queries: int = 200, top: int = 10) -> tuple[float, int]:
    """The share of the nearest pictures that search finds, against comparing all.

    The queries are pictures of the gallery, those of the smallest ids, which are hashes, so a random sample; each is
    left out of its own list.

    Args:
        store: the gallery's.
        dim: length of a vector.
        queries: at most so many.
        top: how many nearest each.

    Returns:
        the share in 0 to 1, which is 1 for a gallery of fewer than two pictures, and how many queries that were.
    """
    rows = store.rows_a_request(dim)
    asked: list[Row] = []
    for part in store.scan(["vector"], rows):
        asked += part[: queries - len(asked)]
        if len(asked) == queries:
            break
    if len(asked) < 2:
        return 1.0, len(asked)
    vectors = np.array([row["vector"] for row in asked], np.float32)
    nearest = _nearest_scores(store, vectors, top, rows)
    found = wanted = 0
    for row, hits, scores in zip(asked, store.search(vectors, top + 1, "", [], EFFORT), nearest, strict=True):
        scores = scores[np.isfinite(scores)]
        others = [hit["score"] for hit in hits if hit["id"] != row["id"]][:top]
        # By score: of equally near pictures any will do.
        found += min(sum(score >= scores[-1] - _TOLERANCE for score in others), len(scores))
        wanted += len(scores)
    return float(found / wanted), len(asked)


def _nearest_scores(store: Store, vectors: np.ndarray, top: int, rows: int) -> np.ndarray:
    """(N, top) largest products of each vector with the others of the gallery, in order, filled up with -inf."""
    # One more than asked for: each vector is itself in the gallery.
    best = np.full((len(vectors), top + 1), -np.inf, np.float32)
    for part in store.scan(["vector"], rows):
        products = vectors @ np.array([row["vector"] for row in part], np.float32).T
        both = np.concatenate([best, products], axis=1)
        best = np.partition(both, -(top + 1), axis=1)[:, -(top + 1) :]
    ordered: np.ndarray = -np.sort(-best, axis=1)[:, 1:]
    return ordered
