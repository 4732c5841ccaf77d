"""The clothing branch: layer, loss and weight in one."""

import pytest
import torch

from fastreid_runs.arguments import ArgumentError
from ifd.losses import clothing_contrastive_loss
from ifd.modeling import ClothingBiasDiminishing, ClothingBranch
from ifd.modeling.stream_features import StreamFeatures


def loss(features, pids, clothes):
    return clothing_contrastive_loss(features, pids, clothes, temperature=0.1, cross_clothes_weight=2.0)


def features(seed=0):
    generator = torch.Generator().manual_seed(seed)
    main = torch.randn(4, 5, 4, 2, generator=generator).requires_grad_()
    attention = torch.rand(4, 1, 4, 2, generator=generator).requires_grad_()
    masks = torch.rand(4, 1, 16, 8, generator=generator)
    return StreamFeatures(main, attention * main, None, attention, masks)


PIDS, CLOTHES = torch.tensor([0, 0, 1, 1]), torch.tensor([0, 1, 2, 2])


@pytest.mark.parametrize("weight", [0.0, 1.0, 2.5])
def test_its_loss_is_that_of_its_parts(weight):
    layer = ClothingBiasDiminishing(5)
    of_batch = features()
    expected = weight * loss(layer(of_batch.refined, of_batch.masks), PIDS, CLOTHES)
    torch.testing.assert_close(ClothingBranch(layer, loss, weight)(of_batch, PIDS, CLOTHES), expected)


def test_detached_attention_is_a_constant():
    """Same loss; the gradient into F_g is that of W_c x W x F_g with a fixed W, and W_I gets none."""
    layer = ClothingBiasDiminishing(5)
    of_batch, other = features(), features()
    learned = ClothingBranch(layer, loss)(of_batch, PIDS, CLOTHES)
    detached = ClothingBranch(layer, loss, detach_attention=True)(other, PIDS, CLOTHES)
    torch.testing.assert_close(learned, detached)
    learned.backward()
    detached.backward()
    assert of_batch.attention_map.grad.abs().sum() > 0
    assert other.attention_map.grad is None

    fixed, main = other.attention_map.detach(), features().main
    maps = torch.zeros(4, 5, 4, 2)
    for y in range(4):
        for x in range(2):
            share = other.masks[:, :, 4 * y : 4 * y + 4, 4 * x : 4 * x + 4].mean((2, 3))
            maps[:, :, y, x] = share * fixed[:, :, y, x] * main[:, :, y, x]
    pooled = maps.mean((2, 3))
    f_c = (pooled - pooled.mean(0)) / (pooled.var(0, unbiased=False) + layer.norm.eps).sqrt()
    loss(f_c, PIDS, CLOTHES).backward()
    torch.testing.assert_close(other.main.grad, main.grad)


def test_without_an_attention_map_there_is_nothing_to_detach():
    layer = ClothingBiasDiminishing(5)
    of_batch = features()._replace(attention_map=None)
    expected = loss(layer(of_batch.refined, of_batch.masks), PIDS, CLOTHES)
    torch.testing.assert_close(ClothingBranch(layer, loss, detach_attention=True)(of_batch, PIDS, CLOTHES), expected)


@pytest.mark.parametrize("weight", [-0.1, float("nan")])
def test_a_negative_weight_is_refused(weight):
    with pytest.raises(ArgumentError, match="weight is .*; expected at least 0"):
        ClothingBranch(ClothingBiasDiminishing(5), loss, weight)
