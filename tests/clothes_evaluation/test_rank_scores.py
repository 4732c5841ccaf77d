"""Means, deviations and their text, against values worked out by hand."""

import math

import pytest

from clothes_evaluation.rank_scores import METRICS, RankScores, Spread


def test_per_cent_in_the_order_of_the_tables():
    scores = RankScores({1: 0.125, 5: 0.25, 10: 0.5, 20: 1.0}, 0.3, 0.2)
    assert list(scores.per_cent()) == list(METRICS)
    assert list(scores.per_cent().values()) == [12.5, 25.0, 50.0, 100.0, 30.0, 20.0]


def test_other_ranks_are_refused():
    with pytest.raises(ValueError, match="cmc holds ranks 1, 5, expected 1, 5, 10, 20"):
        RankScores({1: 0.1, 5: 0.2}, 0.3, 0.2)


def test_mean_and_sample_deviation(made_up):
    spread = Spread.of([made_up.scores(0.10, 0.20), made_up.scores(0.14, 0.26)])
    assert spread.count == 2
    assert spread.mean.cmc[1] == pytest.approx(0.12)
    assert spread.mean.mean_ap == pytest.approx(0.23)
    assert spread.deviation.cmc[1] == pytest.approx(math.sqrt(2 * 0.02**2))
    assert spread.deviation.mean_ap == pytest.approx(math.sqrt(2 * 0.03**2))
    assert spread.deviation.mean_inp == 0
    assert spread.cells()["mAP"] == "23.00 ± 4.24"
    assert spread.cells()["mINP"] == "25.00 ± 0.00"


def test_a_single_value_has_no_spread(made_up):
    spread = Spread.of([made_up.scores(0.10, 0.20)])
    assert spread.deviation is None
    assert spread.mean == made_up.scores(0.10, 0.20)
    assert spread.cells()["mAP"] == "20.00"
