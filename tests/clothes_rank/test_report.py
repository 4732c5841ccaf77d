"""Figures as text and as JSON."""

import json

import numpy as np

from clothes_rank import clothes_rank_from_distances
from clothes_rank.chance import ChanceLevel
from clothes_rank.report import RANKS, Figures, table
from clothes_rank.single_shot import SingleShotResult

LABELS = ([1, 2, 9], [1, 2, 2], [0, 0, 0], [1, 1, 1], [0, 0, 0], [0, 0, 0])
# The first query finds its match at rank 2, the second at ranks 1 and 3, the third has none.
RESULT = clothes_rank_from_distances(
    np.array([[0.2, 0.1, 0.3], [0.2, 0.1, 0.3], [0.1, 0.2, 0.3]]), *LABELS, mode="general"
)
NOTHING = clothes_rank_from_distances(np.ones((1, 1)), [1], [2], [0], [1], [0], [0], mode="general")


def chance(num_queries, value):
    return ChanceLevel("general", dict.fromkeys(RANKS, value), value, value, num_queries, 0)


def test_a_ranking():
    figures = Figures.of("", RESULT)
    assert figures.cells() == ["50.00", "100.00", "100.00", "100.00", "66.67", "58.33", "2", "1"]
    assert figures.as_json() == {
        "cmc": {"1": 0.5, "5": 1.0, "10": 1.0, "20": 1.0},
        "mean_ap": (1 / 2 + (1 + 2 / 3) / 2) / 2,
        "mean_inp": (1 / 2 + 2 / 3) / 2,
        "queries": 2,
        "left_out": 1,
    }


def test_where_no_query_counts_there_is_no_number():
    for result in (NOTHING, SingleShotResult.of("general", [NOTHING] * 2, [])):
        figures = Figures.of("", result)
        assert figures.cells() == ["-"] * 6 + ["0", "1"]
        found = figures.as_json()
        assert found["mean_ap"] is found["mean_inp"] is found["cmc"]["1"] is None
        json.dumps(found, allow_nan=False)


def test_draws_have_a_spread():
    # One draw in which a match is first, one in which nothing counts, one in which it is last of two.
    first, last = (
        clothes_rank_from_distances(np.array([row]), [1], [1, 2], [0], [1, 1], [0], [0, 0], mode="general")
        for row in ([0.1, 0.2], [0.2, 0.1])
    )
    result = SingleShotResult.of(
        "general", [first, NOTHING, last], [chance(1, 0.5), chance(0, np.nan), chance(1, 0.25)]
    )
    figures = Figures.of("", result)
    assert figures.cells()[0] == "50.00 ± 70.71"
    assert figures.cells()[4] == "75.00 ± 35.36"
    assert figures.cells()[-2:] == ["0.7", "0.3"]
    assert figures.as_json()["deviation"]["mean_ap"] == np.std([1.0, 0.5], ddof=1)
    assert Figures.of_chance(result.chance).cells() == ["37.50"] * 6


def test_every_row_says_its_protocol():
    rows = table({"general": [Figures.of("", RESULT), Figures.of_chance([chance(2, 0.5)])]}, "multi-shot").splitlines()
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    assert cells[0] == ["mode", "Rank-1", "Rank-5", "Rank-10", "Rank-20", "mAP", "mINP", "queries", "left out"]
    assert [row[0] for row in cells[2:]] == ["general, multi-shot", "general, multi-shot, chance"]
    assert cells[3][1:] == ["50.00"] * 6 + ["", ""]
    assert len({len(row) for row in rows}) == 1
