"""A small IFD's config and a made-up batch."""

import pytest
import torch
from fastreid.config import get_cfg

from ifd import add_ifd_config


def ifd_config(**changes):
    cfg = get_cfg()
    add_ifd_config(cfg)
    cfg.MODEL.DEVICE = "cpu"
    cfg.MODEL.META_ARCHITECTURE = "IFD"
    cfg.MODEL.BACKBONE.DEPTH = "18x"
    cfg.MODEL.BACKBONE.FEAT_DIM = 512
    cfg.MODEL.HEADS.NAME = "IFDHead"
    cfg.MODEL.HEADS.WITH_BNNECK = True
    cfg.MODEL.HEADS.NUM_CLASSES = 5
    cfg.merge_from_list([x for pair in changes.items() for x in (pair[0].replace("__", "."), pair[1])])
    return cfg


def made_up_batch(n=6, size=(64, 32), seed=0):
    generator = torch.Generator().manual_seed(seed)
    images = 255 * torch.rand(n, 3, *size, generator=generator)
    blocks = (torch.rand(n, 1, size[0] // 8, size[1] // 8, generator=generator) > 0.5).float()
    masks = blocks.repeat_interleave(8, 2).repeat_interleave(8, 3)
    pids = torch.arange(n) // 2
    return {"images": torch.cat([images, masks], 1), "targets": pids, "clothes": torch.arange(n)}


@pytest.fixture
def config():
    """config(**changes): ResNet-18 on the CPU; a key's dots are written as two underscores."""
    return ifd_config


@pytest.fixture
def batch():
    """batch(n=6, size=(64, 32), seed=0): image of noise, mask of blocks of 8 pixels, two images a person."""
    return made_up_batch
