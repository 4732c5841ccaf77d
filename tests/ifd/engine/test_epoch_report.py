"""What is told of a training after each epoch, without touching it."""

import copy
import json
import logging
import os

import pytest
import torch
from fastreid.utils.env import seed_all_rng
from fastreid.utils.events import EventStorage

from ifd.data.region_sample import RegionSample
from ifd.engine import IFDTrainer
from ifd.engine.epoch_report import EpochReport, attention_by_region, gradient_norms

FIGURES = {
    "attention/head", "attention/clothes", "attention/background", "gradient_norm/loss_cls_main",
    "gradient_norm/loss_clothing", "clothing_loss/mean_weight",
}  # fmt: skip


class Silent(IFDTrainer):
    """Without the report."""

    def build_hooks(self):
        hooks = super().build_hooks()
        kept = [hook for hook in hooks if not isinstance(hook, EpochReport)]
        assert len(kept) == len(hooks) - 1
        return kept


@pytest.fixture
def reported(tiny_config):
    """Trains two epochs of stage 2 without a stage 1 before; (config, log of metrics)."""

    def run(name, trainer=IFDTrainer, **changes):
        cfg = tiny_config.clone()
        # Weights as eq. 5 has them, so that their mean says something.
        cfg.IFD.CBD.NORMALIZE_WEIGHTS = False
        cfg.merge_from_list([item for pair in changes.items() for item in (pair[0].replace("__", "."), pair[1])])
        cfg.OUTPUT_DIR = os.path.join(tiny_config.OUTPUT_DIR, name)
        os.makedirs(cfg.OUTPUT_DIR)
        seed_all_rng(0)
        training = trainer(cfg)
        training.train()
        with open(os.path.join(cfg.OUTPUT_DIR, "metrics.json")) as file:
            return training, [json.loads(line) for line in file]

    return run


def test_training_is_bit_equal_with_and_without_and_every_epoch_is_told(reported):
    with_report, log = reported("with")
    without, silent_log = reported("without", Silent)
    other = without.model.state_dict()
    assert all(torch.equal(value, other[name]) for name, value in with_report.model.state_dict().items())
    assert not FIGURES & set().union(*silent_log)
    told = [entry for entry in log if FIGURES & set(entry)]
    assert len(told) == 2
    for entry in told:
        assert set(entry) >= FIGURES
        assert all(0 < entry[name] < 1 for name in FIGURES if name.startswith("attention/"))
        assert all(entry[name] > 0 for name in FIGURES if name.startswith("gradient_norm/"))
        # T is 0.5, and positives are in the same clothes and in others.
        assert 1 < entry["clothing_loss/mean_weight"] < 2
    # The attention stream's loss does not reach the main backbone.
    assert "gradient_norm/loss_cls_attention" not in set().union(*log)


def test_a_baseline_has_one_gradient_to_tell(reported, caplog):
    caplog.set_level(logging.INFO, "fastreid.ifd.engine")
    _, log = reported("baseline", IFD__IKT__ENABLED=False, IFD__CBD__ENABLED=False)
    names = {
        name
        for entry in log
        for name in entry
        if "/" in name and not name.startswith(("general", "same", "clothing_c"))
    }
    assert names == {"gradient_norm/loss_cls_main", "main/cls_accuracy"}
    assert "Epoch 0: gradient in the main backbone of loss_cls_main " in caplog.text


def test_stage_1_and_other_models_are_left_alone(reported):
    _, log = reported("stage1", MODEL__META_ARCHITECTURE="IFDAttentionStream")
    assert not any(
        name.startswith(("gradient_norm", "attention/h", "clothing_loss")) for entry in log for name in entry
    )


