"""Resuming equals not stopping, bit for bit; what is not the run that was begun is refused by name."""

import importlib.util
import os
import shutil
from pathlib import Path

import pytest
import torch

from ifd.engine import CheckpointError, IFDTrainer, train
from ifd.engine.two_stage import STAGE1_FOLDER

_spec = importlib.util.spec_from_file_location("kills", Path(__file__).with_name("kills.py"))
kills = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(kills)

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked")


@pytest.fixture(scope="module")
def campaign(tmp_path_factory):
    return kills.Campaign(tmp_path_factory.mktemp("kills"), seed=1)


@pytest.mark.parametrize("number", range(6))
def test_a_killed_training_ends_as_one_that_was_not(campaign, number):
    """The short form of `python tests/reliability/kills.py --kills 100`."""
    kind = kills.KINDS[number % 3]
    place = 1 + campaign.writes * number // 6 if kind == "at a write" else None
    assert campaign.kill(number, kind, place) == ("bit-equal", "")


def test_what_is_compared_can_differ(campaign, tmp_path):
    one = kills.left_by(campaign.folder / "reference")
    assert len(one) >= 6
    assert kills.differences(one, kills.left_by(campaign.folder / "reference")) == []
    other = kills.left_by(campaign.folder / "reference")
    weights = other["./model_final.pth"]["model"]
    name = next(iter(weights))
    weights[name].view(-1)[0] = torch.nextafter(weights[name].view(-1)[0], torch.tensor(9.0))
    assert kills.differences(one, other) == [f"/./model_final.pth/model/{name}"]


@pytest.fixture
def run(finished_config, tmp_path):
    """A copy of the finished run, and its config."""
    shutil.copytree(finished_config.OUTPUT_DIR, tmp_path / "run")
    finished_config.OUTPUT_DIR = str(tmp_path / "run")
    return finished_config


def go_on(cfg):
    """Stage 2 of a run, as `train` goes on with it."""
    if cfg.IFD.IKT.ENABLED:
        cfg.MODEL.WEIGHTS = os.path.join(cfg.OUTPUT_DIR, STAGE1_FOLDER, "model_final.pth")
    trainer = IFDTrainer(cfg)
    trainer.resume_or_load(resume=True)
    return trainer


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["MODEL.BACKBONE.DEPTH", "0.25x"], "MODEL.BACKBONE.DEPTH is '0.25x' and was '0.1x'"),
        (["SOLVER.IMS_PER_BATCH", 8], "SOLVER.IMS_PER_BATCH is 8 and was 16"),
        (["IFD.SEED", 3], "IFD.SEED is 3 and was 0"),
        (["SOLVER.STEPS", [5]], r"SOLVER.STEPS is \[5\] and was \[1\]"),
        (["SOLVER.BASE_LR", 0.5, "INPUT.REA.PROB", 0.1], "INPUT.REA.PROB is 0.1 .*SOLVER.BASE_LR is 0.5"),
    ],
)
def test_another_config_is_refused_by_name(run, options, named):
    run.merge_from_list(options)
    with pytest.raises(CheckpointError, match=named):
        go_on(run)


def test_other_data_is_refused(run, prcc_root, tmp_path, monkeypatch):
    root = tmp_path / "datasets"
    shutil.copytree(prcc_root, root)
    monkeypatch.setenv("FASTREID_DATASETS", str(root))
    assert go_on(run).start_epoch == 2
    image = root / "prcc" / "rgb" / "train" / "001" / "A_cropped_rgb000.jpg"
    image.write_bytes(image.read_bytes() + b"\0")
    with pytest.raises(CheckpointError, match=r"the training data is '54 images of .* and was '54 images"):
        go_on(run)


def test_what_changes_no_weight_is_taken_over(run):
    run.merge_from_list(["DATALOADER.NUM_WORKERS", 1, "TEST.EVAL_PERIOD", 1, "SOLVER.MAX_EPOCH", 4])
    assert go_on(run).start_epoch == 2


