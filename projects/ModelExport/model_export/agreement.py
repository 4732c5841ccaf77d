"""Does an exported model rank as the model does?"""

from dataclasses import dataclass

import numpy as np

from clothes_rank import MODES, Labels, Retrieval

from .people import People

#: Length of the lists that are compared.
TOP = 10
#: Similarities of the model that differ by no more are a tie: which comes first is a matter of rounding.
TIE = 1e-5
#: Points of mAP, in [0, 1], by which rounding may move ties.
_ROUNDING = 5e-4


@dataclass(frozen=True)
class Difference:
    """mAP of one mode.

    Attributes:
        model: by the model, in [0, 1].
        exported: as exported, in [0, 1].
        queries: over how many.
        error: standard error of the loss over these queries, in [0, 1]; NaN of a single one.
    """

    model: float
    exported: float
    queries: int
    error: float

    @property
    def loss(self) -> float:
        """mAP that the export loses; negative where it gains."""
        return self.model - self.exported

    @classmethod
    def of(cls, model: np.ndarray, exported: np.ndarray) -> "Difference":
        """Of average precisions, (number of queries,) each, of the same queries."""
        error = float((model - exported).std(ddof=1) / np.sqrt(len(model))) if len(model) > 1 else float("nan")
        return cls(float(model.mean()), float(exported.mean()), len(model), error)

    def __str__(self) -> str:
        return f"{100 * self.loss:.2f} +- {100 * self.error:.2f} points over {self.queries:,} queries"


@dataclass(frozen=True)
class Agreement:
    """What two models make of the same people.

    Attributes:
        people: where they come from.
        images, queries: how many.
        equal_lists: share of the queries whose first TOP are the same in the same order, up to ties.
        shared: mean share of the model's first TOP that are among the exported model's.
        farthest: the largest 1 - cosine similarity between an image's two descriptors.
        mean_ap: by mode; without those that have no pair.
    """

    people: str
    images: int
    queries: int
    equal_lists: float
    shared: float
    farthest: float
    mean_ap: dict[str, Difference]

    @property
    def worst(self) -> str:
        """The mode that loses most mAP, or gains least."""
        return max(self.mean_ap, key=lambda mode: self.mean_ap[mode].loss)

    @property
    def largest_loss(self) -> float:
        """The most mAP in [0, 1] that a mode loses; negative where all gain."""
        return self.mean_ap[self.worst].loss

    @property
    def is_exact(self) -> bool:
        """Whether the lists are the same up to ties, and mAP up to rounding."""
        return self.equal_lists == 1 and all(abs(one.loss) <= _ROUNDING for one in self.mean_ap.values())

    def lines(self, exported: str = "exported") -> list[str]:
        """What a user reads of it.

        Args:
            exported: what the second model is called.
        """
        modes = [
            f"mAP, {mode}: {100 * one.model:.2f} by PyTorch, {100 * one.exported:.2f} {exported}, lost {one}"
            for mode, one in self.mean_ap.items()
        ]
        return [
            f"{self.images:,} images of {self.people}, {self.queries:,} of them queries",
            f"first {TOP}: {100 * self.equal_lists:.2f} % of the lists are the same up to ties; "
            f"{100 * self.shared:.2f} % of the pictures are in both",
            f"descriptors: 1 - cosine similarity at most {self.farthest:.2g}",
            *modes,
        ]


def agreement(people: People, model: np.ndarray, exported: np.ndarray) -> Agreement:
    """Compares the lists and mAP that two models' descriptors give.

    Args:
        people: N images.
        model, exported: (N, D) float32, each of length 1.

    Raises:
        ValueError: no mode has a pair.
    """
    model, exported = _unit(model), _unit(exported)
    lists = [_first(people, vectors) for vectors in (model, exported)]
    similarities = _similarities(people, model)
    by_model, by_exported = (np.take_along_axis(similarities, one, axis=1) for one in lists)
    # Where the exported model's n-th is as near, by the model, as the model's own n-th, they are the same up to a tie.
    equal = (np.abs(by_model - by_exported) <= TIE).all(axis=1)
    shared = [len(np.intersect1d(one, other)) / len(one) for one, other in zip(*lists, strict=True)]
    scores = [_precisions(people, vectors) for vectors in (model, exported)]
    return Agreement(
        people=people.name,
        images=len(model),
        queries=len(similarities),
        equal_lists=float(equal.mean()),
        shared=float(np.mean(shared)),
        farthest=float((1 - (model.astype(np.float64) * exported).sum(axis=1)).max()),
        mean_ap={mode: Difference.of(scores[0][mode], scores[1][mode]) for mode in scores[0]},
    )


def _unit(vectors: np.ndarray) -> np.ndarray:
    unit: np.ndarray = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit


def _similarities(people: People, vectors: np.ndarray) -> np.ndarray:
    """(queries, gallery images) cosines; -inf of an image with itself."""
    if people.num_query:
        found: np.ndarray = vectors[: people.num_query] @ vectors[people.num_query :].T
        return found
    found = vectors @ vectors.T
    np.fill_diagonal(found, -np.inf)
    return found


def _first(people: People, vectors: np.ndarray) -> np.ndarray:
    similarities = _similarities(people, vectors)
    # Of those that are looked for among the others, the image itself is none.
    count = min(TOP, similarities.shape[1] - (not people.num_query))
    return np.argsort(-similarities, axis=1, kind="stable")[:, :count]


def _precisions(people: People, vectors: np.ndarray) -> dict[str, np.ndarray]:
    """Average precision of each query that has a match, by mode; without those that have none."""
    size = people.num_query
    if size:
        assert people.camids is not None
        assert people.clothes is not None
        sides = [slice(None, size), slice(size, None)]
        labels = [Labels(people.pids[side], people.camids[side], people.clothes[side]) for side in sides]
        retrieval = Retrieval(vectors[:size], vectors[size:], *labels, metric="cosine")
        modes: tuple[str, ...] = tuple(MODES)
    else:
        # Each image a camera of its own, so that only the image itself is taken out.
        labels = [Labels(people.pids, np.arange(len(vectors)))] * 2
        retrieval = Retrieval(vectors, vectors, *labels, metric="cosine")
        modes = ("general",)
    found = {mode: result.all_ap for mode, result in retrieval.rank(modes).items()}
    known = {mode: values for mode, values in found.items() if len(values)}
    if not known:
        raise ValueError(f"no two images of one person before two cameras among those of {people.name}")
    return known
