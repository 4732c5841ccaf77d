"""Fused optimisers against the host's, on a config's model with its flat buffers."""

import pytest
import torch
from fastreid.config import get_cfg
from fastreid.engine import DefaultTrainer

from fastreid_runs import ResumableTrainer
from fastreid_runs.optimizers import in_one_pass


def trained(trainer, name, steps=5, **solver):
    """Losses and weights of a small network, and its optimiser."""
    cfg = get_cfg()
    cfg.SOLVER.OPT = name
    cfg.SOLVER.BASE_LR = 0.01
    for key, value in solver.items():
        setattr(cfg.SOLVER, key, value)
    torch.manual_seed(0)
    # A bias before a batch norm has rounding for its gradient, which Adam would blow up.
    model = torch.nn.Sequential(
        torch.nn.Conv2d(3, 8, 3, bias=False), torch.nn.BatchNorm2d(8), torch.nn.Flatten(), torch.nn.Linear(32, 4)
    )
    images = torch.randn(6, 3, 4, 4)
    optimizer, _ = trainer.build_optimizer(cfg, model)
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(images), torch.arange(6) % 4)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses, [weight.detach().clone() for weight in model.parameters()], optimizer


@pytest.mark.parametrize("name", ["Adam", "AdamW", "SGD"])
def test_losses_and_weights_are_the_hosts(name):
    losses, weights, optimizer = trained(ResumableTrainer, name)
    expected, expected_weights, _ = trained(DefaultTrainer, name)
    assert all(group["fused"] for group in optimizer.param_groups)
    assert losses[-1] < losses[0]
    torch.testing.assert_close(losses, expected, atol=1e-6, rtol=1e-5)
    for weight, other in zip(weights, expected_weights, strict=True):
        torch.testing.assert_close(weight, other, atol=1e-5, rtol=1e-4)


def test_a_checkpoint_of_another_pass_goes_on_as_it_began():
    state = trained(DefaultTrainer, "Adam", steps=2)[2].state_dict()
    optimizer = trained(ResumableTrainer, "Adam", steps=0)[2]
    optimizer.load_state_dict(state)
    assert not any(group["fused"] for group in optimizer.param_groups)


def test_what_has_no_such_kernel_stays():
    assert not in_one_pass(torch.optim.RMSprop([torch.zeros(2, requires_grad=True)]))
    complex_weight = torch.zeros(2, dtype=torch.complex64, requires_grad=True)
    assert not in_one_pass(torch.optim.Adam([complex_weight]))