def test_gradient_norms_are_those_of_separate_backward_passes():
    torch.manual_seed(0)
    shared, own = torch.nn.Linear(4, 3), torch.nn.Linear(3, 2)
    unused = torch.nn.Linear(4, 1)
    inputs = torch.randn(5, 4)

    def losses():
        hidden = shared(inputs)
        return {"one": hidden.square().mean(), "two": own(hidden).abs().sum(), "three": unused(inputs).sum()}

    found = gradient_norms(losses(), shared)
    assert set(found) == {"one", "two"}
    for name in found:
        shared.zero_grad()
        losses()[name].backward()
        expected = sum(parameter.grad.double().square().sum() for parameter in shared.parameters()) ** 0.5
        assert found[name].item() == pytest.approx(expected.item(), rel=1e-5)
    # The graph is there for the step's own backward pass, and nothing was added to it.
    shared.zero_grad()
    kept = losses()
    gradient_norms(kept, shared)
    assert all(parameter.grad is None for parameter in shared.parameters())
    sum(kept.values()).backward()


def test_half_precision_does_not_lose_small_gradients():
    torch.manual_seed(0)
    layer, inputs = torch.nn.Linear(8, 4), torch.randn(16, 8)
    expected = gradient_norms({"loss": layer(inputs).square().mean()}, layer)["loss"]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = gradient_norms({"loss": layer(inputs).square().mean()}, layer)["loss"]
    assert found.dtype == torch.float32
    assert found.item() == pytest.approx(expected.item(), rel=0.02)


def test_frozen_parameters_do_not_count():
    layer = torch.nn.Linear(2, 1)
    layer.weight.requires_grad_(False)
    found = gradient_norms({"loss": layer(torch.ones(3, 2)).sum()}, layer)
    assert found["loss"].item() == pytest.approx(3.0)
    layer.requires_grad_(False)
    assert gradient_norms({"loss": layer(torch.ones(3, 2)).sum()}, layer) == {}


def test_attention_is_the_weighted_mean_in_each_region(finished_config):
    torch.manual_seed(0)
    finished_config.MODEL.HEADS.NUM_CLASSES = 3
    model = IFDTrainer.build_model(finished_config).train()
    model.heads.eval()
    modes = [module.training for module in model.modules()]
    before = copy.deepcopy(model.state_dict())
    images = torch.cat([255 * torch.rand(3, 3, 64, 32), torch.zeros(3, 1, 64, 32)], 1)
    regions = {"head": (torch.rand(3, 1, 64, 32) > 0.7).float(), "nothing": torch.zeros(3, 1, 64, 32)}
    found = attention_by_region(model, RegionSample(images, regions))
    assert [module.training for module in model.modules()] == modes
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())

    with torch.no_grad():
        attention = copy.deepcopy(model).eval().stream_features({"images": images}).attention_map
    height, width = attention.shape[-2:]
    total = weights = 0.0
    for n in range(3):
        for y in range(height):
            for x in range(width):
                rows, columns = 64 // height, 32 // width
                cell = regions["head"][n, 0, y * rows : (y + 1) * rows, x * columns : (x + 1) * columns].mean()
                total += (attention[n, 0, y, x] * cell).item()
                weights += cell.item()
    assert found == {"attention/head": pytest.approx(total / weights, rel=1e-5)}


def test_the_mean_weight_is_that_of_the_epochs_batches(tiny_config):
    tiny_config.IFD.CBD.NORMALIZE_WEIGHTS = False
    os.makedirs(tiny_config.OUTPUT_DIR)
    trainer = IFDTrainer(tiny_config)
    loss = trainer.model.clothing_branch.loss
    report = next(hook for hook in trainer._hooks if isinstance(hook, EpochReport))
    report.before_train()
    batches = [
        (torch.tensor([0, 0, 1, 1]), torch.tensor([0, 1, 2, 2])),
        (torch.tensor([0, 0, 1]), torch.tensor([0, 0, 1])),
    ]
    features = torch.randn(4, 3)
    loss(features, *batches[0])
    trainer.iter = 0
    for pids, clothes in batches:
        report.before_step()
        loss(features[: len(pids)], pids, clothes)
        report.after_step()
    with EventStorage() as storage:
        trainer.storage, trainer.epoch = storage, 0
        report._sample = None
        report.after_epoch()
    # (2 + 2 + 1 + 1) / 4 and 1; the call outside a step does not count.
    assert storage.latest()["clothing_loss/mean_weight"][0] == pytest.approx((1.5 + 1.0) / 2)
    report.after_train()
