"""The identity head of either stream."""

import pytest
import torch
from fastreid.modeling import build_model


def test_normalising_before_pooling_changes_the_head_only_in_order(config):
    torch.manual_seed(0)
    head = build_model(config(IFD__NECK_ORDER="bn_gap")).heads
    features, targets = torch.randn(4, 512, 4, 2), torch.tensor([0, 1, 2, 3])
    head.train()
    outputs = head(features, targets)
    norm = head.bottleneck[0]
    mean, var = features.mean((0, 2, 3), keepdim=True), features.var((0, 2, 3), unbiased=False, keepdim=True)
    f = ((features - mean) / (var + norm.eps).sqrt()).mean((2, 3))
    torch.testing.assert_close(outputs["cls_outputs"], f @ head.weight.t(), atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(outputs["features"], features.mean((2, 3)))
    head.eval()
    assert head(features).shape == (4, 512)


@pytest.mark.parametrize("order", ["gap_bn", "bn_gap"])
def test_a_frozen_head_still_gives_the_losses_their_inputs(config, order):
    """MODEL.FREEZE_LAYERS puts a part into evaluation mode while the rest is trained."""
    torch.manual_seed(0)
    head = build_model(config(IFD__NECK_ORDER=order)).heads.eval()
    features, targets = torch.randn(4, 512, 4, 2), torch.tensor([0, 1, 2, 3])
    statistics = head.bottleneck[0].running_mean.clone()
    outputs = head(features, targets)
    torch.testing.assert_close(outputs["cls_outputs"], head(features) @ head.weight.t())
    assert torch.equal(head.bottleneck[0].running_mean, statistics)
