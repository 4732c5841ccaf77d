"""How a run that was stopped goes on."""

import logging

import pytest
import torch

from fastreid_runs import CheckpointError
from fastreid_runs.resuming import is_trained, refuse_other_run, with_settled_seed
from fastreid_runs.run_keys import PLAIN, run_config
from fastreid_runs.run_record import RunRecord

DATA = {"images": 54, "bytes": 1000, "sha256": "a" * 64}


def record(cfg, data=DATA):
    return RunRecord.of(cfg, 5, 1, data, keys=PLAIN)


@pytest.fixture
def stage(tmp_path):
    """A config and its folder, which holds the checkpoint of a finished training."""
    cfg = run_config()
    cfg.OUTPUT_DIR, cfg.RUN.SEED = str(tmp_path / "stage"), 5
    (tmp_path / "stage").mkdir()
    torch.save({"model": {}, "epoch": 119, "run": record(cfg).state()}, tmp_path / "stage" / "model_final.pth")
    (tmp_path / "stage" / "last_checkpoint").write_text("model_final.pth")
    return cfg


def test_a_seed_of_its_own_stays():
    cfg = run_config()
    cfg.RUN.SEED = 9
    assert with_settled_seed(cfg, PLAIN) is cfg


def test_a_seed_is_that_of_the_run_in_a_folder_or_drawn(stage, tmp_path):
    cfg = run_config()
    folders = [str(tmp_path / "absent"), stage.OUTPUT_DIR]
    assert PLAIN.seed_of(with_settled_seed(cfg, PLAIN, folders)) == 5
    drawn = [PLAIN.seed_of(with_settled_seed(cfg, PLAIN, folders[:1])) for _ in range(3)]
    assert min(drawn) >= 0
    assert len(set(drawn)) > 1
    assert PLAIN.seed_of(cfg) == -1


def test_a_stage_is_at_its_end(stage, tmp_path):
    assert is_trained(stage, PLAIN, str(tmp_path / "next"), lambda: DATA)
    elsewhere = stage.clone()
    elsewhere.OUTPUT_DIR = str(tmp_path / "elsewhere")
    assert not is_trained(elsewhere, PLAIN, str(tmp_path / "next"), lambda: DATA)
    # Where the next stage has begun, nothing is asked of this one.
    assert is_trained(elsewhere, PLAIN, stage.OUTPUT_DIR, lambda: pytest.fail("read"))


def test_a_damaged_end_is_trained_again(stage, tmp_path, caplog):
    path = tmp_path / "stage" / "model_final.pth"
    path.write_bytes(path.read_bytes()[:50])
    assert not is_trained(stage, PLAIN, str(tmp_path / "next"), lambda: DATA)
    assert "training its last epochs again" in caplog.text


def test_another_training_is_refused_by_name_and_another_device_told(stage, tmp_path, caplog):
    other = stage.clone()
    other.SOLVER.BASE_LR = 0.5
    with pytest.raises(CheckpointError, match="cannot go on with another config or other data: SOLVER.BASE_LR"):
        is_trained(other, PLAIN, str(tmp_path / "next"), lambda: DATA)
    with pytest.raises(CheckpointError, match="images"):
        is_trained(stage, PLAIN, str(tmp_path / "next"), lambda: {**DATA, "images": 55})
    elsewhere = stage.clone()
    elsewhere.MODEL.DEVICE = "cpu"
    caplog.set_level(logging.WARNING)
    refuse_other_run("model.pth", record(stage), record(elsewhere), 1, PLAIN)
    assert "MODEL.DEVICE" in caplog.text
    assert "not be the same to the last bit" in caplog.text
