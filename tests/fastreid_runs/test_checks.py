"""What is refused before anything is built."""

import logging
import os

import pytest

from fastreid_runs import ConfigError, OutputFolderError
from fastreid_runs.checks import check_keys, check_output_folder, check_warm_up
from fastreid_runs.run_folder import refuse_overwriting
from fastreid_runs.run_keys import run_config


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["MODEL.DEVICE", "gpu"], "MODEL.DEVICE is 'gpu'; expected cpu, cuda"),
        (["MODEL.BACKBONE.NAME", "build_nothing"], "MODEL.BACKBONE.NAME is 'build_nothing'.*build_resnet_backbone"),
        (["MODEL.META_ARCHITECTURE", "Base"], "MODEL.META_ARCHITECTURE is 'Base'.* Baseline"),
        (["MODEL.HEADS.NAME", "Head"], "MODEL.HEADS.NAME is 'Head'.* EmbeddingHead"),
        (["SOLVER.MAX_EPOCH", 0], "SOLVER.MAX_EPOCH is 0"),
    ],
)
def test_keys_of_any_training(tmp_path, options, message):
    cfg = run_config()
    cfg.merge_from_list(["MODEL.DEVICE", "cpu", "OUTPUT_DIR", str(tmp_path / "run"), "SOLVER.STEPS", [30]])
    cfg.merge_from_list(["MODEL.META_ARCHITECTURE", "Baseline", "DATASETS.TESTS", ("Market1501",)])
    check_keys(cfg)
    cfg.merge_from_list(options)
    with pytest.raises(ConfigError, match=message):
        check_keys(cfg)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("scheduler", "fate"), [("MultiStepLR", "told"), ("CosineAnnealingLR", "refused")])
def test_a_warm_up_that_takes_the_whole_training(scheduler, fate, caplog):
    solver = run_config().SOLVER
    solver.SCHED, solver.MAX_EPOCH, solver.WARMUP_ITERS = scheduler, 2, 3
    check_warm_up(solver, 3)
    assert not caplog.records
    solver.WARMUP_ITERS = 100
    if fate == "refused":
        with pytest.raises(ConfigError, match="stage 1: SOLVER.WARMUP_ITERS 100 at 3 steps an epoch"):
            check_warm_up(solver, 3, "stage 1: ")
    else:
        caplog.set_level(logging.WARNING)
        check_warm_up(solver, 3)
        assert "SOLVER.WARMUP_ITERS 100 at 3 steps an epoch" in caplog.text


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("file", "file is no folder"),
        ("file/below/it", "file is no folder"),
        ("dangling", "dangling is no folder"),
        ("/sys/somewhere", "/sys cannot be written"),
    ],
)
def test_output_folders_that_cannot_be_written(tmp_path, path, message, monkeypatch):
    (tmp_path / "file").touch()
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    if path.startswith("/"):  # root, as which the tests may run, is let in everywhere but where nothing can be written
        monkeypatch.setattr(os, "access", lambda there, mode: False)
    with pytest.raises(OutputFolderError, match=message):
        check_output_folder(path if path.startswith("/") else str(tmp_path / path))


def test_output_folders_that_can_be_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for path in (str(tmp_path / "a" / "b"), "a/b", ".", str(tmp_path)):
        check_output_folder(path)
        refuse_overwriting(path)
    assert os.listdir(tmp_path) == []
