"""Checkpoints: what a training or an evaluation starts from, and what is refused."""

import os
import shutil

import pytest
import torch
from fastreid.utils.env import seed_all_rng

from ifd.engine import CheckpointError, IFDTrainer, evaluate, load_trained_model, train
from ifd.engine.checkpointer import num_training_identities
from ifd.engine.two_stage import STAGE1_FOLDER


class Killed(Exception):
    pass


@pytest.mark.parametrize(("value", "resume"), [(float("nan"), False), (float("inf"), True)])
def test_weights_that_are_no_numbers_are_refused(finished, tiny_config, tmp_path, value, resume):
    checkpoint = torch.load(os.path.join(finished[0].OUTPUT_DIR, "model_final.pth"), weights_only=True)
    name = next(key for key, weight in checkpoint["model"].items() if key.startswith("backbone.") and weight.dim() == 4)
    checkpoint["model"][name][0] = value
    broken = tmp_path / "broken.pth"
    torch.save(checkpoint, broken)
    message = f"broken.pth holds NaN or infinite values in 1 of [0-9]+ parameters and statistics, {name}"
    with pytest.raises(CheckpointError, match=message):
        load_trained_model(tiny_config, str(broken))
    tiny_config.MODEL.WEIGHTS = str(broken)
    with pytest.raises(CheckpointError, match=message):
        train(tiny_config, resume=resume)


def test_stage_2_starts_from_stage_1(tiny_config, finished):
    os.makedirs(tiny_config.OUTPUT_DIR)
    weights = os.path.join(finished[0].OUTPUT_DIR, STAGE1_FOLDER, "model_final.pth")
    tiny_config.MODEL.WEIGHTS = weights
    trainer = IFDTrainer(tiny_config)
    trainer.resume_or_load(resume=False)
    saved = torch.load(weights)["model"]
    loaded = trainer.model.state_dict()
    assert all(torch.equal(loaded[name], value) for name, value in saved.items())


def test_the_main_stream_starts_from_stage_1_where_it_is_asked_to(tiny_config, finished):
    os.makedirs(tiny_config.OUTPUT_DIR)
    tiny_config.MODEL.WEIGHTS = os.path.join(finished[0].OUTPUT_DIR, STAGE1_FOLDER, "model_final.pth")
    tiny_config.IFD.STAGE1.START_MAIN_STREAM = True
    trainer = IFDTrainer(tiny_config)
    own = {name: value.clone() for name, value in trainer.model.heads.state_dict().items()}
    trainer.resume_or_load(resume=False)
    saved = torch.load(tiny_config.MODEL.WEIGHTS)["model"]
    for name, value in trainer.model.backbone.state_dict().items():
        assert torch.equal(value, saved[f"attention_stream.backbone.{name}"])
    assert all(torch.equal(value, own[name]) for name, value in trainer.model.heads.state_dict().items())


def test_a_killed_write_leaves_the_last_checkpoint_whole(copied_run, monkeypatch):
    cfg, run = copied_run
    trainer = IFDTrainer(cfg)

    def half_a_file(data, file):
        file.write(b"PK")
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(torch, "save", half_a_file)
        with pytest.raises(Killed):
            trainer.checkpointer.save("model_final")
    assert (run / "last_checkpoint").read_text() == "model_final.pth"
    assert torch.load(run / "model_final.pth")["epoch"] == 1


def under_first_names(path):
    """Renames the weights in a checkpoint as 0.1.0 saved them."""
    checkpoint = torch.load(path)
    names = {
        "attention_stream.backbone": "attention_backbone",
        "attention_stream.head": "attention_heads",
        "clothing_branch.layer": "clothing_bias",
    }
    weights = {}
    for name, value in checkpoint["model"].items():
        new = next((new for new in names if name.startswith(f"{new}.")), "")
        weights[names[new] + name.removeprefix(new) if new else name] = value
    assert not any(name.startswith(("attention_stream", "clothing_branch")) for name in weights)
    torch.save({**checkpoint, "model": weights}, path)


