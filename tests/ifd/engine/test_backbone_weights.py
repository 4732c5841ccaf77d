"""Weights of a backbone, taken out of a checkpoint and started from."""

import os
import subprocess
import sys

import pytest
import torch

from ifd.engine import ConfigError, IFDTrainer
from ifd.engine.checkpointer import read_model
from ifd.engine.checks import check_config


@pytest.fixture
def extract(pytestconfig):
    def run(*arguments):
        tool = pytestconfig.rootpath / "projects" / "IFD" / "tools" / "extract_backbone.py"
        return subprocess.run([sys.executable, tool, *map(str, arguments)], capture_output=True, text=True, check=False)

    return run


def test_both_streams_start_from_them(finished_config, tiny_config, extract, tmp_path):
    checkpoint = os.path.join(finished_config.OUTPUT_DIR, "model_final.pth")
    path = tmp_path / "weights" / "backbone.pth"
    done = extract(checkpoint, path)
    assert done.returncode == 0, done.stderr
    tiny_config.MODEL.BACKBONE.PRETRAIN = True
    tiny_config.MODEL.BACKBONE.PRETRAIN_PATH = str(path)
    check_config(tiny_config)
    tiny_config.MODEL.HEADS.NUM_CLASSES = 6
    trained = read_model(checkpoint)
    model = IFDTrainer.build_model(tiny_config)
    for backbone in (model.backbone, model.attention_stream.backbone):
        for name, value in backbone.state_dict().items():
            assert torch.equal(value, trained[f"backbone.{name}"]), name

    again = extract(checkpoint, path)
    assert again.returncode == 2
    assert "exists already" in again.stderr


def test_a_checkpoint_without_a_main_stream_is_refused(finished_config, extract, tmp_path):
    checkpoint = os.path.join(finished_config.OUTPUT_DIR, "attention_stream", "model_final.pth")
    done = extract(checkpoint, tmp_path / "backbone.pth")
    assert done.returncode == 2
    assert "has no main stream" in done.stderr
    assert not (tmp_path / "backbone.pth").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "does not exist; .*extract_backbone"),
        (b"truncated", "cannot be read"),
        ({"some.weight": torch.ones(2)}, "nothing in .* fits the backbone .*: it holds some.weight, expected "),
    ],
)
def test_weights_that_cannot_serve_are_refused(tiny_config, tmp_path, content, message):
    path = tmp_path / "backbone.pth"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content:
        torch.save(content, path)
    tiny_config.MODEL.BACKBONE.PRETRAIN = True
    tiny_config.MODEL.BACKBONE.PRETRAIN_PATH = str(path)
    with pytest.raises(ConfigError, match=message):
        check_config(tiny_config)
