"""ID-based knowledge transfer against a loop written from eq. 1."""

import math

import pytest
import torch

from fastreid_runs.arguments import ArgumentError
from ifd.modeling import IDKnowledgeTransfer


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
        ({"init": "zero"}, "init is 'zero'; expected 'random' or 'center'"),
        ({"norm": "GN"}, "norm is 'GN'; expected one of BN, syncBN, GhostBN, or '' for none"),
        ({"learned": False}, "learned is off, but init is 'random'; set it to 'center'"),
        ({"norm": "BN", "scale": 0.0}, "scale is 0.0; expected more than 0"),
        ({"scale": 2.0}, "scale is 2.0 .* norm, whose they are, is empty"),
        ({"offset": -1.0}, "offset -1.0, but norm"),
    ],
)
def test_options_that_cannot_work_are_refused(options, message):
    with pytest.raises(ArgumentError, match=message):
        IDKnowledgeTransfer(**options)


@pytest.mark.parametrize("kernel_size", [0, 2, -3])
def test_even_kernels_are_refused(kernel_size):
    with pytest.raises(ArgumentError, match="kernel_size is .* odd"):
        IDKnowledgeTransfer(kernel_size)
