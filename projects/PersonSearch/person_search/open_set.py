"""Is the person there at all? Open-set identification on labelled people, by ``clothes_rank``."""

import importlib
from collections.abc import Sequence

import numpy as np

from .decisions import Identification

#: False alarm rates: shares of the searches for people who are not there that are answered all the same.
FALSE_ALARM_RATES = (0.01, 0.1)
#: Searches for people who are not there that a rate must stand for, so that chance does not place its similarity.
FEWEST_ANSWERED = 10
#: Modes of ``clothes_rank`` in the words of decisions.
_KINDS = {"same_clothing": "same_clothes", "clothing_change": "other_clothes"}


def identification(
    vectors: np.ndarray,
    people: Sequence[str],
    clothes: Sequence[str | None],
    cameras: Sequence[str | None],
    *,
    rates: Sequence[float] = FALSE_ALARM_RATES,
    draws: int = 10,
) -> dict[str, dict[float, Identification]]:
    """Detection and identification rates, each picture searched for among those of other cameras.

    Half of the people are taken out of the gallery at random, several times; searches for them should stay unanswered.
    Pictures of unknown clothes take no part; those of unknown cameras count as a camera's of their own.

    Args:
        vectors: (N, D) float32 of length 1.
        people, clothes, cameras: N labels each, None where unknown.
        rates: false alarm rates. One that stands for fewer than FEWEST_ANSWERED searches is left out.
        draws: how often.

    Returns:
        by kind of pair (``same_clothes``, ``other_clothes``) and false alarm rate; a kind that has no search is left
        out.

    Raises:
        ImportError: clothes_rank, or PyTorch, which it computes with, is not installed.
    """
    clothes_rank = importlib.import_module("clothes_rank")
    known = np.array([one is not None for one in clothes], bool)
    if len(set(np.asarray(people, object)[known])) < 2:
        return {}
    person, outfit, camera = (_numbers(column)[known] for column in (people, clothes, cameras))
    labels = clothes_rank.Labels(person, camera, outfit)
    retrieval = clothes_rank.Retrieval(vectors[known], vectors[known], labels, labels, metric="cosine")
    asked = [rate for rate in sorted(set(rates)) if rate * len(person) / 2 >= FEWEST_ANSWERED]
    if not asked:
        return {}
    results = retrieval.open_set(tuple(_KINDS), false_alarm_rates=asked, draws=draws)
    return {
        _KINDS[mode]: {rate: Identification(result.rates[rate], result.chance[rate]) for rate in asked}
        for mode, result in results.items()
        if np.isfinite(list(result.rates.values())).all()
    }


def _numbers(labels: Sequence[str | None]) -> np.ndarray:
    """(N,) int64: equal labels have equal numbers, each unknown one its own."""
    seen: dict[str, int] = {}
    return np.array(
        [-1 - place if label is None else seen.setdefault(label, len(seen)) for place, label in enumerate(labels)],
        np.int64,
    )
