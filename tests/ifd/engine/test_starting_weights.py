"""Weights of a backbone, taken out of a checkpoint and started from."""

import logging
import os

import pytest
import torch
from fastreid.modeling.backbones import build_backbone
from safetensors.torch import save_file

from ifd.engine import CheckpointError, ConfigError, IFDTrainer, train
from ifd.engine.checkpointer import read_model
from ifd.engine.checks import check_config
from ifd.engine.starting_weights import check_backbone_weights

TOOL = "projects/IFD/tools/extract_backbone.py"


def test_both_streams_start_from_them(finished_config, tiny_config, call_script, tmp_path):
    checkpoint = os.path.join(finished_config.OUTPUT_DIR, "model_final.pth")
    path = tmp_path / "weights" / "backbone.pth"
    code, _, errors = call_script(TOOL, checkpoint, path)
    assert code == 0, errors
    tiny_config.MODEL.BACKBONE.PRETRAIN = True
    tiny_config.MODEL.BACKBONE.PRETRAIN_PATH = str(path)
    check_config(tiny_config)
    tiny_config.MODEL.HEADS.NUM_CLASSES = 6
    trained = read_model(checkpoint)
    model = IFDTrainer.build_model(tiny_config)
    for backbone in (model.backbone, model.attention_stream.backbone):
        for name, value in backbone.state_dict().items():
            assert torch.equal(value, trained[f"backbone.{name}"]), name

    code, _, errors = call_script(TOOL, checkpoint, path)
    assert code == 2
    assert "exists already" in errors


def test_a_checkpoint_without_a_main_stream_is_refused(finished_config, call_script, tmp_path):
    checkpoint = os.path.join(finished_config.OUTPUT_DIR, "attention_stream", "model_final.pth")
    code, _, errors = call_script(TOOL, checkpoint, tmp_path / "backbone.pth")
    assert code == 2
    assert "has no main stream" in errors
    assert not (tmp_path / "backbone.pth").exists()


def test_a_file_that_is_missing_is_told_with_the_tool_that_makes_it(tiny_config, tmp_path):
    tiny_config.MODEL.BACKBONE.PRETRAIN = True
    tiny_config.MODEL.BACKBONE.PRETRAIN_PATH = str(tmp_path / "backbone.pth")
    with pytest.raises(ConfigError, match="does not exist; .*extract_backbone"):
        check_backbone_weights(tiny_config)


class Killed(Exception):
    pass


def test_a_baseline_s_checkpoint_starts_the_main_stream(finished_config, tiny_config, tmp_path, caplog):
    """Stage 1 is trained, stage 2's main stream starts from the file and its attention stream from stage 1."""
    caplog.set_level(logging.INFO, "fastreid.ifd.engine")
    weights = read_model(os.path.join(finished_config.OUTPUT_DIR, "model_final.pth"))
    baseline = {name: value for name, value in weights.items() if name.startswith(("backbone.", "heads."))}
    torch.save({"model": baseline}, tmp_path / "baseline.pth")
    tiny_config.MODEL.WEIGHTS = str(tmp_path / "baseline.pth")
    tiny_config.SOLVER.MAX_EPOCH = 1
    begun = {}

    class Trainer(IFDTrainer):
        def run_step(self):
            if self.cfg.MODEL.META_ARCHITECTURE == "IFD":
                begun.update({name: value.clone() for name, value in self.model.state_dict().items()})
                raise Killed
            super().run_step()

    with pytest.raises(Killed):
        train(tiny_config, trainer=Trainer)
    assert f"{tiny_config.MODEL.WEIGHTS} holds no attention stream" in caplog.text
    stage1 = read_model(os.path.join(tiny_config.OUTPUT_DIR, "attention_stream", "model_final.pth"))
    for name, value in {**stage1, **baseline}.items():
        assert torch.equal(begun[name], value), name


def test_a_checkpoint_with_an_attention_stream_skips_stage_1_and_says_so(finished_config, tiny_config, caplog):
    caplog.set_level(logging.INFO, "fastreid.ifd.engine")
    tiny_config.MODEL.WEIGHTS = os.path.join(finished_config.OUTPUT_DIR, "model_final.pth")
    tiny_config.SOLVER.MAX_EPOCH = 1
    train(tiny_config)
    assert "Stage 1 is skipped" in caplog.text
    assert not os.path.exists(os.path.join(tiny_config.OUTPUT_DIR, "attention_stream"))


def test_weights_of_another_model_are_refused_before_stage_1(tiny_config, tmp_path):
    torch.save({"model": {"backbone.conv1.weight": torch.ones(2)}}, tmp_path / "other.pth")
    tiny_config.MODEL.WEIGHTS = str(tmp_path / "other.pth")
    with pytest.raises(CheckpointError, match="of another model"):
        train(tiny_config)
    assert not os.path.exists(tiny_config.OUTPUT_DIR)


@pytest.mark.parametrize("ending", ["safetensors", "pth"])
def test_a_backbone_of_timm_speaks_for_itself(tiny_config, tmp_path, ending):
    """Its builder reads more kinds of files, and refuses what does not fit."""
    path = tmp_path / f"backbone.{ending}"
    backbone = tiny_config.MODEL.BACKBONE
    backbone.NAME, backbone.DEPTH, backbone.FEAT_DIM = "build_timm_backbone", "test_vit", 64
    weights = {name: value.contiguous() for name, value in build_backbone(tiny_config).state_dict().items()}
    backbone.PRETRAIN, backbone.PRETRAIN_PATH = True, str(path)
    save = save_file if ending == "safetensors" else torch.save
    save(weights, path)
    check_backbone_weights(tiny_config)
    weights.pop("model.cls_token")
    save(weights, path)
    with pytest.raises(ConfigError, match="does not fit VisionTransformer: .*cls_token is absent"):
        check_backbone_weights(tiny_config)
