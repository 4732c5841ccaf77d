"""The ablation's command, really run on a tiny data set."""

import json

import pytest

from ifd.evaluation import EvaluationResult

COMMAND = "projects/IFD/tools/ablation.py"


@pytest.fixture
def arguments(tmp_path, tiny_arguments):
    """Of the command, for a tiny config."""
    where = ["--config-file", "configs/IFD_R50.yml", "--output", tmp_path / "ablation", "--seeds", 0]
    return [*where, "--variants", "ifd_joined", "baseline", "--jobs", 2, *tiny_arguments]


@pytest.mark.slow
def test_variants_are_trained_and_reported_once(
    pytestconfig, arguments, call_script, start_script, prcc_root, tmp_path
):
    arguments += ["SOLVER.MAX_EPOCH", 1, "TEST.EVAL_PERIOD", 1]
    ablation = start_script(COMMAND, *arguments, cwd=pytestconfig.rootpath, FASTREID_DATASETS=str(prcc_root))
    said, errors = ablation.communicate(timeout=300)
    assert ablation.returncode == 0, errors[-3000:]
    folder = tmp_path / "ablation"
    values = json.loads((folder / "ablation.json").read_text())["values"]
    assert set(values) == {"baseline", "attention_stream", "ifd", "ifd_joined"}
    # The joined descriptor is that of the trained IFD, not a training of its own.
    assert not (folder / "seed_0" / "ifd_joined" / "model_final.pth").exists()
    for name in ("baseline", "attention_stream", "ifd"):
        evaluated = EvaluationResult.load(folder / "seed_0" / name / "results_PRCC.json")
        assert values[name]["PRCC"]["clothing_change/mAP"]["0"] == evaluated.flat()["clothing_change/mAP"]
    assert "| IFD, f_rg and f_a joined" in said

    weights = folder / "seed_0" / "ifd" / "model_final.pth"
    before = weights.stat().st_mtime_ns
    code, output, errors = call_script(COMMAND, *arguments, FASTREID_DATASETS=prcc_root)
    assert code == 0, errors[-3000:]
    assert "4 runs, 4 of them done" in output
    assert weights.stat().st_mtime_ns == before

    code, _, errors = call_script(COMMAND, *arguments, "SOLVER.BASE_LR", 0.5)
    assert code == 2
    assert "holds an ablation of another config" in errors


def test_a_start_of_its_own_is_refused(arguments, call_script, prcc_root):
    code, _, errors = call_script(COMMAND, *arguments, "MODEL.WEIGHTS", "model.pth", FASTREID_DATASETS=prcc_root)
    assert code == 2
    assert "an ablation trains each variant from the same start" in errors
