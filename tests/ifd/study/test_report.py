"""Tables and figure of an ablation, against values worked out by hand."""

import dataclasses
import json
import math

import pytest

from ifd.evaluation.rank_scores import Spread
from ifd.study import VARIANTS, write_report
from ifd.study.report import (
    collect,
    learning_curve,
    mean_and_deviation,
    order_found,
    seeds_table,
    summary_table,
    table_beside_the_paper,
)
from ifd.study.runs import Run

BASELINE = {0: (10.0, 20.0), 1: (14.0, 26.0)}
IFD = {0: (30.0, 40.0), 1: (30.0, 44.0)}


@pytest.fixture
def write_run(made_up, tmp_path):
    def write(name, seed, rank1, mean_ap, seconds):
        run = Run(VARIANTS[name], seed, tmp_path / f"{name}_{seed}", [])
        run.note({"started": "a", "seconds": seconds, "finished": True})
        drawn = Spread.of([made_up.scores(rank1 / 200, mean_ap / 200)])
        changed = made_up.mode(made_up.scores(rank1 / 100, mean_ap / 100), made_up.scores(0.015, 0.0325))
        modes = {
            "clothing_change": dataclasses.replace(changed, single_shot=drawn),
            "same_clothing": made_up.mode(made_up.scores(0.99, 0.98), made_up.scores(0.02, 0.04)),
        }
        made_up.result(modes).save(run.folder / "results_PRCC.json")
        log = [
            {"iteration": 9, "total_loss": 2.0, "clothing_change/mAP": mean_ap - 5, "same_clothing/mAP": 50.0},
            {"iteration": 14, "total_loss": 1.5},
            {"iteration": 14, "total_loss": 1.4},
            {"iteration": 19, "total_loss": 1.0, "clothing_change/mAP": mean_ap, "same_clothing/mAP": 98.0},
        ]
        (run.folder / "metrics.json").write_text("".join(json.dumps(entry) + "\n" for entry in log))
        return run

    return write


def cells_of(table):
    """First cell of each row -> the others."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]
    return {row[0]: row[1:] for row in rows}


@pytest.fixture
def runs(write_run):
    return [
        write_run(name, seed, *pair, seconds=60.0 * (seed + 1))
        for name, values in (("ifd", IFD), ("baseline", BASELINE))
        for seed, pair in values.items()
    ]


def test_mean_and_sample_deviation():
    assert mean_and_deviation({0: 10.0, 1: 14.0}) == pytest.approx((12.0, math.sqrt(8)))
    mean, deviation = mean_and_deviation({0: 10.0})
    assert mean == 10.0
    assert math.isnan(deviation)


def test_summary_has_a_row_for_each_variant_in_table_2s_order_and_chance(runs):
    values = collect(runs, ["PRCC"])
    chance = {"clothing_change/Rank-1": 1.5, "clothing_change/mAP": 3.25}
    table = summary_table(values, "PRCC", chance).splitlines()
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in (table[0], *table[2:])]
    rows = {name: cells for name, *cells in lines}
    assert list(rows) == ["variant", "baseline", "IFD", "chance"]
    assert rows["variant"] == ["clothing-change", "clothing-change, single-shot", "same-clothing", "wall time a seed"]
    assert rows["baseline"] == ["12.00 ± 2.83 / 23.00 ± 4.24", "6.00 ± 1.41 / 11.50 ± 2.12", "99.00 ± 0.00 / 98.00 ± 0.00", "1.5 min"]  # fmt: skip  # noqa: E501
    assert rows["IFD"][0] == "30.00 ± 0.00 / 42.00 ± 2.83"
    assert rows["chance"] == ["1.50 / 3.25", "", "", ""]


def test_every_seed_is_shown(runs):
    table = seeds_table(collect(runs, ["PRCC"]), "PRCC")
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]
    assert [row[:3] for row in rows] == [
        ["baseline", "0", "10.00 / 20.00"],
        ["baseline", "1", "14.00 / 26.00"],
        ["IFD", "0", "30.00 / 40.00"],
        ["IFD", "1", "30.00 / 44.00"],
    ]
    assert [row[-1] for row in rows] == ["1.0 min", "2.0 min", "1.0 min", "2.0 min"]


def test_the_papers_figures_stand_beside_the_measured_ones(runs):
    table = table_beside_the_paper(collect(runs, ["PRCC"]), ["PRCC"])
    assert "measured: PRCC" in table
    rows = cells_of(table)
    assert rows["baseline"] == ["12.00 ± 2.83 / 23.00 ± 4.24", "24.3 / 11.2", "16.4 / 9.2"]
    assert rows["IFD"] == ["30.00 ± 0.00 / 42.00 ± 2.83", "65.3 / 61.7", "64.3 / 42.3"]


def test_order_is_told_by_difference_and_seeds(write_run):
    figures = {
        "baseline": {0: (10.0, 20.0), 1: (14.0, 26.0)},
        "with_ikt": {0: (12.0, 19.0), 1: (20.0, 28.0)},
        "ifd_supcon": {0: (12.0, 25.0), 1: (19.0, 30.0)},
    }
    runs = [write_run(name, seed, *pair, 60.0) for name, values in figures.items() for seed, pair in values.items()]
    assert cells_of(order_found(collect(runs, ["PRCC"]), "PRCC")) == {
        "baseline < w/ IKT": ["+4.00 (2 of 2 seeds)", "+0.50 (1 of 2 seeds)"],
        "w/ IKT < IFD w/ CL": ["-0.50 (0 of 2 seeds)", "+4.00 (2 of 2 seeds)"],
    }


def test_learning_curve_counts_steps_done_and_each_once(runs):
    curve = learning_curve(runs[0])
    assert curve["clothing_change/mAP"] == [(10, 35.0), (20, 40.0)]
    assert curve["total_loss"] == [(10, 2.0), (15, 1.4), (20, 1.0)]
    assert curve["nothing"] == []


def test_report_is_written(runs, tmp_path):
    paths = write_report(runs, ["PRCC"], tmp_path, facts={"machine": "a loom"})
    assert [path.name for path in paths] == ["ablation.json", "ablation.md", "ablation.png", "learning_curves.png"]
    assert paths[3].read_bytes().startswith(b"\x89PNG")
    by_ending = {path.suffix: path for path in paths[:3]}
    assert "- machine: a loom" in by_ending[".md"].read_text()
    assert "| chance " in by_ending[".md"].read_text()
    written = json.loads(by_ending[".json"].read_text())
    assert written["values"]["baseline"]["PRCC"]["clothing_change/mAP"] == {"0": 20.0, "1": 26.0}
    assert written["chance"]["PRCC"]["clothing_change/mAP"] == 3.25
    assert by_ending[".png"].read_bytes().startswith(b"\x89PNG")