def test_a_run_of_the_first_version_is_evaluated_and_goes_on(copied_run, finished, tmp_path, caplog):
    cfg, run = copied_run
    cfg.SOLVER.MAX_EPOCH = 3
    ours = cfg.clone()
    ours.OUTPUT_DIR = str(tmp_path / "ours")
    shutil.copytree(run, ours.OUTPUT_DIR)
    for path in [*run.glob("*.pth"), *(run / STAGE1_FOLDER).glob("*.pth")]:
        under_first_names(path)
    cfg.MODEL.WEIGHTS = str(run / "model_final.pth")
    assert dict(evaluate(cfg)) == pytest.approx(dict(finished[1]))
    assert "is of version 0.1.0, which sampled clothing masks" in caplog.text
    cfg.MODEL.WEIGHTS = ""
    for each in (cfg, ours):
        seed_all_rng(0)
        train(each, resume=True)
    first, second = (torch.load(os.path.join(each.OUTPUT_DIR, "model_final.pth")) for each in (cfg, ours))
    assert first["epoch"] == 2
    assert list(first["model"]) == list(second["model"])
    assert all(torch.equal(value, second["model"][name]) for name, value in first["model"].items())


def test_stage_2_starts_from_stage_1_of_the_first_version(tiny_config, copied_run):
    weights = copied_run[1] / STAGE1_FOLDER / "model_final.pth"
    expected = torch.load(weights)["model"]
    under_first_names(weights)
    os.makedirs(tiny_config.OUTPUT_DIR)
    tiny_config.MODEL.WEIGHTS = str(weights)
    trainer = IFDTrainer(tiny_config)
    trainer.resume_or_load(resume=False)
    loaded = trainer.model.state_dict()
    assert all(torch.equal(loaded[name], value) for name, value in expected.items())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["MODEL.BACKBONE.DEPTH", "0.25x"], "of another model than IFD as configured .*other shapes: "),
        (["IFD.IKT.ENABLED", False], "unknown here: "),
    ],
)
def test_a_checkpoint_of_another_model_is_refused(finished_config, options, message):
    finished_config.merge_from_list(options)
    with pytest.raises(CheckpointError, match=message):
        load_trained_model(finished_config, os.path.join(finished_config.OUTPUT_DIR, "model_final.pth"))


def test_the_attention_stream_alone_is_no_model_to_evaluate_as_ifd(finished):
    cfg, _ = finished
    with pytest.raises(CheckpointError, match="missing: "):
        load_trained_model(cfg, os.path.join(cfg.OUTPUT_DIR, STAGE1_FOLDER, "model_final.pth"))


def test_unreadable_checkpoints_are_named(finished, tmp_path):
    cfg, _ = finished
    truncated, backbone = tmp_path / "truncated.pth", tmp_path / "backbone.pth"
    with open(os.path.join(cfg.OUTPUT_DIR, "model_final.pth"), "rb") as file:
        truncated.write_bytes(file.read(100_000))
    torch.save({"conv1.weight": torch.zeros(1)}, backbone)
    for path, message in (
        (truncated, "truncated.pth cannot be read"),
        (backbone, "no 'model' entry.*MODEL.BACKBONE.PRETRAIN_PATH"),
        (tmp_path / "absent.pth", "absent.pth does not exist"),
    ):
        with pytest.raises(CheckpointError, match=message):
            load_trained_model(cfg, str(path))


def test_identities_are_counted_in_either_stage(finished_config):
    for folder, architecture in (("", "IFD"), (STAGE1_FOLDER, "IFDAttentionStream")):
        finished_config.MODEL.META_ARCHITECTURE = architecture
        path = os.path.join(finished_config.OUTPUT_DIR, folder, "model_final.pth")
        assert num_training_identities(finished_config, path) == 6
    # A model that says nothing of its weights has a classifier of its own making.
    finished_config.MODEL.META_ARCHITECTURE = "Baseline"
    assert num_training_identities(finished_config, path) == 0
