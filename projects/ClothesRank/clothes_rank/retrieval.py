"""One retrieval problem, checked once and asked as often as one likes."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from .chance import ChanceLevel, chance_levels
from .counting.backend import backend, cpu_backend
from .counting.sources import DistanceMatrix, FeaturePair
from .counting.workers import evaluation_workers
from .inputs import check_distances, check_features, check_whole
from .labels import ImageLabels, Labels, check_sides
from .modes import MODES, Mode, ModeRequest, check_columns, requested_modes
from .open_set import OpenSetResult, check_rates, draw_known, open_set_draw
from .pairs import PersonPairs
from .ranking import rank
from .scores import RankResult
from .single_shot import SingleShotResult, draw_gallery
from .top import TopResult, top
from .verification import VerificationResult, verify


class Retrieval:
    """Queries and a gallery, by features or by distances, to be scored in clothes-aware modes.

    Memory beyond the features stays within some hundred MiB at any size. Where either side is a CUDA tensor the ranking
    runs there, with equal results; a gallery in main memory is then sent over in blocks. Nothing given is changed, or
    copied: features that change afterwards are not checked again.

    Args:
        query_features, gallery_features: (Q, D), (G, D) float arrays or tensors, of any scale.
        query_labels, gallery_labels: of Q and G images, with the same kinds of labels.
        metric: cosine (1 - cosine similarity) or euclidean.

    Raises:
        ValueError: a side is empty, lengths or dimensions differ, a feature is NaN or infinite, a feature is zero with
            metric cosine, one side lacks labels that the other has, or the metric is unknown.
        TypeError: features are not float or labels not integers.
    """

    def __init__(
        self,
        query_features: Any,
        gallery_features: Any,
        query_labels: Labels,
        gallery_labels: Labels,
        *,
        metric: str = "cosine",
    ):
        source = check_features(query_features, gallery_features, metric)
        self._set(source, *_checked_labels(source, query_labels, gallery_labels))

    @classmethod
    def from_distances(cls, distances: Any, query_labels: Labels, gallery_labels: Labels) -> "Retrieval":
        """A retrieval by a distance matrix, such as a re-ranked one.

        Args:
            distances: (Q, G) array or tensor of real numbers, smaller is nearer, compared as they are; negative ones
                too.
            query_labels, gallery_labels: of Q and G images.

        Raises:
            ValueError, TypeError: as for features. A distance that is NaN or infinite is named when it is read.
        """
        source = check_distances(distances)
        return cls._of(source, *_checked_labels(source, query_labels, gallery_labels))

    @classmethod
    def _of(cls, source: FeaturePair | DistanceMatrix, query: ImageLabels, gallery: ImageLabels) -> "Retrieval":
        made = cls.__new__(cls)
        made._set(source, query, gallery)
        return made

    def _set(self, source: FeaturePair | DistanceMatrix, query: ImageLabels, gallery: ImageLabels) -> None:
        self._source, self._pairs = source, PersonPairs(query, gallery)

    def _take(self, queries: np.ndarray | None, images: np.ndarray | None) -> "Retrieval":
        query, gallery = self._pairs.query, self._pairs.gallery
        return self._of(
            self._source.take(queries, images),
            query if queries is None else query.take(queries),
            gallery if images is None else gallery.take(images),
        )

    def _modes(self, modes: ModeRequest) -> dict[str, Mode]:
        chosen = requested_modes(modes)
        check_columns(chosen, self._pairs.query)
        return chosen

    def rank(self, modes: ModeRequest = MODES, *, max_rank: int = 50) -> dict[str, RankResult]:
        """CMC, mAP and mINP of one or several modes, ranked once.

        Args:
            modes: names of MODES or Mode objects.
            max_rank: length of the CMC curves; may exceed the gallery.

        Returns:
            Results by mode.

        Raises:
            ValueError: a mode is unknown or compares labels that are not there, or max_rank is below 1.
            RuntimeError: products were less exact than float32 rounding explains.
        """
        chosen, max_rank = self._modes(modes), check_whole(max_rank, "max_rank")
        with evaluation_workers() as workers:
            return rank(backend(self._source, workers), self._pairs, chosen, max_rank, workers)

    def single_shot(
        self,
        modes: ModeRequest = MODES,
        *,
        max_rank: int = 50,
        draws: int = 10,
        seed: int = 0,
        chance_ranks: Sequence[int] = (1, 5, 10),
    ) -> dict[str, SingleShotResult]:
        """Ranks random galleries of one image per person.

        Distances that depend on more than their two images, as re-ranked ones do, would still show the images that were
        not drawn.

        Args:
            modes, max_rank: as in ``rank``.
            draws: number of galleries, at least 1.
            seed: of the draws; the same seed draws the same images.
            chance_ranks: ranks of the chance levels.

        Returns:
            Results by mode.

        Raises:
            ValueError: as ``rank`` and ``chance``; draws is below 1.
        """
        chosen, draws = self._modes(modes), check_whole(draws, "draws")
        generator = np.random.default_rng(seed)
        wanted, ranked, chance = tuple(chosen.values()), [], []
        for _ in range(draws):
            drawn = self._take(None, draw_gallery(self._pairs.gallery.pids, generator))
            ranked.append(drawn.rank(wanted, max_rank=max_rank))
            chance.append(drawn.chance(wanted, ranks=chance_ranks))
        return {
            name: SingleShotResult.of(name, [of[name] for of in ranked], [of[name] for of in chance]) for name in chosen
        }

    def verification(
        self, modes: ModeRequest = MODES, *, false_positive_rates: Sequence[float] = (1e-4, 1e-3, 1e-2)
    ) -> dict[str, VerificationResult]:
        """True positive rates of verification at given false positive rates.

        Distances are compared as float32. Runs on the CPU, in blocks, whatever the device of the features.

        Args:
            modes: as in ``rank``.
            false_positive_rates: each from 0 to 1.

        Returns:
            Results by mode.

        Raises:
            ValueError: as ``rank``; a rate is out of range.
        """
        chosen = self._modes(modes)
        with evaluation_workers() as workers:
            return verify(cpu_backend(self._source, workers), self._pairs, chosen, false_positive_rates)

    def open_set(
        self,
        modes: ModeRequest = MODES,
        *,
        false_alarm_rates: Sequence[float] = (0.01, 0.1),
        unknown_share: float = 0.5,
        draws: int = 10,
        seed: int = 0,
    ) -> dict[str, OpenSetResult]:
        """Detection and identification rates at given false alarm rates, with people missing from the gallery.

        Distances that depend on more than their two images, as re-ranked ones do, would still show the people who are
        missing. Runs on the CPU, in blocks, whatever the device of the features.

        Args:
            modes: as in ``rank``.
            false_alarm_rates: each at least 0 and below 1.
            unknown_share: of the gallery's people, taken out at random; 0 for a gallery that lacks some already.
            draws: number of galleries, at least 1.
            seed: of the draws; the same seed takes out the same people.

        Returns:
            Results by mode.

        Raises:
            ValueError: as ``rank``; a rate, the share or draws is out of range.
        """
        chosen, draws = self._modes(modes), check_whole(draws, "draws")
        rates = check_rates(false_alarm_rates)
        if not 0 <= unknown_share < 1:
            raise ValueError(f"unknown_share is {unknown_share!r}, expected a number of at least 0 and below 1")
        generator = np.random.default_rng(seed)
        parts = [self._take(None, draw_known(self._pairs.gallery.pids, unknown_share, generator)) for _ in range(draws)]
        return {
            name: OpenSetResult.of(name, [open_set_draw(part.top(1, mode), part._pairs, mode, rates) for part in parts])
            for name, mode in chosen.items()
        }

    def chance(self, modes: ModeRequest = MODES, *, ranks: Sequence[int] = (1, 5, 10)) -> dict[str, ChanceLevel]:
        """What a random ranking of this gallery would score, exactly; looks at labels alone.

        Args:
            modes: as in ``rank``.
            ranks: the ranks of the cmc, at least 1 each.

        Returns:
            Results by mode.

        Raises:
            ValueError: as ``rank``; a rank is below 1.
        """
        return chance_levels(self._pairs, self._modes(modes), ranks)

    def top(self, k: int, mode: str | Mode, *, queries: Any = None) -> TopResult:
        """The first images of the rankings that ``rank`` scores, without those that the mode removes.

        Runs on the CPU, in blocks, whatever the device of the features.

        Args:
            k: length of the lists, at least 1; the whole ranking where it is shorter.
            mode: a name of MODES or a Mode.
            queries: (n,) int, the queries asked for; None: all.

        Raises:
            ValueError: k is below 1, the mode is unknown or compares labels that are not there, or a query is none.
            RuntimeError: as ``rank``.
        """
        k = check_whole(k, "k")
        (chosen,) = self._modes(mode).values()
        num_query = self._source.shape[0]
        asked = np.arange(num_query) if queries is None else np.asarray(queries)
        if asked.ndim != 1 or not len(asked) or not np.isin(asked, np.arange(num_query)).all():
            raise ValueError(f"queries is {queries!r}, expected indices from 0 to {num_query - 1}")
        part = self if queries is None else self._take(asked, None)
        with evaluation_workers() as workers:
            return top(cpu_backend(part._source, workers), part._pairs, chosen, k, asked, workers)


def _checked_labels(
    source: FeaturePair | DistanceMatrix, query_labels: Labels, gallery_labels: Labels
) -> tuple[ImageLabels, ImageLabels]:
    num_query, num_gallery = source.shape
    query, gallery = query_labels.checked("query", num_query), gallery_labels.checked("gallery", num_gallery)
    check_sides(query, gallery)
    return query, gallery
