"""From counts to scores."""

import numpy as np
import pytest

from clothes_rank import Labels, Mode, Retrieval, clothes_rank_from_distances, other, same
from clothes_rank.scores import RankResult, Scores, cumulative_matches, mean_or_nan

# A query of person 1; by distance a distractor, a match, a distractor, a match.
WORKED = (np.array([[1.0, 2.0, 3.0, 4.0]]), [1], [2, 1, 2, 1], [0], [1, 1, 1, 1], [0], [0, 0, 0, 0])


def test_average_precision_is_the_mean_of_the_precision_at_each_match():
    # Trapezoids between the points of the curve, as toolboxes of old have it, would give
    # 1/2 ((0/1 + 1/2) / 2 + (1/3 + 2/4) / 2) = 1/3.
    assert clothes_rank_from_distances(*WORKED, mode="general").mean_ap == (1 / 2 + 2 / 4) / 2


def test_average_precision_counts_matches_beyond_the_curve():
    # Within rank 2 lies one of two matches: AP at 2 over the matches found would be 1/2, over all 1/4.
    result = clothes_rank_from_distances(*WORKED, mode="general", max_rank=2)
    assert result.mean_ap == (1 / 2 + 2 / 4) / 2
    assert result.cmc.tolist() == [0.0, 1.0]


@pytest.mark.parametrize("shift", [0.0, -2.5, -1000.0])
def test_the_sign_of_a_distance_means_nothing(shift):
    distances, *labels = WORKED
    assert clothes_rank_from_distances(distances + shift, *labels, mode="general").mean_ap == 0.5


def test_an_image_that_is_neither_match_nor_removed_is_a_distractor():
    # By distance: same clothes (neither), other clothes (match), own camera (removed), other clothes (match).
    mode = Mode("neither", match=other("camera") & other("clothes"), removed=same("camera"))
    labels = Labels([1], [0], [5]), Labels([1, 1, 1, 1], [1, 1, 0, 2], [5, 6, 6, 7])
    result = Retrieval.from_distances(np.array([[1.0, 2.0, 3.0, 4.0]]), *labels).rank(mode)["neither"]
    assert result.first_ranks.tolist() == [2]
    assert result.mean_ap == (1 / 2 + 2 / 3) / 2
    assert result.mean_inp == 2 / 3


def test_curve():
    np.testing.assert_array_equal(cumulative_matches(np.array([1, 3, 3, 9]), 4), [0.25, 0.25, 0.75, 0.75])
    assert np.isnan(cumulative_matches(np.empty(0, np.int64), 3)).all()


def test_a_mean_of_nothing_is_no_number():
    assert mean_or_nan(np.array([1.0, 2.0])) == 1.5
    assert np.isnan(mean_or_nan(np.empty(0)))


def test_queries_without_a_match_are_told_apart_by_their_rank():
    scores = Scores(np.array([0.5, 0.0, 1.0]), np.array([0.25, 0.0, 1.0]), np.array([2, 0, 1]))
    result = RankResult.of("general", scores, 2)
    assert (result.query_indices.tolist(), result.skipped_indices.tolist()) == ([0, 2], [1])
    assert (result.mean_ap, result.mean_inp, result.cmc.tolist()) == (0.75, 0.625, [0.5, 1.0])
