"""The ablation's command, really run on a tiny data set."""

import json
import os
import subprocess
import sys

import pytest

from ifd.evaluation import EvaluationResult


@pytest.fixture
def ablation(pytestconfig, prcc_root, tmp_path):
    """Runs the command with options of a tiny config; returns the finished process."""

    def run(*options, variants=("ifd_joined", "baseline")):
        arguments = ["--config-file", "configs/IFD_R50.yml", "--output", tmp_path / "ablation", "--seeds", 0]
        return subprocess.run(
            [sys.executable, "projects/IFD/tools/ablation.py", *map(str, arguments), "--variants", *variants, "--jobs"]
            + ["2", *map(str, options)],
            cwd=pytestconfig.rootpath,
            env={**os.environ, "FASTREID_DATASETS": str(prcc_root)},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    return run


@pytest.mark.slow
def test_variants_are_trained_and_reported_once(ablation, tiny_arguments, tmp_path):
    options = [*tiny_arguments, "SOLVER.MAX_EPOCH", 1, "TEST.EVAL_PERIOD", 1]
    done = ablation(*options)
    assert done.returncode == 0, done.stderr[-3000:]
    folder = tmp_path / "ablation"
    values = json.loads((folder / "ablation.json").read_text())["values"]
    assert set(values) == {"baseline", "attention_stream", "ifd", "ifd_joined"}
    # The joined descriptor is that of the trained IFD, not a training of its own.
    assert not (folder / "seed_0" / "ifd_joined" / "model_final.pth").exists()
    for name in ("baseline", "attention_stream", "ifd"):
        evaluated = EvaluationResult.load(folder / "seed_0" / name / "results_PRCC.json")
        assert values[name]["PRCC"]["clothing_change/mAP"]["0"] == evaluated.flat()["clothing_change/mAP"]
    assert "| IFD, f_rg and f_a joined" in done.stdout

    weights = folder / "seed_0" / "ifd" / "model_final.pth"
    before = weights.stat().st_mtime_ns
    again = ablation(*options)
    assert again.returncode == 0, again.stderr[-3000:]
    assert "4 runs, 4 of them done" in again.stdout
    assert weights.stat().st_mtime_ns == before

    other = ablation(*options, "SOLVER.BASE_LR", 0.5)
    assert other.returncode == 2
    assert "holds an ablation of another config" in other.stderr


def test_a_start_of_its_own_is_refused(ablation, tiny_arguments):
    done = ablation(*tiny_arguments, "MODEL.WEIGHTS", "model.pth")
    assert done.returncode == 2
    assert "an ablation trains each variant from the same start" in done.stderr
