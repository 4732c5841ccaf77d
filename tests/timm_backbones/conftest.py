"""A host's config that names a backbone of timm."""

import pytest
from fastreid.config import get_cfg

import timm_backbones  # noqa: F401  (registers)


@pytest.fixture
def config():
    """config(name, channels, *options): of the host alone, from random weights, images of 64x32."""

    def build(name, channels, *options):
        cfg = get_cfg()
        cfg.MODEL.DEVICE = "cpu"
        cfg.MODEL.BACKBONE.NAME = "build_timm_backbone"
        cfg.MODEL.BACKBONE.DEPTH = name
        cfg.MODEL.BACKBONE.FEAT_DIM = channels
        cfg.INPUT.SIZE_TRAIN = cfg.INPUT.SIZE_TEST = [64, 32]
        cfg.merge_from_list(list(options))
        return cfg

    return build
