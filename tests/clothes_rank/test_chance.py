"""Expected scores of a random ranking, against all orders of small galleries."""

from fractions import Fraction
from itertools import permutations

import numpy as np
import pytest

from clothes_rank import MODES, chance_level
from clothes_rank.chance import (
    expected_average_precision,
    expected_inverse_negative_penalty,
    expected_match_within,
)

CASES = [(matches, ranked) for ranked in range(1, 7) for matches in range(1, ranked + 1)]


def scores_of_all_orders(matches, ranked):
    """Mean AP, mean INP and, for each rank, the share of orders with a match within it, as fractions."""
    orders = list(set(permutations([True] * matches + [False] * (ranked - matches))))
    precision = penalty = Fraction(0)
    within = [Fraction(0)] * (ranked + 2)
    for order in orders:
        ranks = [rank for rank, is_match in enumerate(order, start=1) if is_match]
        precision += sum(Fraction(i, rank) for i, rank in enumerate(ranks, start=1)) / matches
        penalty += Fraction(matches, ranks[-1])
        within = [share + (ranks[0] <= k) for k, share in enumerate(within, start=1)]
    return precision / len(orders), penalty / len(orders), [share / len(orders) for share in within]


@pytest.mark.parametrize(("matches", "ranked"), CASES)
def test_closed_forms_are_the_means_over_all_orders(matches, ranked):
    precision, penalty, within = scores_of_all_orders(matches, ranked)
    assert expected_average_precision([matches], [ranked])[0] == pytest.approx(float(precision), abs=1e-14)
    assert expected_inverse_negative_penalty(matches, ranked) == pytest.approx(float(penalty), abs=1e-14)
    for rank, share in enumerate(within, start=1):
        assert expected_match_within([matches], [ranked], rank)[0] == pytest.approx(float(share), abs=1e-14)


def test_sums_as_written():
    # The sums of the formulas, term by term, at the size of a real gallery.
    matches, ranked = 40, 3000
    precision = sum((1 + (i - 1) * (matches - 1) / (ranked - 1)) / i for i in range(1, ranked + 1)) / ranked
    assert expected_average_precision([matches], [ranked])[0] == pytest.approx(precision, rel=1e-12)
    missed = np.prod([(ranked - matches - i) / (ranked - i) for i in range(10)])
    assert expected_match_within([matches], [ranked], 10)[0] == pytest.approx(1 - missed, rel=1e-12)


def test_level_is_the_mean_over_queries_with_a_match(random_labels):
    generator = np.random.default_rng(0)
    labels = random_labels(generator, 12, 9, pids=4)
    levels = chance_level(*labels, mode=MODES, ranks=(1, 3, 50))
    assert list(levels) == list(MODES)
    query_pids, gallery_pids, query_camids, gallery_camids, query_clothes, gallery_clothes = labels
    for mode in MODES:
        precisions, penalties, firsts = [], [], []
        for q in range(12):
            same_person = gallery_pids == query_pids[q]
            is_match = same_person & (gallery_camids != query_camids[q])
            if mode != "general":
                is_match &= (gallery_clothes == query_clothes[q]) == (mode == "same_clothing")
            matches, ranked = int(is_match.sum()), int((is_match | ~same_person).sum())
            if matches:
                precision, penalty, within = scores_of_all_orders(matches, min(ranked, 9))
                precisions.append(float(precision))
                penalties.append(float(penalty))
                firsts.append([float(within[0]), float(within[2]) if ranked >= 3 else 1.0, 1.0])
        assert levels[mode].num_queries == len(precisions) > 0
        assert levels[mode].num_skipped == 12 - len(precisions)
        assert levels[mode].mean_ap == pytest.approx(np.mean(precisions))
        assert levels[mode].mean_inp == pytest.approx(np.mean(penalties))
        assert list(levels[mode].cmc) == [1, 3, 50]
        assert list(levels[mode].cmc.values()) == pytest.approx(np.mean(firsts, axis=0))


def test_one_mode_gives_one_level():
    level = chance_level([1], [1, 2], [0], [1, 1], [0], [0, 0], mode="general")
    assert level.mode == "general"
    assert level.cmc == {1: pytest.approx(0.5), 5: 1.0, 10: 1.0}
    assert level.mean_ap == pytest.approx(0.75)


def test_no_query_with_a_match_gives_no_number():
    level = chance_level([1], [2], [0], [1], [0], [0], mode="general")
    assert (level.num_queries, level.num_skipped) == (0, 1)
    assert list(level.cmc) == [1, 5, 10]
    assert np.isnan([level.mean_ap, level.mean_inp, *level.cmc.values()]).all()


def test_ranks_start_at_one():
    with pytest.raises(ValueError, match=r"ranks is \(0, 5\), expected ranks of at least 1"):
        chance_level([1], [2], [0], [1], [0], [0], mode="general", ranks=(0, 5))
