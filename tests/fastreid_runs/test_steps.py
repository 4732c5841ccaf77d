"""Batches in parts against whole ones, bfloat16 against float32, and the timing that decides."""

import copy
from pathlib import Path

import pytest
import torch
from fastreid.engine.train_loop import SimpleTrainer
from fastreid.utils.events import EventStorage

from fastreid_runs import ConfigError, run_config, steps
from fastreid_runs.config_values import HOST_RANGES, check_batches, check_values
from fastreid_runs.run_keys import PLAIN
from fastreid_runs.steps import Steps, bfloat16_pays, depthwise_in_float32, parts_of_a_batch, settled_dtype
from ifd.engine import IFDTrainer


class Network(torch.nn.Module):
    """Losses of each image by itself: the mean over parts is that over the batch."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.backbone = torch.nn.Sequential(torch.nn.Conv2d(3, 16, 3), torch.nn.ReLU(), torch.nn.Conv2d(16, 16, 3))
        self.classify = torch.nn.Linear(16, 3)

    def forward(self, batch):
        scores = self.classify(self.backbone(batch["images"]).mean((2, 3)))
        return {"loss": torch.nn.functional.cross_entropy(scores.float(), batch["targets"])}


def batches():
    random = torch.Generator().manual_seed(0)
    while True:
        images = torch.randn(8, 3, 8, 8, generator=random)
        yield {"images": images, "targets": torch.arange(8) % 3, "img_paths": [str(n) for n in range(8)]}


def trained(around=lambda loop: loop, count=4):
    """Losses of a few steps, and the weights afterwards."""
    model = Network()
    loop = around(SimpleTrainer(model, batches(), torch.optim.Adam(model.parameters(), 0.01), None))
    losses = []
    with EventStorage(0) as storage:
        for _ in range(count):
            loop.run_step()
            losses.append(storage.latest()["total_loss"][0])
            storage.step()
    return torch.tensor(losses), [weight.detach().clone() for weight in model.parameters()]


@pytest.mark.parametrize("parts", [1, 2, 8])
def test_a_batch_in_parts_is_the_whole_batch(parts):
    losses, weights = trained(lambda loop: Steps(loop, parts, None))
    expected, expected_weights = trained()
    torch.testing.assert_close(losses, expected, atol=1e-6, rtol=1e-5)
    for weight, other in zip(weights, expected_weights, strict=True):
        torch.testing.assert_close(weight, other, atol=1e-5, rtol=1e-4)


def test_bfloat16_rounds_what_flows_and_no_weight():
    losses, weights = trained(lambda loop: Steps(loop, 2, torch.bfloat16))
    expected, _ = trained()
    assert (losses != expected).any()
    torch.testing.assert_close(losses, expected, atol=0.02, rtol=0.02)
    assert {weight.dtype for weight in weights} == {torch.float32}


@pytest.mark.parametrize(("short", "pays"), [(0.5, True), (0.95, False), (5.0, False)])
def test_a_short_timing_decides(monkeypatch, short, pays):
    durations = [100.0, 0.1, 1.0, short, 1.0, short]  # of both; the first of each does not count
    ticks = iter(tick for duration in durations for tick in (0.0, duration))
    monkeypatch.setattr(steps.time, "process_time", lambda: next(ticks))
    network = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4)).eval()
    before, state = {name: value.clone() for name, value in network.state_dict().items()}, torch.get_rng_state()
    assert bfloat16_pays(network, (16, 8)) is pays
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert not network.training
    assert network[0].weight.grad is None


def test_depthwise_convolutions_stay_in_float32_among_bfloat16():
    torch.manual_seed(0)
    conv = torch.nn.Conv2d
    plain = torch.nn.Sequential(conv(4, 8, 1), conv(8, 8, 3, groups=8), conv(8, 4, 1, groups=2))
    network = depthwise_in_float32(copy.deepcopy(plain))
    images = torch.randn(2, 4, 6, 6)
    # Without mixed precision all is as it was, to the bit.
    assert torch.equal(network(images), plain(images))
    with torch.autocast("cpu", torch.bfloat16):
        entering = network[0](images)
        leaving = network[1](entering)
        rounded = plain[1](entering)
        network(images).float().sum().backward()
    # What goes in and out is rounded, and no weight: in bfloat16, those are too.
    assert entering.dtype == leaving.dtype == rounded.dtype == torch.bfloat16
    expected = plain[1](entering.float()).bfloat16()
    assert torch.equal(leaving, expected)
    assert not torch.equal(rounded, expected)
    # Others are left alone, convolutions of few groups among them.
    assert ["forward" in vars(part) for part in network] == [False, True, False]
    assert all(part.weight.grad.dtype == torch.float32 for part in network)


@pytest.mark.parametrize("pays", [True, False])
def test_a_cpu_without_bfloat16_trains_in_float32(monkeypatch, pays):
    cfg = run_config()
    assert settled_dtype(cfg, Network()) is None
    cfg.SOLVER.AMP.ENABLED = True
    assert settled_dtype(cfg, Network()) is torch.float16
    cfg.SOLVER.AMP.DTYPE = "bfloat16"
    monkeypatch.setattr(steps, "bfloat16_pays", lambda network, size: pays)
    assert settled_dtype(cfg, Network()) is (torch.bfloat16 if pays else None)
    # The backbone of the first stage is inside its stream.
    assert settled_dtype(cfg, torch.nn.ModuleDict({"stream": Network()})) is (torch.bfloat16 if pays else None)


def test_a_stage_trains_in_parts_and_bfloat16(monkeypatch, tiny_config):
    monkeypatch.setattr(steps, "bfloat16_pays", lambda network, size: True)
    tiny_config.SOLVER.AMP.ENABLED = True
    tiny_config.SOLVER.AMP.DTYPE = "bfloat16"
    tiny_config.SOLVER.ACCUMULATE = 2
    Path(tiny_config.OUTPUT_DIR).mkdir()
    trainer = IFDTrainer(tiny_config)
    images = []
    trainer.model.register_forward_pre_hook(lambda model, inputs: images.append(len(inputs[0]["images"])))
    before = [weight.detach().clone() for weight in trainer.model.parameters()]
    with EventStorage(0) as storage:
        trainer.iter = 0
        trainer.run_step()
        assert storage.latest()["total_loss"][0] > 0
    assert images == [8, 8]
    assert trainer.cfg.SOLVER.AMP.ENABLED
    assert trainer.grad_scaler is None
    assert any((old != new).any() for old, new in zip(before, trainer.model.parameters(), strict=True))
    assert trainer.record.config["SOLVER.ACCUMULATE"] == 2


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("ACCUMULATE", 0, "SOLVER.ACCUMULATE is 0; expected"),
        ("ACCUMULATE", 3, "SOLVER.ACCUMULATE is 3, and SOLVER.IMS_PER_BATCH 64; expected a batch that divides"),
        ("ACCUMULATE", 32, "whose parts of 2 images do not divide into people of DATALOADER.NUM_INSTANCE 4 images"),
        ("AMP.DTYPE", "float8", "SOLVER.AMP.DTYPE is 'float8'; expected one of"),
    ],
)
def test_what_cannot_be_is_refused(key, value, message):
    cfg = run_config()
    cfg.merge_from_list(["DATALOADER.SAMPLER_TRAIN", "NaiveIdentitySampler", f"SOLVER.{key}", value])

    def check():
        check_values(cfg, HOST_RANGES)
        check_batches(cfg, 1)

    with pytest.raises(ConfigError, match=message):
        check()


def test_a_config_without_the_keys_trains_as_the_hosts():
    cfg = PLAIN.defaults()
    del cfg.SOLVER["ACCUMULATE"]
    del cfg.SOLVER.AMP["DTYPE"]
    assert parts_of_a_batch(cfg) == 1
    assert not steps.wants_bfloat16(cfg)
