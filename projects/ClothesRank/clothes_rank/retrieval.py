"""One retrieval problem, checked once and asked as often as one likes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .chance import ChanceLevel, chance_levels
from .counting.backend import backend, cpu_backend
from .counting.sources import DistanceMatrix, FeaturePair
from .counting.workers import evaluation_workers
from .inputs import check_distances, check_features, check_whole
from .labels import ImageLabels, Labels, check_sides
from .modes import MODES, Mode, ModeRequest, by_images, check_columns, requested_modes
from .open_set import OpenSetResult, check_rates, draw_known, open_set_draw
from .pairs import PersonPairs
from .ranking import rank
from .scores import RankResult, Scores
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

    def _parts(self, modes: dict[str, Mode]) -> Iterator[tuple["_Part", dict[str, Mode]]]:
        """The modes by the images that they are about, with these images."""
        for among, group in by_images(modes).items():
            names = ", ".join(group)
            if among is None:
                yield _Part(self, None, None, names), group
                continue
            queries, images = among.chosen(self._pairs.query), among.chosen(self._pairs.gallery)
            yield _Part(self._take(queries, images), queries, images, names), group

    def rank(self, modes: ModeRequest = MODES, *, max_rank: int = 50) -> dict[str, RankResult]:
        """CMC, mAP and mINP of one or several modes, ranked once.

        Args:
            modes: names of MODES or PROTOCOL_MODES, or Mode objects. Of a mode about some images alone
                (``Mode.among``) the counts are those of its queries.
            max_rank: length of the CMC curves; may exceed the gallery.

        Returns:
            Results by mode.

        Raises:
            ValueError: a mode is unknown or compares labels that are not there, or max_rank is below 1.
            RuntimeError: products were less exact than float32 rounding explains.
        """
        chosen, max_rank = self._modes(modes), check_whole(max_rank, "max_rank")
        found: dict[str, RankResult] = {}
        for part, group in self._parts(chosen):
            if part.is_empty:
                found.update({name: RankResult.of(name, Scores.empty(0), max_rank) for name in group})
                continue
            source, pairs = part.retrieval._source, part.retrieval._pairs
            with evaluation_workers() as workers:
                ranked = rank(backend(source, workers), pairs, group, max_rank, workers)
            found.update({name: part.as_asked(result) for name, result in ranked.items()})
        return {name: found[name] for name in chosen}

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
        found: dict[str, SingleShotResult] = {}
        for part, group in self._parts(chosen):
            generator = np.random.default_rng(seed)
            wanted, ranked, chance = tuple(group.values()), [], []
            for _ in range(draws):
                drawn = part.retrieval._take(None, draw_gallery(part.retrieval._pairs.gallery.pids, generator))
                ranked.append(drawn.rank(wanted, max_rank=max_rank))
                chance.append(drawn.chance(wanted, ranks=chance_ranks))
            for name in group:
                results = [part.as_asked(of[name]) for of in ranked]
                found[name] = SingleShotResult.of(name, results, [of[name] for of in chance])
        return {name: found[name] for name in chosen}

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
        found: dict[str, VerificationResult] = {}
        for part, group in self._parts(chosen):
            if part.is_empty:
                nothing = dict.fromkeys(false_positive_rates, float("nan"))
                found.update({name: VerificationResult(name, nothing, 0, 0) for name in group})
                continue
            source, pairs = part.retrieval._source, part.retrieval._pairs
            with evaluation_workers() as workers:
                found.update(verify(cpu_backend(source, workers), pairs, group, false_positive_rates))
        return {name: found[name] for name in chosen}

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
            ValueError: as ``rank``; a rate, the share or draws is out of range, or a mode is about images that there
                are none of.
        """
        chosen, draws = self._modes(modes), check_whole(draws, "draws")
        rates = check_rates(false_alarm_rates)
        if not 0 <= unknown_share < 1:
            raise ValueError(f"unknown_share is {unknown_share!r}, expected a number of at least 0 and below 1")
        found: dict[str, OpenSetResult] = {}
        for part, group in self._parts(chosen):
            whole = part.not_empty().retrieval
            generator = np.random.default_rng(seed)
            galleries = [
                whole._take(None, draw_known(whole._pairs.gallery.pids, unknown_share, generator)) for _ in range(draws)
            ]
            for name, mode in group.items():
                drawn = [open_set_draw(of.top(1, mode), of._pairs, mode, rates) for of in galleries]
                found[name] = OpenSetResult.of(name, drawn)
        return {name: found[name] for name in chosen}

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
            mode: a name of MODES or PROTOCOL_MODES, or a Mode.
            queries: (n,) int, the queries asked for; None: all that the mode is about.

        Raises:
            ValueError: k is below 1, the mode is unknown or compares labels that are not there, or a query is none.
            RuntimeError: as ``rank``.
        """
        k = check_whole(k, "k")
        (chosen,) = self._modes(mode).values()
        num_query = self._source.shape[0]
        ((about, _),) = self._parts({chosen.name: chosen})
        about.not_empty()
        known = np.arange(num_query) if about.queries is None else about.queries
        asked = known if queries is None else np.asarray(queries)
        if asked.ndim != 1 or not len(asked) or not np.isin(asked, known).all():
            expected = f"indices from 0 to {num_query - 1}" + (
                "" if about.queries is None else ", of the mode's images"
            )
            raise ValueError(f"queries is {queries!r}, expected {expected}")
        part = self if queries is None and about.queries is None else self._take(asked, about.images)
        with evaluation_workers() as workers:
            found = top(cpu_backend(part._source, workers), part._pairs, chosen, k, asked, workers)
        return found if about.images is None else found.among(about.images)


@dataclass(frozen=True, eq=False)
class _Part:
    """The images that some modes are about.

    Attributes:
        retrieval: of these images.
        queries, images: (n,) int64, their indices in the whole; None: all.
        names: of the modes.
    """

    retrieval: Retrieval
    queries: np.ndarray | None
    images: np.ndarray | None
    names: str

    @property
    def is_empty(self) -> bool:
        return 0 in self.retrieval._source.shape

    def not_empty(self) -> "_Part":
        if self.is_empty:
            raise ValueError(f"mode {self.names} is about images that there are no queries, or no gallery images, of")
        return self

    def as_asked(self, result: RankResult) -> RankResult:
        """The result with queries by their indices in the whole."""
        if self.queries is None:
            return result
        by_index = {name: self.queries[getattr(result, name)] for name in ("query_indices", "skipped_indices")}
        return replace(result, **by_index)


def _checked_labels(
    source: FeaturePair | DistanceMatrix, query_labels: Labels, gallery_labels: Labels
) -> tuple[ImageLabels, ImageLabels]:
    num_query, num_gallery = source.shape
    query, gallery = query_labels.checked("query", num_query), gallery_labels.checked("gallery", num_gallery)
    check_sides(query, gallery)
    return query, gallery
