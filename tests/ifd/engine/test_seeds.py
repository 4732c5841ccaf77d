"""Sums over seeds worked out by hand; what is refused before the first run; what each run is told."""

import json
import math
import os
import sys
from pathlib import Path

import pytest

import fastreid_runs.seeds
from clothes_evaluation.rank_scores import Spread
from datasets_ext import DatasetError, UserError
from fastreid_runs.runs import Attempt
from ifd.engine import argument_parser, run_seeds, seeds
from ifd.engine.seeds import seeds_text


def cells_of(text):
    """First cell of each table row -> the others."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:1] == "|"]
    return {row[0]: row[1:] for row in rows[2:]}


def test_tables_by_data_set_and_mode(made_up):
    def result(mean_ap):
        scores = made_up.scores(0.5, mean_ap)
        drawn = Spread.of([made_up.scores(0.1, 2 * mean_ap), made_up.scores(0.3, 2 * mean_ap)])
        return made_up.result({"clothing_change": made_up.mode(scores, single_shot=drawn)})

    text = seeds_text({"PRCC": [result(0.10), result(0.14)]}, [3, 5])
    assert text.startswith("PRCC, per cent, mean ± standard deviation over seeds 3, 5\n")
    cells = cells_of(text)
    assert list(cells) == [
        *("general, no pair", "same_clothing, no pair", "clothing_change, multi-shot"),
        *("clothing_change, multi-shot, chance", "clothing_change, single-shot"),
    ]
    assert cells["general, no pair"] == ["-"] * 6
    assert cells["clothing_change, multi-shot"][4] == "12.00 ± 2.83"
    # Over seeds, of each seed's mean over its draws.
    assert cells["clothing_change, single-shot"][0] == "20.00 ± 0.00"
    assert cells["clothing_change, single-shot"][4] == "24.00 ± 5.66"
    assert text.endswith("cosine distance of descriptor 'main'; the network in training")

    one = seeds_text({"PRCC": [result(0.10)]}, [3])
    assert one.startswith("PRCC, per cent, seed 3\n")
    assert "±" not in one


@pytest.fixture
def command(config_file, prcc_root, tiny_arguments, tmp_path, monkeypatch):
    """Calls run_seeds as the command line would."""
    monkeypatch.setenv("FASTREID_DATASETS", str(prcc_root))
    monkeypatch.setattr(sys, "argv", ["some/train_net.py"])

    def call(*words, output=tmp_path / "run", options=()):
        words = [*words, "--config-file", config_file, *tiny_arguments, *options, "OUTPUT_DIR", output]
        return run_seeds(argument_parser().parse_args([str(word) for word in words]))

    return call


@pytest.fixture
def told(monkeypatch, made_up):
    """Catches what would be run, and makes up results."""
    calls = []

    def run_all(runs, **kwargs):
        calls.append((runs, kwargs))
        for number, run in enumerate(runs):
            run.note(Attempt(f"{number}", finished=True))
            folder = run.folder / "eval" if run.evaluates else run.folder
            folder.mkdir(parents=True, exist_ok=True)
            scores = made_up.scores(0.5, 0.1 * (number + 1))
            made_up.result({"clothing_change": made_up.mode(scores)}).save(folder / "results_PRCC.json")

    monkeypatch.setattr(fastreid_runs.seeds, "run_all", run_all)
    return calls


def test_each_seed_is_a_process_of_this_script(command, told, tmp_path, capsys):
    summary = command("--seeds", 4, 7, options=["SOLVER.BASE_LR", "0.5"])
    (runs, how), *more = told
    assert not more
    assert how == {"jobs": 1, "threads": None, "title": "seeds", "follow": True}
    for run, seed in zip(runs, (4, 7), strict=True):
        assert run.command[:3] == [sys.executable, os.path.abspath("some/train_net.py"), "--config-file"]
        assert not {"--resume", "--eval-only", "--num-gpus", "--seeds"} & set(run.command)
        told_last = ["IFD.SEED", str(seed), "OUTPUT_DIR", str(tmp_path / "run" / f"seed_{seed}")]
        assert run.command[-4:] == told_last
        assert "SOLVER.BASE_LR" in run.command
    assert summary["clothing_change/mAP"] == {"mean": pytest.approx(15), "std": pytest.approx(math.sqrt(50))}
    written = json.loads((tmp_path / "run" / "results_seeds.json").read_text())
    assert written["summary"] == summary
    assert written["seeds"]["7"]["clothing_change/mAP"] == pytest.approx(20)
    table = (tmp_path / "run" / "results_seeds.md").read_text()
    assert "15.00 ± 7.07" in table
    assert table.strip() in capsys.readouterr().out


def test_options_are_handed_on(command, told, tmp_path, monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    for seed in (0, 1):
        folder = tmp_path / "run" / f"seed_{seed}"
        folder.mkdir(parents=True)
        for name in ("last_checkpoint", "model_final.pth"):
            (folder / name).touch()
    command("--seeds", 0, 1, "--resume", "--num-gpus", 2, "--jobs", 2)
    command("--seeds", 0, 1, "--eval-only")
    (trained, how), (evaluated, _) = told
    assert "--resume" in trained[0].command
    words = trained[0].command
    assert words[words.index("--num-gpus") :][:4] == ["--num-gpus", "2", "--dist-url", "auto"]
    assert (how["jobs"], how["threads"], how["follow"]) == (2, 4, False)
    assert evaluated[0].evaluates
    assert "--eval-only" in evaluated[0].command


def test_several_data_sets_are_told_apart(command, told, made_up, monkeypatch, tmp_path):
    monkeypatch.setattr(seeds, "check_data", lambda cfg, train: None)

    def run_all(runs, **kwargs):
        for run in runs:
            run.folder.mkdir(parents=True)
            for dataset, mean_ap in (("PRCC", 0.1), ("LTCC", 0.2)):
                mode = made_up.mode(made_up.scores(0.5, mean_ap))
                made_up.result({"general": mode}, dataset=dataset).save(run.folder / f"results_{dataset}.json")

    monkeypatch.setattr(fastreid_runs.seeds, "run_all", run_all)
    summary = command("--seeds", 0, options=["DATASETS.TESTS", "('PRCC', 'LTCC')"])
    assert summary["PRCC/general/mAP"] == {"mean": pytest.approx(10), "std": None}
    assert summary["LTCC/general/mAP"] == {"mean": pytest.approx(20), "std": None}
    table = (tmp_path / "run" / "results_seeds.md").read_text()
    assert table.index("PRCC, per cent, seed 0") < table.index("LTCC, per cent, seed 0")


@pytest.mark.parametrize(
    ("words", "options", "message"),
    [
        (["--seeds", 1, 1], [], "--seeds is 1 1; expected different numbers"),
        (["--seeds", 0, "--num-gpus", 0], [], "--num-gpus is 0"),
        (["--seeds", 0, "--num-machines", 2, "--num-gpus", 2], [], "--num-machines is 2"),
        (["--seeds", 0, "--eval-only"], ["MODEL.WEIGHTS", "x.pth"], "would evaluate for every seed"),
        (["--seeds", 0, "--eval-only"], [], "seed 0 is not trained"),
        (["--seeds", 0], ["IFD.CBD.T", "0.0"], "IFD.CBD.T is 0.0"),
    ],
)
def test_mistakes_are_told_before_the_first_run(command, told, tmp_path, words, options, message):
    with pytest.raises(UserError, match=message):
        command(*words, options=options)
    assert told == []
    assert list(tmp_path.iterdir()) == []


def test_missing_data_and_what_would_be_overwritten_are_told_first(command, told, tmp_path, monkeypatch):
    folder = Path(tmp_path, "run", "seed_1")
    folder.mkdir(parents=True)
    (folder / "model_final.pth").touch()
    with pytest.raises(UserError, match="seed_1 holds a run already"):
        command("--seeds", 0, 1)
    monkeypatch.setenv("FASTREID_DATASETS", str(tmp_path / "nothing"))
    with pytest.raises(DatasetError, match="PRCC was not found"):
        command("--seeds", 0)
    assert told == []


@pytest.mark.parametrize("words", [["--seeds", "-1"], ["--seeds", "one"], ["--seeds", "0", "--jobs", "0"]])
def test_numbers_that_cannot_be_are_refused_by_the_parser(words, capsys):
    with pytest.raises(SystemExit) as left:
        argument_parser().parse_args(words)
    assert left.value.code == 2
    assert "invalid" in capsys.readouterr().err
