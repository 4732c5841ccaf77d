"""Networks and batches that several benchmarks take: IFD's and the host's, built from the same config."""

from pathlib import Path
from typing import Any, NamedTuple

import torch
from fastreid.config import CfgNode
from fastreid.modeling import build_model

import fastreid_compat  # noqa: F401  # before the host
import timm_backbones  # noqa: F401  # registers them
from ifd.engine import load_config

CONFIG = Path(__file__).resolve().parents[1] / "configs" / "IFD_R50.yml"
PEOPLE = 150


class Size(NamedTuple):
    """A backbone with its input, as configs have them."""

    name: str
    backbone: str
    depth: str
    feat_dim: int
    height: int
    width: int
    batch: int

    @property
    def case(self) -> str:
        return f"{self.name}, {self.height}x{self.width}, batch {self.batch}"

    def of_batch(self, batch: int) -> "Size":
        return self._replace(batch=batch)


# Batches of the configs; in place of ResNet-50's 64, which would take a minute a turn, a smaller one, of which the
# optimiser takes a larger share.
SIZES = (
    Size("ResNet-50", "build_resnet_backbone", "50x", 2048, 256, 128, 16),
    Size("ResNet-18", "build_resnet_backbone", "18x", 512, 128, 64, 32),
    Size("EfficientNet-Lite0", "build_timm_backbone", "tf_efficientnet_lite0", 1280, 128, 64, 32),
)
QUICK_SIZES = (Size("ResNet-18", "build_resnet_backbone", "18x", 512, 64, 32, 4),)


def sizes(quick: bool) -> tuple[Size, ...]:
    """What is measured."""
    return QUICK_SIZES if quick else SIZES


def config(size: Size, *options: Any) -> CfgNode:
    """The paper's config with another network, on the CPU in fp32 and from random weights; not frozen."""
    values: dict[str, Any] = {
        "MODEL.DEVICE": "cpu",
        "MODEL.BACKBONE.NAME": size.backbone,
        "MODEL.BACKBONE.DEPTH": size.depth,
        "MODEL.BACKBONE.FEAT_DIM": size.feat_dim,
        "MODEL.BACKBONE.PRETRAIN": False,
        "MODEL.HEADS.NUM_CLASSES": PEOPLE,
        "INPUT.SIZE_TRAIN": [size.height, size.width],
        "INPUT.SIZE_TEST": [size.height, size.width],
        "SOLVER.IMS_PER_BATCH": size.batch,
        "SOLVER.AMP.ENABLED": False,
    }
    flat = [item for pair in values.items() for item in pair]
    return load_config(str(CONFIG), [*flat, *options])


def host_config(cfg: CfgNode) -> CfgNode:
    """The same with the host's own meta-architecture and head, which see the image alone."""
    host = cfg.clone()
    host.MODEL.META_ARCHITECTURE = "Baseline"
    host.MODEL.HEADS.NAME = "EmbeddingHead"
    return host


def built(cfg: CfgNode) -> torch.nn.Module:
    """The model of a config, from the same random weights each time."""
    torch.manual_seed(0)
    model: torch.nn.Module = build_model(cfg)
    return model


def batch_of(size: Size, channels: int) -> dict[str, torch.Tensor]:
    """Random images with a mask or without, of pairs of one person in two outfits."""
    random = torch.Generator().manual_seed(0)
    images = 255 * torch.rand(size.batch, 3, size.height, size.width, generator=random)
    if channels == 4:
        mask = torch.zeros(size.batch, 1, size.height, size.width)
        mask[:, :, size.height // 4 :, size.width // 4 : -size.width // 4] = 1
        images = torch.cat([images, mask], dim=1)
    numbers = torch.arange(size.batch)
    return {
        "images": images,
        "targets": numbers // 4,
        "camids": numbers % 2,
        "clothes": numbers // 2,
        "clothes_range": torch.stack([numbers // 4 * 2, numbers // 4 * 2 + 2], dim=1),
    }