def test_a_finished_stage_of_another_run_is_refused_before_the_next(run):
    for name in ("model_final.pth", "model_best.pth", "last_checkpoint"):
        os.remove(os.path.join(run.OUTPUT_DIR, name))
    for path in Path(run.OUTPUT_DIR).glob("model_0*.pth"):
        path.unlink()
    run.SOLVER.BASE_LR = 0.5
    with pytest.raises(CheckpointError, match=rf"{STAGE1_FOLDER}.* SOLVER.BASE_LR is 0.5"):
        train(run, resume=True)


def test_a_damaged_first_stage_is_trained_again_where_it_is_needed(run, monkeypatch):
    stage1 = Path(run.OUTPUT_DIR, STAGE1_FOLDER)
    (stage1 / "model_final.pth").write_bytes(b"")
    trained = []
    monkeypatch.setattr(IFDTrainer, "train", lambda self: trained.append(self.cfg.MODEL.META_ARCHITECTURE))
    train(run, resume=True)
    # Stage 2 has begun: what it started from is not asked any more.
    assert trained == ["IFD"]
    for path in (*Path(run.OUTPUT_DIR).glob("model_*.pth"), Path(run.OUTPUT_DIR, "last_checkpoint")):
        path.unlink()
    (stage1 / "last_checkpoint").write_text("model_0000.pth")
    with pytest.raises(CheckpointError, match="model_final.pth"):
        train(run, resume=True)
    assert trained == ["IFD", "IFDAttentionStream"]


def test_a_drawn_seed_is_the_runs(tiny_config):
    tiny_config.IFD.SEED = -1
    tiny_config.IFD.IKT.ENABLED = False
    tiny_config.SOLVER.MAX_EPOCH = 1
    tiny_config.TEST.EVAL_PERIOD = 1
    train(tiny_config)
    checkpoint = torch.load(os.path.join(tiny_config.OUTPUT_DIR, "model_final.pth"), weights_only=True)
    seed = checkpoint["run"]["seed"]
    assert seed >= 0
    assert checkpoint["run"]["config"]["IFD.SEED"] == seed
    # The host writes it out once it knows the number of identities.
    assert f"SEED: {seed}\n" in Path(tiny_config.OUTPUT_DIR, "config.yaml").read_text()
    trainer = go_on(tiny_config)
    assert trainer.cfg.IFD.SEED == trainer.data_loader.stream.seed == seed
    tiny_config.IFD.SEED = (seed + 1) % 1000
    with pytest.raises(CheckpointError, match=f"IFD.SEED is {tiny_config.IFD.SEED} and was {seed}"):
        go_on(tiny_config)


def test_the_scaler_of_mixed_precision_goes_on(tiny_config, monkeypatch):
    os.makedirs(tiny_config.OUTPUT_DIR)

    def trainer():
        run = IFDTrainer(tiny_config)
        # Mixed precision needs CUDA; its scaler counts on the CPU too.
        run._trainer.grad_scaler = torch.amp.GradScaler("cpu", init_scale=4096.0, growth_interval=3)
        run._hooks.clear()
        run.register_hooks(run.build_hooks())
        return run

    first = trainer()
    first.grad_scaler.load_state_dict({**first.grad_scaler.state_dict(), "scale": 1024.0, "_growth_tracker": 2})
    first.checkpointer.save("model_0000", epoch=0)
    second = trainer()
    second.resume_or_load(resume=True)
    assert second.grad_scaler.state_dict() == first.grad_scaler.state_dict()
    assert second.grad_scaler.get_scale() == 1024.0


def test_a_best_checkpoint_of_another_measure_is_chosen_anew(run):
    assert go_on(run)._evaluation.best_metric > 0
    run.IFD.METRIC_MODE = "general"
    assert go_on(run)._evaluation.best_metric == -1
