"""Results made out of figures, for the tests that only look at them."""

import types

import pytest

from ifd.evaluation import EvaluationResult
from ifd.evaluation.protocol import Checkpoint, Protocol
from ifd.evaluation.rank_scores import RANKS, RankScores
from ifd.evaluation.result import ModeResult


@pytest.fixture(scope="session")
def made_up():
    """Makes results out of figures: ``scores``, ``mode`` and ``result``."""

    def scores(rank1, mean_ap, mean_inp=0.25):
        # A curve that rises from rank-1 to 1.
        return RankScores({rank: rank1 if rank == 1 else 1.0 for rank in RANKS}, mean_ap, mean_inp)

    def mode(found, chance=None, **kwargs):
        # 7 queries with a match and 2 without; no scores: none with one.
        queries = 7 if found else 0
        return ModeResult(queries, 9 - queries, found, (chance or scores(0.1, 0.05)) if found else None, **kwargs)

    def result(modes, dataset="PRCC", metric_mode="clothing_change", **protocol):
        # Modes that are not given are without a pair.
        modes = {name: modes.get(name, mode(None)) for name in ("general", "same_clothing", "clothing_change")}
        told = {"metric": "cosine", "flip": False, "descriptor": "main", "checkpoint": Checkpoint.at(""), **protocol}
        return EvaluationResult(dataset, modes, Protocol(**told), metric_mode)

    return types.SimpleNamespace(scores=scores, mode=mode, result=result)
