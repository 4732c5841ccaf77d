"""A small IFD's config and a batch of noise."""

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
    masks = (torch.rand(n, 1, *size, generator=generator) > 0.5).float()
    pids = torch.arange(n) // 2
    return {"images": torch.cat([images, masks], 1), "targets": pids, "clothes": torch.arange(n)}


@pytest.fixture
def config():
    """config(**changes): ResNet-18 on the CPU; a key's dots are written as two underscores."""
    return ifd_config


@pytest.fixture
def batch():
    """batch(n=6, size=(64, 32), seed=0): image and mask of noise, two images a person."""
    return made_up_batch
