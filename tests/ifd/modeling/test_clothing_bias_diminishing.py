"""Clothing bias diminishing against loops written from eq. 3."""

import pytest
import torch

from fastreid_runs.arguments import ArgumentError
from ifd.modeling import ClothingBiasDiminishing


def loop_area(mask, h, w):
    """Mean of the mask over the cell's pixels, for sizes that divide."""
    n, _, height, width = mask.shape
    sy, sx = height // h, width // w
    result = torch.zeros(n, 1, h, w)
    for b in range(n):
        for y in range(h):
            for x in range(w):
                result[b, 0, y, x] = mask[b, 0, y * sy : (y + 1) * sy, x * sx : (x + 1) * sx].mean()
    return result


@pytest.mark.parametrize("training", [True, False])
def test_clothing_features_equal_the_formula(training):
    torch.manual_seed(0)
    layer = ClothingBiasDiminishing(5).train(training)
    layer.norm.running_mean.normal_()
    layer.norm.running_var.uniform_(0.5, 2)
    torch.nn.init.normal_(layer.norm.weight)
    torch.nn.init.normal_(layer.norm.bias)
    mean, var = layer.norm.running_mean.clone(), layer.norm.running_var.clone()
    features = torch.randn(4, 5, 4, 2)
    mask = (torch.rand(4, 1, 16, 8) > 0.5).float()

    maps = loop_area(mask, 4, 2) * features
    pooled = torch.stack([torch.stack([maps[b, c].sum() / 8 for c in range(5)]) for b in range(4)])
    if training:
        mean, var = pooled.mean(0), pooled.var(0, unbiased=False)
    expected = (pooled - mean) / (var + layer.norm.eps).sqrt() * layer.norm.weight + layer.norm.bias
    torch.testing.assert_close(layer(features, mask), expected, atol=1e-5, rtol=0)


def test_bn_before_pooling():
    torch.manual_seed(0)
    layer = ClothingBiasDiminishing(3, neck_order="bn_gap")
    features, mask = torch.randn(4, 3, 4, 2), (torch.rand(4, 1, 4, 2) > 0.5).float()
    maps = mask * features
    mean, var = maps.mean((0, 2, 3), keepdim=True), maps.var((0, 2, 3), unbiased=False, keepdim=True)
    expected = ((maps - mean) / (var + layer.norm.eps).sqrt()).mean((2, 3))
    torch.testing.assert_close(layer(features, mask), expected, atol=1e-5, rtol=0)


def test_area_keeps_a_single_clothing_pixel_that_nearest_may_lose():
    features, mask = torch.ones(1, 1, 2, 2), torch.zeros(1, 1, 8, 8)
    mask[0, 0, 3, 3] = 1
    area = ClothingBiasDiminishing(1).clothing_features(features, mask)
    nearest = ClothingBiasDiminishing(1, mask_resize="nearest").clothing_features(features, mask)
    assert area[0, 0].tolist() == [[1 / 16, 0], [0, 0]]
    assert nearest.sum() == 0


def test_an_image_without_clothing_gives_finite_features():
    layer = ClothingBiasDiminishing(3)
    assert torch.isfinite(layer(torch.randn(4, 3, 4, 2), torch.zeros(4, 1, 8, 4))).all()


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [({"mask_resize": "cubic"}, "mask_resize is 'cubic'"), ({"neck_order": "bn"}, "neck_order is 'bn'")],
)
def test_unknown_options_are_refused(kwargs, message):
    with pytest.raises(ArgumentError, match=message):
        ClothingBiasDiminishing(3, **kwargs)


def test_a_mask_of_another_batch_is_refused():
    with pytest.raises(ValueError, match=r"shape \(3, 1, 8, 4\); expected \(4, 1, H, W\)"):
        ClothingBiasDiminishing(3)(torch.randn(4, 3, 4, 2), torch.zeros(3, 1, 8, 4))
