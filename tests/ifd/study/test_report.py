"""Tables and figure of an ablation, against values worked out by hand."""

import json
import math

import pytest

from ifd.study import VARIANTS, write_report
from ifd.study.report import collect, mean_and_deviation, seeds_table, summary_table
from ifd.study.runs import Run

BASELINE = {0: (10.0, 20.0), 1: (14.0, 26.0)}
IFD = {0: (30.0, 40.0), 1: (30.0, 44.0)}


def write_run(folder, name, seed, rank1, mean_ap, seconds):
    run = Run(VARIANTS[name], seed, folder / f"{name}_{seed}", [])
    run.note({"started": "a", "seconds": seconds, "finished": True})
    results = {
        "clothing_change/Rank-1": rank1,
        "clothing_change/mAP": mean_ap,
        "clothing_change/single_shot/Rank-1": rank1 / 2,
        "clothing_change/single_shot/mAP": mean_ap / 2,
        "clothing_change/chance/Rank-1": 1.5,
        "clothing_change/chance/mAP": 3.25,
        "clothing_change/queries": 7,
        "same_clothing/Rank-1": 99.0,
        "same_clothing/mAP": 98.0,
    }
    (run.folder / "results_PRCC.json").write_text(json.dumps(results))
    return run


@pytest.fixture
def runs(tmp_path):
    return [
        write_run(tmp_path, name, seed, *pair, seconds=60.0 * (seed + 1))
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


def test_report_is_written(runs, tmp_path):
    paths = write_report(runs, ["PRCC"], tmp_path, facts={"machine": "a loom"})
    by_ending = {path.suffix: path for path in paths}
    assert "- machine: a loom" in by_ending[".md"].read_text()
    assert "| chance " in by_ending[".md"].read_text()
    written = json.loads(by_ending[".json"].read_text())
    assert written["values"]["baseline"]["PRCC"]["clothing_change/mAP"] == {"0": 20.0, "1": 26.0}
    assert written["chance"]["PRCC"]["clothing_change/mAP"] == 3.25
    assert by_ending[".png"].read_bytes().startswith(b"\x89PNG")
