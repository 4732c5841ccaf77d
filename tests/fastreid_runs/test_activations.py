"""Activations that are computed again give the losses, gradients and statistics of those that are kept."""

import copy

import pytest
import torch
from fastreid.config import get_cfg
from fastreid.modeling.backbones import build_backbone
from torch import nn

from fastreid_runs.activations import recompute_activations


class Block(nn.Module):
    """A residual block, with a draw."""

    def __init__(self, norm):
        super().__init__()
        self.inner = nn.Sequential(nn.Conv2d(8, 8, 3, padding=1), norm, nn.ReLU(), nn.Dropout(0.3))

    def forward(self, x):
        return x + self.inner(x)


def network(norm=lambda: nn.BatchNorm2d(8)):
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.Sequential(*[Block(norm()) for _ in range(3)]), nn.AdaptiveAvgPool2d(1))


def host_network(norm):
    cfg = get_cfg()
    cfg.MODEL.BACKBONE.NORM = norm
    cfg.MODEL.BACKBONE.DEPTH = "18x"
    cfg.MODEL.BACKBONE.PRETRAIN = False
    torch.manual_seed(0)
    return build_backbone(cfg)


def step(model, backward=lambda loss: loss.backward(), size=(32, 16)):
    """Loss, gradients and buffers after a step, and bytes that autograd kept for the backward pass."""
    torch.manual_seed(1)
    kept = {}
    weights = {weight.untyped_storage().data_ptr() for weight in model.parameters()}

    def pack(tensor):
        place = tensor.untyped_storage()
        if place.data_ptr() not in weights:
            kept[place.data_ptr()] = place.nbytes()
        return tensor

    model.train()
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        loss = model(torch.randn(4, 3, *size, generator=torch.Generator().manual_seed(2))).square().mean()
    held = sum(kept.values())
    backward(loss)
    gradients = {name: weight.grad.clone() for name, weight in model.named_parameters()}
    return loss.detach(), gradients, {name: value.clone() for name, value in model.named_buffers()}, held


def assert_equal_steps(plain, recomputed):
    assert torch.equal(plain[0], recomputed[0])
    for before, after in zip(plain[1:3], recomputed[1:3], strict=True):
        assert before.keys() == after.keys()
        assert all(torch.equal(value, after[name]) for name, value in before.items())
    assert recomputed[3] < plain[3]


@pytest.mark.parametrize("norm", ["BN", "GhostBN"])
def test_a_step_of_the_hosts_network_is_the_same(norm):
    plain = host_network(norm)
    recomputed = copy.deepcopy(plain)
    assert recompute_activations(recomputed) == 8
    expected = step(plain)
    assert any(name.endswith("running_mean") and value.any() for name, value in expected[2].items())
    assert_equal_steps(expected, step(recomputed))


def test_draws_and_second_backward_passes_are_the_same():
    plain, recomputed = network(), network()
    assert recompute_activations(recomputed) == 3

    def twice(loss):
        weights = [weight for weight in recomputed.parameters() if loss.requires_grad]
        torch.autograd.grad(loss, weights, retain_graph=True)
        loss.backward()

    assert_equal_steps(step(plain), step(recomputed, twice))


def test_a_copy_learns_by_itself_and_names_stay():
    plain, recomputed = network(), network()
    recompute_activations(recomputed)
    assert list(recomputed.state_dict()) == list(plain.state_dict())
    other = copy.deepcopy(recomputed)
    step(other)
    assert all(weight.grad is None for weight in recomputed.parameters())
    assert_equal_steps(step(plain), step(recomputed))


def test_evaluation_is_the_same():
    plain, recomputed = network().eval(), network().eval()
    recompute_activations(recomputed)
    images = torch.randn(2, 3, 32, 16)
    assert torch.equal(plain(images), recomputed(images))


def test_a_network_without_blocks_has_none():
    assert recompute_activations(nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU())) == 0
