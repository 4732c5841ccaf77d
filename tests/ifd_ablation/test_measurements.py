"""Figures by variant, seed and column."""

import pytest

from ifd.engine import RunError
from ifd_ablation.measurements import Column, Measured, pair, spread_pair

CHANGE = Column("clothing_change")


def test_variants_come_in_the_papers_order(measured):
    assert [variant.name for variant in measured.variants] == ["baseline", "ifd"]
    assert measured.seconds == {"baseline": {0: 60.0, 1: 120.0}, "ifd": {0: 60.0, 1: 120.0}}


def test_columns_are_those_with_figures(measured):
    assert [column.heading for column in measured.columns("PRCC")] == [
        "clothing-change",
        "clothing-change, single-shot",
        "same-clothing",
    ]


def test_figures_of_seeds_and_their_spread(measured):
    found = measured.scores("baseline", "PRCC", CHANGE)
    assert {seed: (scores.cmc[1], scores.mean_ap) for seed, scores in found.items()} == {0: (0.1, 0.2), 1: (0.14, 0.26)}
    assert pair(found[0]) == "10.00 / 20.00"
    assert spread_pair(measured.spread("baseline", "PRCC", CHANGE)) == "12.00 ± 2.83 / 23.00 ± 4.24"
    drawn = measured.scores("baseline", "PRCC", Column("clothing_change", single_shot=True))
    assert pair(drawn[1]) == "7.00 / 13.00"


def test_a_mode_without_a_pair_has_no_figures(measured):
    assert measured.scores("ifd", "PRCC", Column("general")) == {}
    assert spread_pair(measured.spread("ifd", "PRCC", Column("general"))) == "-"
    assert measured.chance("PRCC", Column("general")) is None


def test_chance_is_that_of_the_whole_gallery(measured):
    assert pair(measured.chance("PRCC", CHANGE)) == "1.50 / 3.25"
    assert measured.chance("PRCC", Column("clothing_change", single_shot=True)) is None


def test_an_absent_result_is_named(trials):
    (trials[2].run.folder / "results_PRCC.json").unlink()
    with pytest.raises(RunError, match="baseline, seed 0: .*does not exist"):
        Measured.of(trials, ["PRCC"])
