"""The maps before a timm model's pooling."""

import pytest
import timm
import torch
from torch import nn

from timm_backbones import BackboneError
from timm_backbones.feature_maps import FeatureMaps


@pytest.mark.parametrize("name", ["test_resnet", "test_efficientnet", "test_convnext"])
def test_maps_of_a_convolutional_model_are_its_features(name):
    model = timm.create_model(name).eval()
    images = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        expected = model.forward_features(images)
        assert torch.equal(FeatureMaps(model, (64, 64))(images), expected)


def test_maps_of_a_transformer_are_its_patches_in_their_places():
    model = timm.create_model("test_vit", img_size=(64, 32)).eval()
    images = torch.randn(2, 3, 64, 32)
    with torch.no_grad():
        tokens = model.forward_features(images)
        maps = FeatureMaps(model, (64, 32))(images)
    assert tokens.shape[1] == 1 + 4 * 2
    for row in range(4):
        for column in range(2):
            torch.testing.assert_close(maps[:, :, row, column], tokens[:, 1 + 2 * row + column])


def test_channels_last_become_channels_first():
    model = timm.create_model("swin_tiny_patch4_window7_224", img_size=(64, 64), depths=(1, 1, 1, 1), embed_dim=12,
                              num_heads=(1, 1, 1, 1)).eval()  # fmt: skip
    images = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        expected = model.forward_features(images)
        assert torch.equal(FeatureMaps(model, (64, 64))(images), expected.permute(0, 3, 1, 2))


def test_what_the_maps_do_not_need_is_taken_out():
    model = timm.create_model("test_convnext")
    assert any(name.startswith("head.") for name, _ in model.named_parameters())
    maps = FeatureMaps(model, (64, 64))
    assert not any(name.startswith("model.head.") for name, _ in maps.named_parameters())
    assert maps.training
    assert maps.channels == model.num_features


class Spare(nn.Module):
    """Maps of one convolution, with a parameter beside it that they do not depend on."""

    num_features = 4

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 3)
        self.stem.spare = nn.Parameter(torch.zeros(1))

    def forward_features(self, images):
        return self.stem(images)


def test_a_parameter_among_the_needed_ones_that_gets_no_gradient_is_frozen():
    maps = FeatureMaps(Spare(), (8, 8))
    assert {name for name, p in maps.named_parameters() if not p.requires_grad} == {"model.stem.spare"}


class Vector(Spare):
    def forward_features(self, images):
        return super().forward_features(images).mean((2, 3))


def test_a_model_without_maps_is_refused():
    with pytest.raises(BackboneError, match=r"timm's Vector yields \(1, 4\) and no maps"):
        FeatureMaps(Vector(), (8, 8))
