"""The last halving of the maps left out."""

import copy

import pytest
import timm
import torch
import torch.nn.functional as F
from torch import nn

from timm_backbones import BackboneError
from timm_backbones.last_stride import PaddedConv2d, remove_last_stride

SIZE = (64, 32)


def by_hand(name, model):
    if name == "resnet18":
        model.layer4[0].conv1.stride = model.layer4[0].downsample[0].stride = (1, 1)
    if name == "resnet26d":
        model.layer4[0].conv2.stride = (1, 1)
        model.layer4[0].downsample[0] = nn.Identity()
    if name == "tf_efficientnet_lite0":
        model.blocks[5][0].conv_dw.stride = (1, 1)


@pytest.mark.parametrize("name", ["resnet18", "resnet26d", "tf_efficientnet_lite0"])
def test_main_path_and_shortcut_are_those_changed_by_hand(name):
    torch.manual_seed(0)
    model = timm.create_model(name).eval()
    expected = copy.deepcopy(model)
    by_hand(name, expected)
    weights = list(model.state_dict())
    remove_last_stride(model, SIZE)
    assert list(model.state_dict()) == weights
    images = torch.randn(1, 3, *SIZE)
    with torch.no_grad():
        maps = model.forward_features(images)
        assert maps.shape[-2:] == (4, 2)
        assert torch.equal(maps, expected.forward_features(images))


@pytest.mark.parametrize("name", ["test_convnext", "mobilenetv3_small_050", "regnety_002", "test_byobnet"])
@pytest.mark.parametrize("size", [(64, 32), (96, 48)])
def test_maps_are_twice_as_large(name, size):
    model = timm.create_model(name).eval()
    with torch.no_grad():
        before = model.forward_features(torch.zeros(1, 3, *size)).shape
        remove_last_stride(model, size)
        after = model.forward_features(torch.zeros(1, 3, *size)).shape
    assert after[1] == before[1]
    assert all(abs(new - 2 * old) <= 1 for old, new in zip(before[2:], after[2:], strict=True))


@pytest.mark.parametrize("kernel", [2, (2, 4), (3, 2)])
def test_an_even_kernel_pads_behind(kernel):
    torch.manual_seed(0)
    layer = nn.Conv2d(4, 6, kernel, stride=2, groups=2)
    maps = torch.randn(2, 4, 7, 5)
    padded = PaddedConv2d(layer)
    result = padded(maps)
    assert result.shape == (2, 6, 7, 5)
    height, width = layer.kernel_size
    for y in range(7):
        for x in range(5):
            window = torch.zeros(2, 4, height, width)
            for dy in range(height):
                for dx in range(width):
                    yy, xx = y + dy - (height - 1) // 2, x + dx - (width - 1) // 2
                    if 0 <= yy < 7 and 0 <= xx < 5:
                        window[:, :, dy, dx] = maps[:, :, yy, xx]
            expected = F.conv2d(window, layer.weight, layer.bias, groups=2)[..., 0, 0]
            torch.testing.assert_close(result[:, :, y, x], expected)
    assert padded.weight is layer.weight
    assert list(padded.state_dict()) == list(layer.state_dict())


def test_a_vit_has_no_last_stride():
    model = timm.create_model("test_vit", img_size=SIZE).eval()
    before = copy.deepcopy(model)
    remove_last_stride(model, SIZE)
    images = torch.randn(1, 3, *SIZE)
    with torch.no_grad():
        assert torch.equal(model.forward_features(images), before.forward_features(images))


def test_a_model_that_merges_patches_is_refused():
    model = timm.create_model("swin_tiny_patch4_window7_224", img_size=(64, 64), depths=(1, 1, 1, 1), embed_dim=12,
                              num_heads=(1, 1, 1, 1))  # fmt: skip
    with pytest.raises(BackboneError, match=r"maps are 2 x 2 and would be 2 x 2; set MODEL.BACKBONE.LAST_STRIDE to 2"):
        remove_last_stride(model, (64, 64))


class Shortcut(nn.Module):
    """A halving with a shortcut that no layer makes."""

    num_features = 3
    feature_info = ({"reduction": 1}, {"reduction": 2})

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 3, stride=2, padding=1)

    def forward_features(self, images):
        return self.conv(images) + F.avg_pool2d(images, 2)


def test_a_shortcut_that_would_not_fit_is_refused():
    with pytest.raises(BackboneError, match="LAST_STRIDE to 2"):
        remove_last_stride(Shortcut(), (8, 8))
