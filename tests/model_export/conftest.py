"""A model whose graph is written in a moment: all kinds of layers that the networks in use have, few of each."""

import pytest
import torch
from fastreid.modeling.backbones import BACKBONE_REGISTRY
from torch import nn

DIM = 48


class SmallBackbone(nn.Module):
    """A stem, an inverted residual with its depthwise convolution, and a head; 64 x 32 pixels come to 4 x 2."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(*_convolution(3, 16, 3, stride=4), nn.ReLU6())
        self.residual = nn.Sequential(
            *_convolution(16, 32, 1), nn.ReLU6(), *_convolution(32, 32, 3, groups=32), nn.ReLU6(),
            *_convolution(32, 16, 1),
        )  # fmt: skip
        self.head = nn.Sequential(*_convolution(16, DIM, 3, stride=4), nn.ReLU())

    def forward(self, images):
        features = self.stem(images)
        return self.head(features + self.residual(features))


def _convolution(before, after, kernel, **more):
    return nn.Conv2d(before, after, kernel, padding=kernel // 2, bias=False, **more), nn.BatchNorm2d(after)


@pytest.fixture(scope="session", autouse=True)
def small_backbone():
    def build_small_backbone(cfg):
        return SmallBackbone()

    BACKBONE_REGISTRY.register(build_small_backbone)
    yield
    BACKBONE_REGISTRY._obj_map.pop("build_small_backbone")


@pytest.fixture(scope="session")
def small_config(finished):
    cfg = finished[0].clone()
    cfg.defrost()
    cfg.MODEL.BACKBONE.NAME = "build_small_backbone"
    cfg.MODEL.BACKBONE.FEAT_DIM = DIM
    cfg.MODEL.HEADS.NUM_CLASSES = 6
    return cfg


@pytest.fixture(scope="session")
def small_weights(small_config, fit_normalisation, tmp_path_factory):
    torch.manual_seed(0)
    from ifd.engine import IFDTrainer

    model = IFDTrainer.build_model(small_config)
    fit_normalisation(small_config, model)
    path = tmp_path_factory.mktemp("small") / "model_final.pth"
    torch.save({"model": model.state_dict()}, path)
    return str(path)
