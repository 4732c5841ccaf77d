"""Two processes on the CPU: training through DDP, features gathered without loss, duplicates or disorder."""

import json
import os
import subprocess
import sys

import pytest
import torch


@pytest.mark.slow
def test_two_processes_train_and_evaluate_as_one_does(pytestconfig, prcc_root, tmp_path, tiny_arguments):
    environment = {**os.environ, "FASTREID_DATASETS": str(prcc_root), "OMP_NUM_THREADS": "1"}

    def train_net(*arguments):
        command = [sys.executable, "projects/IFD/train_net.py", "--config-file", "configs/IFD_R50.yml", *arguments]
        done = subprocess.run(
            [str(word) for word in command], cwd=pytestconfig.rootpath, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr[-3000:]

    two = tmp_path / "two"
    processes = ("--num-gpus", 2, "--dist-url", "auto")
    train_net(*processes, *tiny_arguments, "SOLVER.MAX_EPOCH", 1, "OUTPUT_DIR", two)
    trained = json.loads((two / "results_PRCC.json").read_text())
    assert torch.load(two / "model_final.pth")["epoch"] == 0

    # An odd number of images a batch makes the shares of the processes differ.
    weights = ("MODEL.WEIGHTS", two / "model_final.pth", "TEST.IMS_PER_BATCH", 14)
    train_net(*processes, "--eval-only", *tiny_arguments, *weights, "OUTPUT_DIR", tmp_path / "two_again")
    train_net("--eval-only", *tiny_arguments, *weights, "OUTPUT_DIR", tmp_path / "one")
    for folder in ("two_again", "one"):
        results = json.loads((tmp_path / folder / "eval" / "results_PRCC.json").read_text())
        assert results == pytest.approx(trained, abs=1e-6)
