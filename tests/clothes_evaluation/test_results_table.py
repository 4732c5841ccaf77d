"""Rows of the printed table."""

from dataclasses import replace

import pytest

from clothes_evaluation.protocol import QueryExpansion, Reranking
from clothes_evaluation.rank_scores import Spread
from clothes_evaluation.results_table import table_over_seeds


def cells_of(result):
    """First cell of each row -> the others."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in result.table().splitlines()[2:]]
    return {row[0]: row[1:] for row in rows}


def test_each_mode_stands_above_its_chance(made_up):
    result = made_up.result({"general": made_up.mode(made_up.scores(0.5, 0.3))})
    cells = cells_of(result)
    assert cells["general"] == ["50.00", "100.00", "100.00", "100.00", "30.00", "25.00", "7", "2"]
    assert cells["general, chance"] == ["10.00", "100.00", "100.00", "100.00", "5.00", "25.00", "", ""]


def test_a_mode_without_a_pair_has_no_figures(made_up):
    cells = cells_of(made_up.result({"general": made_up.mode(made_up.scores(0.5, 0.3))}))
    assert cells["clothing_change, no pair"] == [*"------", "0", "9"]
    assert not [name for name in cells if name.startswith("clothing_change") and "no pair" not in name]


@pytest.mark.parametrize(
    ("kinds", "heading"),
    [
        ({}, "mode"),
        ({"label_kind": "pseudo"}, "mode (clothes labels: pseudo)"),
        ({"camera_kind": "walks"}, "mode (cameras: walks)"),
        ({"label_kind": "absent", "camera_kind": "none"}, "mode (clothes labels: absent; cameras: none)"),
    ],
)
def test_labels_that_nobody_wrote_down_are_named_in_the_heading(made_up, kinds, heading):
    result = replace(made_up.result({"general": made_up.mode(made_up.scores(0.5, 0.3))}), **kinds)
    for table in (result.table(), table_over_seeds([result, result])):
        assert table.splitlines()[0].split("|")[1].strip() == heading


@pytest.mark.parametrize("draws", [1, 2])
def test_single_shot_has_a_row_of_its_own(made_up, draws):
    spread = Spread.of([made_up.scores(0.2, 0.4), made_up.scores(0.4, 0.4)][:draws])
    cells = cells_of(made_up.result({"general": made_up.mode(made_up.scores(0.5, 0.3), single_shot=spread)}))
    assert list(cells)[:3] == ["general, multi-shot", "general, multi-shot, chance", "general, single-shot"]
    assert cells["general, single-shot"][0] == ("20.00" if draws == 1 else "30.00 ± 14.14")


def test_verification_stands_below_its_mode(made_up):
    mode = made_up.mode(made_up.scores(0.5, 0.3), verification={1e-4: 0.125, 1e-2: 0.5})
    assert list(cells_of(made_up.result({"general": mode})))[2] == (
        "general, true positives at false positive rate 1e-04: 12.50, 1e-02: 50.00"
    )


@pytest.mark.parametrize(
    ("protocol", "name"),
    [
        ({"reranking": Reranking(20, 6, 0.3)}, "general, re-ranked"),
        ({"query_expansion": QueryExpansion(1, 5, 3.0)}, "general, expanded"),
    ],
)
def test_figures_that_do_not_compare_have_another_name(made_up, protocol, name):
    mode = made_up.mode(made_up.scores(0.5, 0.3), verification={1e-4: 0.125})
    cells = cells_of(made_up.result({"general": mode}, **protocol))
    assert list(cells)[:3] == [
        name,
        "general, chance",
        f"{name}, true positives at false positive rate 1e-04: 12.50",
    ]
