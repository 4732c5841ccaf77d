"""Networks whose recipes lie beside the host are built from any folder."""

import pytest
import torch
from fastreid.config import get_cfg
from fastreid.modeling import build_backbone


@pytest.mark.parametrize(
    ("name", "depth", "channels"),
    [
        ("build_regnet_backbone", "200x", 368),
        ("build_regnet_backbone", "200y", 368),
        ("build_effnet_backbone", "b0", 1280),
    ],
)
def test_recipes_are_found_from_any_folder(name, depth, channels, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cfg = get_cfg()
    cfg.MODEL.BACKBONE.NAME = name
    cfg.MODEL.BACKBONE.DEPTH = depth
    cfg.MODEL.BACKBONE.PRETRAIN = False
    assert build_backbone(cfg).eval()(torch.zeros(1, 3, 64, 32)).shape == (1, channels, 4, 2)
