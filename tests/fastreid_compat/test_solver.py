"""Optimisers on contiguous parameters train as those on plain parameters do."""

import copy
import pickle

import fastreid.engine.defaults
import fastreid.solver.build
import pytest
import torch
from fastreid.config import get_cfg
from fastreid.solver import build_lr_scheduler, build_optimizer, optim
from torch import nn

CLIP = ["SOLVER.CLIP_GRADIENTS.ENABLED", True, "SOLVER.CLIP_GRADIENTS.CLIP_TYPE", "value"]
CLIP += ["SOLVER.CLIP_GRADIENTS.CLIP_VALUE", 0.01]
FREEZE = ["MODEL.FREEZE_LAYERS", ["backbone"], "SOLVER.FREEZE_ITERS", 2]


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6))
        self.heads = nn.Linear(6, 2)

    def forward(self, inputs):
        return self.heads(self.backbone(inputs).relu())


def config(*options):
    cfg = get_cfg()
    cfg.merge_from_list(["SOLVER.BASE_LR", 0.1, "SOLVER.HEADS_LR_FACTOR", 2.0, *options])
    return cfg


def train(network, optimizer, steps, zero_grad=lambda optimizer: optimizer.zero_grad()):
    for seed in range(steps):
        loss = network(torch.randn(8, 4, generator=torch.Generator().manual_seed(seed))).square().sum()
        zero_grad(optimizer)
        loss.backward()
        optimizer.step()


def test_every_name_of_the_host_is_adapted():
    assert fastreid.solver.build.build_optimizer is build_optimizer
    assert fastreid.engine.defaults.build_optimizer is build_optimizer


@pytest.mark.parametrize("options", [[], CLIP, FREEZE, [*CLIP, *FREEZE]], ids=["plain", "clip", "freeze", "both"])
@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW"])
def test_it_trains_as_with_plain_parameters(name, options):
    cfg = config("SOLVER.OPT", name, *options)
    contiguous = Network()
    plain = copy.deepcopy(contiguous)
    start = copy.deepcopy(contiguous.state_dict())

    optimizer, params = build_optimizer(cfg, contiguous)
    train(contiguous, optimizer, 5)
    params.assert_buffer_is_valid()
    train(plain, build_optimizer(cfg, plain, contiguous=False)[0], 5)

    for key, value in contiguous.named_parameters():
        torch.testing.assert_close(value, plain.get_parameter(key), rtol=1e-4, atol=1e-6)
        assert not torch.equal(value, start[key])


def test_frozen_layers_start_to_train_after_freeze_iters():
    network = Network()
    before = network.backbone[0].weight.detach().clone()
    optimizer, _ = build_optimizer(config(*FREEZE), network)
    train(network, optimizer, 2)
    assert torch.equal(network.backbone[0].weight, before)
    train(network, optimizer, 1)
    assert not torch.equal(network.backbone[0].weight, before)


def test_zeroing_keeps_the_buffers_and_clears_them():
    network = Network()
    optimizer, _ = build_optimizer(config(), network)
    network(torch.randn(8, 4)).sum().backward()
    buffers = [group["params"][0].grad for group in optimizer.param_groups]
    assert any(buffer.any() for buffer in buffers)
    optimizer.zero_grad()
    assert all(group["params"][0].grad is buffer for group, buffer in zip(optimizer.param_groups, buffers, strict=True))
    assert not any(buffer.any() for buffer in buffers)


@pytest.mark.parametrize("zero_grad", [lambda o: o.zero_grad(True), lambda o: o.zero_grad(set_to_none=True)])
def test_who_asks_to_drop_the_gradients_still_may(zero_grad):
    optimizer, _ = build_optimizer(config(), Network())
    zero_grad(optimizer)
    assert all(group["params"][0].grad is None for group in optimizer.param_groups)


def test_plain_parameters_keep_torchs_way():
    optimizer, params = build_optimizer(config(), Network(), contiguous=False)
    assert isinstance(params, list)
    assert "zero_grad" not in vars(optimizer)


def test_the_state_can_be_saved_loaded_copied_and_pickled():
    cfg = config()
    network = Network()
    optimizer, _ = build_optimizer(cfg, network)
    assert type(optimizer) is torch.optim.Adam
    train(network, optimizer, 2)

    resumed = Network()
    other, _ = build_optimizer(cfg, resumed)
    resumed.load_state_dict(network.state_dict())
    other.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    train(network, optimizer, 2)
    train(resumed, other, 2)
    for ours, theirs in zip(network.parameters(), resumed.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs)

    for copied in (copy.deepcopy(optimizer), pickle.loads(pickle.dumps(optimizer))):
        assert len(copied.param_groups) == len(optimizer.param_groups)
        copied.zero_grad()


@pytest.mark.parametrize("name", ["MultiStepLR", "CosineAnnealingLR"])
def test_schedulers_step_it(name):
    cfg = config("SOLVER.SCHED", name, "SOLVER.MAX_EPOCH", 4, "SOLVER.WARMUP_ITERS", 1, "SOLVER.STEPS", [1])
    network = Network()
    optimizer, _ = build_optimizer(cfg, network)
    schedulers = build_lr_scheduler(cfg, optimizer, iters_per_epoch=2)
    train(network, optimizer, 1)
    schedulers["warmup_sched"].step()
    warm = optimizer.param_groups[0]["lr"]
    schedulers["lr_sched"].step()
    assert optimizer.param_groups[0]["lr"] < warm


def test_stochastic_weight_averaging_keeps_the_buffers_of_what_it_wraps():
    network = Network()
    before = network.heads.weight.detach().clone()
    optimizer, _ = build_optimizer(config("SOLVER.OPT", "SGD"), network)
    train(network, optim.SWA(optimizer, swa_freq=2, swa_lr_factor=0.5), 3)
    assert not torch.equal(network.heads.weight, before)
