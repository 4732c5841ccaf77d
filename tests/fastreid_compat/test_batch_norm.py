"""Batch norm over processes beside torch's over their whole batch; two processes are played one after the other."""

import pytest
import torch
from fastreid.layers import get_norm

from fastreid_compat import batch_norm


@pytest.fixture
def layers():
    """Two with weights of their own, alike: ours and torch's."""
    torch.manual_seed(0)
    ours, plain = get_norm("syncBN", 3), torch.nn.BatchNorm2d(3)
    assert isinstance(ours, batch_norm.SyncBatchNorm)
    with torch.no_grad():
        for one in (ours, plain):
            one.weight.copy_(torch.tensor([1.0, 2.0, 0.5]))
            one.bias.copy_(torch.tensor([0.0, 1.0, -1.0]))
    return ours, plain


def test_alone_it_is_batch_norm(layers):
    ours, plain = layers
    images = torch.randn(4, 3, 2, 2)
    torch.testing.assert_close(ours(images), plain(images))
    torch.testing.assert_close(ours.running_var, plain.running_var)


def test_of_two_processes_the_batch_is_one(layers, monkeypatch):
    """The sum over both is known beforehand: each other process holds the same images, mirrored."""
    ours, plain = layers
    images = 1000 + torch.randn(4, 3, 2, 5)
    both = torch.cat([images, images.flip(3)]).requires_grad_()
    half = images.clone().requires_grad_()
    monkeypatch.setattr(batch_norm.dist, "is_initialized", lambda: True)
    monkeypatch.setattr(batch_norm.dist, "get_world_size", lambda: 2)
    monkeypatch.setattr(batch_norm.dist, "all_reduce", lambda values: values.mul_(2))
    found, expected = ours(half), plain(both)
    # Single precision at values of 1000.
    torch.testing.assert_close(found, expected[:4], atol=1e-3, rtol=0)
    torch.testing.assert_close(ours.running_mean, plain.running_mean)
    torch.testing.assert_close(ours.running_var, plain.running_var, atol=1e-4, rtol=0)
    assert ours.num_batches_tracked == 1
    found.square().sum().backward()
    expected.square().sum().backward()
    torch.testing.assert_close(half.grad, both.grad[:4], atol=1e-3, rtol=0)


def test_in_evaluation_no_process_is_asked(layers, monkeypatch):
    ours, plain = (layer.eval() for layer in layers)
    monkeypatch.setattr(batch_norm.dist, "is_initialized", lambda: True)
    monkeypatch.setattr(batch_norm.dist, "get_world_size", lambda: 2)
    monkeypatch.setattr(batch_norm.dist, "all_reduce", lambda values: pytest.fail("asked"))
    images = torch.randn(2, 3, 4, 4)
    torch.testing.assert_close(ours(images), plain(images))
