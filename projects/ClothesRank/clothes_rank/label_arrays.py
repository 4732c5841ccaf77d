"""The same for callers who hold six arrays of labels: one function a question, each a Retrieval asked once.

Labels come in one order everywhere: query_pids, gallery_pids, query_camids, gallery_camids, query_clothes,
gallery_clothes, (Q,) and (G,) integers. A single mode gives its result, a sequence of modes a dict mode -> result.
"""

from collections.abc import Sequence
from typing import Any, TypeVar

from .chance import ChanceLevel, chance_levels
from .labels import Labels, LabelValues
from .modes import Mode, ModeRequest, requested_modes
from .pairs import PersonPairs
from .retrieval import Retrieval
from .scores import RankResult
from .single_shot import SingleShotResult
from .verification import VerificationResult

_Result = TypeVar("_Result")


def _as_asked(results: dict[str, _Result], mode: ModeRequest) -> _Result | dict[str, _Result]:
    return next(iter(results.values())) if isinstance(mode, (str, Mode)) else results


def clothes_rank(
    query_features: Any,
    gallery_features: Any,
    query_pids: LabelValues,
    gallery_pids: LabelValues,
    query_camids: LabelValues,
    gallery_camids: LabelValues,
    query_clothes: LabelValues,
    gallery_clothes: LabelValues,
    *,
    mode: ModeRequest,
    metric: str = "cosine",
    max_rank: int = 50,
) -> RankResult | dict[str, RankResult]:
    """Ranks a gallery for each query and scores it in one or several clothes-aware modes.

    Args:
        query_features, gallery_features, metric: as of Retrieval.
        mode: of MODES, or a sequence of them, ranked once.
        max_rank: length of the CMC curve; may exceed the gallery.

    Raises:
        ValueError, TypeError: as Retrieval and Retrieval.rank.
    """
    retrieval = Retrieval(
        query_features,
        gallery_features,
        Labels(query_pids, query_camids, query_clothes),
        Labels(gallery_pids, gallery_camids, gallery_clothes),
        metric=metric,
    )
    return _as_asked(retrieval.rank(mode, max_rank=max_rank), mode)


def clothes_rank_from_distances(
    distances: Any,
    query_pids: LabelValues,
    gallery_pids: LabelValues,
    query_camids: LabelValues,
    gallery_camids: LabelValues,
    query_clothes: LabelValues,
    gallery_clothes: LabelValues,
    *,
    mode: ModeRequest,
    max_rank: int = 50,
) -> RankResult | dict[str, RankResult]:
    """clothes_rank from a (Q, G) distance matrix, such as a re-ranked one.

    Raises:
        ValueError, TypeError: as Retrieval.from_distances and Retrieval.rank.
    """
    retrieval = Retrieval.from_distances(
        distances,
        Labels(query_pids, query_camids, query_clothes),
        Labels(gallery_pids, gallery_camids, gallery_clothes),
    )
    return _as_asked(retrieval.rank(mode, max_rank=max_rank), mode)


def single_shot(
    query_features: Any,
    gallery_features: Any,
    query_pids: LabelValues,
    gallery_pids: LabelValues,
    query_camids: LabelValues,
    gallery_camids: LabelValues,
    query_clothes: LabelValues,
    gallery_clothes: LabelValues,
    *,
    mode: ModeRequest,
    metric: str = "cosine",
    max_rank: int = 50,
    draws: int = 10,
    seed: int = 0,
) -> SingleShotResult | dict[str, SingleShotResult]:
    """Ranks random galleries of one image per person.

    Args:
        query_features, gallery_features, metric: as of Retrieval.
        mode, max_rank, draws, seed: as of Retrieval.single_shot.

    Raises:
        ValueError, TypeError: as Retrieval and Retrieval.single_shot.
    """
    retrieval = Retrieval(
        query_features,
        gallery_features,
        Labels(query_pids, query_camids, query_clothes),
        Labels(gallery_pids, gallery_camids, gallery_clothes),
        metric=metric,
    )
    results = retrieval.single_shot(mode, max_rank=max_rank, draws=draws, seed=seed)
    return _as_asked(results, mode)


def verification_rates(
    query_features: Any,
    gallery_features: Any,
    query_pids: LabelValues,
    gallery_pids: LabelValues,
    query_camids: LabelValues,
    gallery_camids: LabelValues,
    query_clothes: LabelValues,
    gallery_clothes: LabelValues,
    *,
    mode: ModeRequest,
    metric: str = "cosine",
    false_positive_rates: Sequence[float] = (1e-4, 1e-3, 1e-2),
) -> VerificationResult | dict[str, VerificationResult]:
    """True positive rates of verification at given false positive rates.

    Args:
        query_features, gallery_features, metric: as of Retrieval.
        mode, false_positive_rates: as of Retrieval.verification.

    Raises:
        ValueError, TypeError: as Retrieval and Retrieval.verification.
    """
    retrieval = Retrieval(
        query_features,
        gallery_features,
        Labels(query_pids, query_camids, query_clothes),
        Labels(gallery_pids, gallery_camids, gallery_clothes),
        metric=metric,
    )
    return _as_asked(retrieval.verification(mode, false_positive_rates=false_positive_rates), mode)


def verification_rates_from_distances(
    distances: Any,
    query_pids: LabelValues,
    gallery_pids: LabelValues,
    query_camids: LabelValues,
    gallery_camids: LabelValues,
    query_clothes: LabelValues,
    gallery_clothes: LabelValues,
    *,
    mode: ModeRequest,
    false_positive_rates: Sequence[float] = (1e-4, 1e-3, 1e-2),
) -> VerificationResult | dict[str, VerificationResult]:
    """verification_rates from a (Q, G) distance matrix, compared as float32.

    Raises:
        ValueError, TypeError: as Retrieval.from_distances and Retrieval.verification.
    """
    retrieval = Retrieval.from_distances(
        distances,
        Labels(query_pids, query_camids, query_clothes),
        Labels(gallery_pids, gallery_camids, gallery_clothes),
    )
    return _as_asked(retrieval.verification(mode, false_positive_rates=false_positive_rates), mode)


def chance_level(
    query_pids: LabelValues,
    gallery_pids: LabelValues,
    query_camids: LabelValues,
    gallery_camids: LabelValues,
    query_clothes: LabelValues,
    gallery_clothes: LabelValues,
    *,
    mode: ModeRequest,
    ranks: Sequence[int] = (1, 5, 10),
) -> ChanceLevel | dict[str, ChanceLevel]:
    """Expected scores of a random ranking of this gallery for these queries.

    Args:
        mode: of MODES, or a sequence of them.
        ranks: the ranks of the cmc, at least 1 each.

    Raises:
        ValueError, TypeError: labels are of different lengths or no integers, a mode is unknown, or a rank is below 1.
    """
    query = Labels(query_pids, query_camids, query_clothes).checked("query", len(query_pids))
    gallery = Labels(gallery_pids, gallery_camids, gallery_clothes).checked("gallery", len(gallery_pids))
    return _as_asked(chance_levels(PersonPairs(query, gallery), requested_modes(mode), ranks), mode)
