"""The README's script: it trains the host's Baseline, and goes on bit by bit."""

import re
from pathlib import Path

import pytest
import torch


@pytest.fixture
def train(pytestconfig, tmp_path, prcc_root, call_script, start_script):
    """Runs the README's script, with options after those of a tiny Baseline: (exit code, stderr, its folder).

    In a process of its own where it trains, with random numbers of its own.
    """
    readme = (pytestconfig.rootpath / "projects" / "FastReIDRuns" / "README.md").read_text()
    script = tmp_path / "train.py"
    script.write_text(re.search(r"```python\n(.*?)```", readme, re.DOTALL)[1])
    config = pytestconfig.rootpath / "tests" / "fastreid_compat" / "baseline_r18.yml"

    def call(output, *options, resume=False, here=False):
        words = [script, *["--resume"] * resume, "--config-file", config]
        words += ["MODEL.DEVICE", "cpu", "DATASETS.NAMES", "('PRCC',)", "DATASETS.TESTS", "('PRCC',)"]
        words += ["INPUT.REA.ENABLED", True, "RUN.SEED", 3, *options, "OUTPUT_DIR", tmp_path / output]
        if here:
            code, _, errors = call_script(*words, FASTREID_DATASETS=prcc_root)
            return code, errors, tmp_path / output
        training = start_script(*words, cwd=pytestconfig.rootpath, FASTREID_DATASETS=str(prcc_root))
        _, errors = training.communicate(timeout=300)
        return training.returncode, errors, tmp_path / output

    return call


def weights(folder: Path):
    return torch.load(folder / "model_final.pth", weights_only=True)["model"]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:SOLVER.AMP.ENABLED")
def test_it_goes_on_as_if_it_had_not_been_stopped(train):
    code, errors, whole = train("whole")
    assert code == 0, errors
    code, errors, part = train("part", "SOLVER.MAX_EPOCH", 1)
    assert code == 0, errors
    code, errors, _ = train("part", "SOLVER.MAX_EPOCH", 2, here=True)
    assert code == 2
    assert "error: " in errors
    assert "holds a run already" in errors
    code, errors, _ = train("part", resume=True)
    assert code == 0, errors
    expected = weights(whole)
    assert all(torch.equal(value, expected[name]) for name, value in weights(part).items())


@pytest.mark.filterwarnings("ignore:SOLVER.AMP.ENABLED")
def test_mistakes_are_told_before_the_first_step(train):
    for options, sentence in (
        (("SOLVER.BASE_LR", "0.0"), "error: SOLVER.BASE_LR is 0.0; expected"),
        (("MODEL.BACKBONE.FEAT_DIM", 99), "error: an evaluation of made-up images"),
    ):
        code, errors, folder = train("run", *options, here=True)
        assert code == 2
        assert errors.splitlines()[-1].startswith(sentence)
        assert not folder.exists()
