"""Tables of an ablation, against values worked out by hand."""

import pytest

from clothes_evaluation.protocol import Reranking
from ifd_ablation.measurements import Measured
from ifd_ablation.tables import order_found, seeds_table, summary_table, table_beside_the_paper


def cells_of(table):
    """First cell of each row -> the others, with the headings' row."""
    lines = table.splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in (lines[0], *lines[2:])]
    return {row[0]: row[1:] for row in rows}


def test_summary_has_a_row_for_each_variant_and_chance(measured):
    rows = cells_of(summary_table(measured, "PRCC"))
    assert list(rows) == ["variant", "baseline", "IFD", "chance"]
    assert rows["variant"] == ["clothing-change", "clothing-change, single-shot", "same-clothing", "wall time a seed"]
    assert rows["baseline"] == [
        *("12.00 ± 2.83 / 23.00 ± 4.24", "6.00 ± 1.41 / 11.50 ± 2.12", "99.00 ± 0.00 / 98.00 ± 0.00", "1.5 min"),
    ]
    assert rows["IFD"][0] == "30.00 ± 0.00 / 42.00 ± 2.83"
    assert rows["chance"] == ["1.50 / 3.25", "", "2.00 / 4.00", ""]


def test_one_seed_has_no_spread(trials):
    rows = cells_of(summary_table(Measured.of(trials[:1], ["PRCC"]), "PRCC"))
    assert rows["IFD"] == ["30.00 / 40.00", "15.00 / 20.00", "99.00 / 98.00", "1.0 min"]


def test_every_seed_is_shown(measured):
    lines = seeds_table(measured, "PRCC").splitlines()[2:]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert [row[:3] for row in rows] == [
        ["baseline", "0", "10.00 / 20.00"],
        ["baseline", "1", "14.00 / 26.00"],
        ["IFD", "0", "30.00 / 40.00"],
        ["IFD", "1", "30.00 / 44.00"],
    ]
    assert [row[-1] for row in rows] == ["1.0 min", "2.0 min", "1.0 min", "2.0 min"]


def test_the_papers_figures_stand_beside_the_measured_ones(measured):
    rows = cells_of(table_beside_the_paper(measured))
    assert rows["variant"][0] == "measured: PRCC"
    assert rows["baseline"] == ["12.00 ± 2.83 / 23.00 ± 4.24", "24.3 / 11.2", "16.4 / 9.2"]
    assert rows["IFD"] == ["30.00 ± 0.00 / 42.00 ± 2.83", "65.3 / 61.7", "64.3 / 42.3"]


def test_order_is_told_by_difference_and_seeds(make_trial):
    figures = {
        "baseline": {0: (10.0, 20.0), 1: (14.0, 26.0)},
        "with_ikt": {0: (12.0, 19.0), 1: (20.0, 28.0)},
        "ifd_supcon": {0: (12.0, 25.0), 1: (19.0, 30.0)},
    }
    trials = [make_trial(name, seed, *pair) for name, by_seed in figures.items() for seed, pair in by_seed.items()]
    rows = cells_of(order_found(Measured.of(trials, ["PRCC"]), "PRCC"))
    assert rows.pop("order in the paper") == ["difference in Rank-1", "difference in mAP"]
    assert rows == {
        "baseline < w/ IKT": ["+4.00 (2 of 2 seeds)", "+0.50 (1 of 2 seeds)"],
        "w/ IKT < IFD w/ CL": ["-0.50 (0 of 2 seeds)", "+4.00 (2 of 2 seeds)"],
    }


def test_without_a_pair_of_the_papers_there_is_no_order(trials):
    assert order_found(Measured.of(trials[:2], ["PRCC"]), "PRCC") == ""


@pytest.mark.parametrize("table", [summary_table, seeds_table])
def test_re_ranked_figures_have_another_heading(make_trial, table):
    trials = [make_trial("ifd", 0, 30.0, 40.0, reranking=Reranking(20, 6, 0.3))]
    assert "clothing-change, re-ranked" in table(Measured.of(trials, ["PRCC"]), "PRCC").splitlines()[0]
