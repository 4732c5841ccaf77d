"""The commands users type, as they type them."""

import json
import os
import subprocess
import sys

import pytest

from ifd.evaluation import EvaluationResult


def test_without_prcc_three_lines_say_what_to_do(pytestconfig, tmp_path):
    done = subprocess.run(
        [sys.executable, "projects/IFD/train_net.py", "--config-file", "configs/IFD_R50.yml",
         "OUTPUT_DIR", str(tmp_path / "run")],
        cwd=pytestconfig.rootpath, env={**os.environ, "FASTREID_DATASETS": str(tmp_path / "nothing")},
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    message = done.stderr.strip().splitlines()[-3:]
    assert "PRCC was not found" in message[0]
    assert "https://" in message[1]
    assert str(tmp_path / "nothing" / "prcc") in message[1]
    assert "make demo" in message[2]
    assert not (tmp_path / "run").exists()


def test_train_evaluate_and_draw(prcc_root, tmp_path, tiny_arguments, call_script):
    output = tmp_path / "run"
    train_net = ("projects/IFD/train_net.py", "--config-file", "configs/IFD_R50.yml")
    options = [*tiny_arguments, "OUTPUT_DIR", output]

    code, said, errors = call_script(*train_net, *options, FASTREID_DATASETS=prcc_root)
    assert code == 0, errors[-3000:]
    assert "Stage 1 of 2" in said
    assert "loss_clothing" in said
    results = EvaluationResult.load(output / "results_PRCC.json")
    assert results.protocol.checkpoint.chosen == "in training"
    assert "| clothing_change, multi-shot, chance" in (output / "results_PRCC.md").read_text()

    code, _, errors = call_script(train_net[0], "--eval-only", *train_net[1:], *options, FASTREID_DATASETS=prcc_root)
    assert code == 0, errors[-3000:]
    again = EvaluationResult.load(output / "eval" / "results_PRCC.json")
    assert again.flat() == pytest.approx(results.flat())
    assert again.protocol.checkpoint.chosen == "final"

    code, _, errors = call_script(
        "projects/IFD/tools/plot_rank_lists.py", "--config-file", "configs/IFD_R50.yml",
        "--output", tmp_path / "ranks.png", "--count", 3, *tiny_arguments, "MODEL.WEIGHTS", output / "model_final.pth",
    )  # fmt: skip
    assert code == 0, errors[-3000:]
    assert (tmp_path / "ranks.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_seeds_of_several_processes_are_summed_up(pytestconfig, prcc_root, tmp_path, tiny_arguments, start_script):
    """Trainings are commands of their own, and each starts two processes."""
    seeds = start_script(
        "projects/IFD/train_net.py", "--seeds", 0, 1, "--num-gpus", 2, "--config-file",
        "configs/ablation/baseline.yml", *tiny_arguments, "SOLVER.MAX_EPOCH", 1, "TEST.EVAL_PERIOD", 1,
        "OUTPUT_DIR", tmp_path / "run", cwd=pytestconfig.rootpath, FASTREID_DATASETS=str(prcc_root),
    )  # fmt: skip
    said, errors = seeds.communicate(timeout=300)
    assert seeds.returncode == 0, errors[-3000:]
    assert said.count("World size: 2") == 2
    values = [
        EvaluationResult.load(tmp_path / "run" / f"seed_{seed}" / "results_PRCC.json").flat()["clothing_change/mAP"]
        for seed in (0, 1)
    ]
    summary = json.loads((tmp_path / "run" / "results_seeds.json").read_text())
    assert summary["seeds"]["1"]["clothing_change/mAP"] == pytest.approx(values[1])
    assert summary["summary"]["clothing_change/mAP"]["mean"] == pytest.approx(sum(values) / 2)
    assert summary["summary"]["clothing_change/mAP"]["std"] == pytest.approx(abs(values[0] - values[1]) / 2**0.5)
    table = (tmp_path / "run" / "results_seeds.md").read_text()
    assert f"{sum(values) / 2:.2f} ± {abs(values[0] - values[1]) / 2**0.5:.2f}" in table
