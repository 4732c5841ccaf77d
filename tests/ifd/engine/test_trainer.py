"""The host's trainer with what it is fed and judged by here."""

import json
import os

import pytest
import torch

from ifd.engine import IFDTrainer, train


def log_of(folder):
    with open(os.path.join(folder, "metrics.json")) as file:
        return [json.loads(line) for line in file]


def test_every_weight_moves(tiny_config):
    """On torch >= 2 the bare host steps without moving a single weight."""
    tiny_config.SOLVER.MAX_EPOCH = 1
    os.makedirs(tiny_config.OUTPUT_DIR)
    trainer = IFDTrainer(tiny_config)
    before = {name: value.detach().clone() for name, value in trainer.model.named_parameters()}
    trainer.train()
    unmoved = [
        name
        for name, value in trainer.model.named_parameters()
        if value.requires_grad and torch.equal(value, before[name])
    ]
    assert unmoved == []


@pytest.mark.parametrize("period", [1, 3])
def test_the_last_evaluation_is_logged_whatever_its_period(tiny_config, period):
    tiny_config.IFD.IKT.ENABLED = False
    tiny_config.TEST.EVAL_PERIOD = period
    results = train(tiny_config)
    logged = [entry["metric"] for entry in log_of(tiny_config.OUTPUT_DIR) if "metric" in entry]
    assert len(logged) == (2 if period == 1 else 1)
    assert logged[-1] == pytest.approx(results["metric"])


def test_best_checkpoint_is_kept_over_a_resume(copied_run):
    cfg, run = copied_run
    best = torch.load(run / "model_best.pth")
    torch.save({**best, "metric": 1000.0}, run / "model_best.pth")
    cfg.SOLVER.MAX_EPOCH = 3
    cfg.TEST.EVAL_PERIOD = 1
    train(cfg, resume=True)
    assert torch.load(run / "model_best.pth")["metric"] == 1000.0


@pytest.mark.parametrize("sampler", ["TrainingSampler", "NaiveIdentitySampler", "BalancedIdentitySampler"])
def test_the_samplers_of_the_host_serve_too(tiny_config, sampler):
    tiny_config.DATALOADER.SAMPLER_TRAIN = sampler
    batch = next(iter(IFDTrainer.build_train_loader(tiny_config)))
    assert batch["images"].shape == (16, 4, 64, 32)
    assert batch["images"][:, :3].max() > 100
    assert set(batch["images"][:, 3].unique().tolist()) == {0.0, 1.0}
    assert batch["targets"].max() < 6
    assert batch["clothes"].max() < 12
