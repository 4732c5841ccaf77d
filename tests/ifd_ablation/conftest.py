"""Trials that are done, with figures as asked for."""

import json
from pathlib import Path

import pytest

from clothes_evaluation.rank_scores import Spread
from fastreid_runs.runs import Attempt, Run
from ifd_ablation import VARIANTS, Trial
from ifd_ablation.measurements import Measured

# (rank-1, mAP) by seed, in per cent.
BASELINE = {0: (10.0, 20.0), 1: (14.0, 26.0)}
IFD = {0: (30.0, 40.0), 1: (30.0, 44.0)}


@pytest.fixture
def make_trial(made_up, tmp_path):
    """Makes a trial that took some seconds, with figures in clothing-change mode and a log of two evaluations."""

    def make(name, seed, rank1, mean_ap, seconds=60.0, **protocol):
        run = Run(f"{name}, seed {seed}", tmp_path / f"{name}_{seed}", [])
        run.note(Attempt("a", seconds, finished=True))
        drawn = Spread.of([made_up.scores(rank1 / 200, mean_ap / 200)])
        plain = {} if protocol else {"single_shot": drawn}
        modes = {
            "clothing_change": made_up.mode(
                made_up.scores(rank1 / 100, mean_ap / 100), made_up.scores(0.015, 0.0325), **plain
            ),
            "same_clothing": made_up.mode(made_up.scores(0.99, 0.98), made_up.scores(0.02, 0.04)),
        }
        made_up.result(modes, **protocol).save(run.folder / "results_PRCC.json")
        log = [
            {"iteration": 9, "total_loss": 2.0, "clothing_change/mAP": mean_ap - 5, "same_clothing/mAP": 50.0},
            {"iteration": 14, "total_loss": 1.5},
            {"iteration": 14, "total_loss": 1.4},
            {"iteration": 19, "total_loss": 1.0, "clothing_change/mAP": mean_ap, "same_clothing/mAP": 98.0},
        ]
        (run.folder / "metrics.json").write_text("".join(json.dumps(entry) + "\n" for entry in log))
        return Trial(VARIANTS[name], seed, run)

    return make


@pytest.fixture
def trials(make_trial):
    """IFD and the baseline with two seeds; not in the order of the paper's table."""
    return [
        make_trial(name, seed, *figures, seconds=60.0 * (seed + 1))
        for name, by_seed in (("ifd", IFD), ("baseline", BASELINE))
        for seed, figures in by_seed.items()
    ]


@pytest.fixture
def measured(trials):
    return Measured.of(trials, ["PRCC"])


@pytest.fixture
def is_png():
    return lambda path: Path(path).read_bytes().startswith(b"\x89PNG")
