"""IKT and CBD against loops written from eq. 1-3."""

import math

import pytest
import torch

from ifd.modeling import ClothingBiasDiminishing, IDKnowledgeTransfer


def loop_attention(features, weight):
    """Eq. 1: pooling along the channels, concatenation, a convolution with zero padding, a sigmoid."""
    n, d, h, w = features.shape
    k = weight.shape[-1]
    result = torch.zeros(n, 1, h, w)
    for b in range(n):
        for y in range(h):
            for x in range(w):
                total = 0.0
                for dy in range(k):
                    for dx in range(k):
                        yy, xx = y + dy - k // 2, x + dx - k // 2
                        if 0 <= yy < h and 0 <= xx < w:
                            column = [features[b, c, yy, xx].item() for c in range(d)]
                            total += weight[0, 0, dy, dx].item() * max(column)
                            total += weight[0, 1, dy, dx].item() * sum(column) / d
                result[b, 0, y, x] = 1 / (1 + math.exp(-total))
    return result


@pytest.mark.parametrize("kernel_size", [7, 3, 1])
def test_attention_map_equals_the_formula(kernel_size):
    torch.manual_seed(0)
    layer = IDKnowledgeTransfer(kernel_size)
    features = torch.randn(2, 5, 4, 3)
    attention = layer(features)
    assert attention.shape == (2, 1, 4, 3)
    torch.testing.assert_close(attention, loop_attention(features, layer.conv.weight), atol=1e-5, rtol=0)


def test_default_convolution_is_seven_wide_without_bias():
    layer = IDKnowledgeTransfer()
    assert layer.conv.kernel_size == (7, 7)
    assert layer.conv.bias is None


@pytest.mark.parametrize("kernel_size", [1, 3, 7])
def test_centered_start_attends_where_features_are_strong(kernel_size):
    torch.manual_seed(0)
    features = torch.rand(2, 5, 4, 3)
    attention = IDKnowledgeTransfer(kernel_size, init="center")(features)
    expected = torch.sigmoid(features.amax(1, keepdim=True) + features.mean(1, keepdim=True))
    torch.testing.assert_close(attention, expected)


def test_norm_keeps_strong_features_from_saturating_the_map():
    torch.manual_seed(0)
    features = 30 + torch.rand(4, 5, 8, 4)
    plain = IDKnowledgeTransfer(3, init="center")(features)
    normalised = IDKnowledgeTransfer(3, norm="BN", init="center").train()(features)
    assert plain.min() > 0.999
    logits = torch.logit(normalised)
    assert logits.mean().item() == pytest.approx(0, abs=1e-3)
    assert logits.var(unbiased=False).item() == pytest.approx(1, abs=1e-2)


@pytest.mark.parametrize("norm", ["BN", "GhostBN"])
def test_scale_and_offset_are_where_the_norm_starts(norm):
    torch.manual_seed(0)
    features = torch.rand(4, 5, 8, 4)
    logits = torch.logit(IDKnowledgeTransfer(3, norm, "center", scale=4.0, offset=-2.0).train()(features))
    assert logits.mean().item() == pytest.approx(-2, abs=1e-2)
    assert logits.std(unbiased=False).item() == pytest.approx(4, abs=1e-2)


def test_a_map_that_is_not_learned_passes_no_gradient():
    features = torch.rand(4, 5, 8, 4, requires_grad=True)
    main = torch.rand(4, 3, 8, 4, requires_grad=True)
    for learned in (True, False):
        layer = IDKnowledgeTransfer(3, "BN", "center", learned=learned)
        features.grad = None
        (layer(features) * main).square().sum().backward()
        gradients = [features.grad, *(parameter.grad for parameter in layer.parameters())]
        assert [gradient is not None for gradient in gradients] == [learned] * 4
        assert main.grad is not None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"init": "zero"}, "IFD.IKT.INIT is 'zero'; expected 'random' or 'center'"),
        ({"norm": "GN"}, "IFD.IKT.NORM is 'GN'; expected one of BN, syncBN, GhostBN, or '' for none"),
        ({"learned": False}, "IFD.IKT.LEARNED is off, but IFD.IKT.INIT is 'random'; set it to 'center'"),
        ({"norm": "BN", "scale": 0.0}, "IFD.IKT.SCALE is 0.0; expected more than 0"),
        ({"scale": 2.0}, "IFD.IKT.SCALE is 2.0 .* IFD.IKT.NORM, whose they are, is empty"),
        ({"offset": -1.0}, "IFD.IKT.OFFSET -1.0, but IFD.IKT.NORM"),
    ],
)
def test_options_that_cannot_work_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        IDKnowledgeTransfer(**options)


@pytest.mark.parametrize("kernel_size", [0, 2, -3])
def test_even_kernels_are_refused(kernel_size):
    with pytest.raises(ValueError, match="IFD.IKT.KERNEL_SIZE is .* odd"):
        IDKnowledgeTransfer(kernel_size)


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
    [({"mask_resize": "cubic"}, "IFD.CBD.MASK_RESIZE is 'cubic'"), ({"neck_order": "bn"}, "IFD.NECK_ORDER is 'bn'")],
)
def test_unknown_options_are_refused(kwargs, message):
    with pytest.raises(ValueError, match=message):
        ClothingBiasDiminishing(3, **kwargs)


def test_a_mask_of_another_batch_is_refused():
    with pytest.raises(ValueError, match=r"shape \(3, 1, 8, 4\); expected \(4, 1, H, W\)"):
        ClothingBiasDiminishing(3)(torch.randn(4, 3, 4, 2), torch.zeros(3, 1, 8, 4))
