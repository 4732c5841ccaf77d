"""The clothing branch: layer, loss and weight in one."""

import pytest
import torch

from ifd.arguments import ArgumentError
from ifd.losses import clothing_contrastive_loss
from ifd.modeling import ClothingBiasDiminishing, ClothingBranch


def loss(features, pids, clothes):
    return clothing_contrastive_loss(features, pids, clothes, temperature=0.1, cross_clothes_weight=2.0)


@pytest.mark.parametrize("weight", [0.0, 1.0, 2.5])
def test_its_loss_is_that_of_its_parts(weight):
    torch.manual_seed(0)
    layer = ClothingBiasDiminishing(5)
    features, mask = torch.randn(4, 5, 4, 2), torch.rand(4, 1, 16, 8)
    pids, clothes = torch.tensor([0, 0, 1, 1]), torch.tensor([0, 1, 2, 2])
    expected = weight * loss(layer(features, mask), pids, clothes)
    torch.testing.assert_close(ClothingBranch(layer, loss, weight)(features, mask, pids, clothes), expected)


@pytest.mark.parametrize("weight", [-0.1, float("nan")])
def test_a_negative_weight_is_refused(weight):
    with pytest.raises(ArgumentError, match="weight is .*; expected at least 0"):
        ClothingBranch(ClothingBiasDiminishing(5), loss, weight)
