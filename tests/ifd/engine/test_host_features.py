"""What the host offers around a model works on IFD: predictor, flip test, precise BN, frozen layers."""

import os

import pytest
import torch
from fastreid.engine import DefaultPredictor

from ifd.data import build_test_loader
from ifd.engine import IFDTrainer, evaluate, load_trained_model, train


@pytest.fixture
def weights(finished_config):
    return os.path.join(finished_config.OUTPUT_DIR, "model_final.pth")


def test_predictor_gives_the_evaluations_features(finished_config, weights):
    finished_config.MODEL.WEIGHTS = weights
    batch = next(iter(build_test_loader(finished_config, "PRCC")[0]))
    before = batch["images"].clone()
    model = load_trained_model(finished_config, weights)
    with torch.no_grad():
        expected = model(batch)
    predictor = DefaultPredictor(finished_config)
    torch.testing.assert_close(predictor(batch["images"]), expected)
    torch.testing.assert_close(predictor(batch["images"]), expected)
    assert torch.equal(batch["images"], before)


def test_flip_test_averages_an_image_and_its_mirror(finished_config, weights, monkeypatch):
    seen = []
    evaluator = IFDTrainer.build_evaluator(finished_config, "PRCC")[1].__class__
    process = evaluator.process
    monkeypatch.setattr(evaluator, "process", lambda self, inputs, outputs: (
        seen.append(outputs.clone()), process(self, inputs, outputs)))  # fmt: skip
    finished_config.MODEL.WEIGHTS = weights
    finished_config.TEST.FLIP.ENABLED = True
    evaluate(finished_config)
    batch = next(iter(build_test_loader(finished_config, "PRCC")[0]))
    model = load_trained_model(finished_config, weights)
    with torch.no_grad():
        expected = (model(batch["images"]) + model(batch["images"].flip(dims=[3]))) / 2
    torch.testing.assert_close(seen[0], expected)


def test_precise_bn_and_frozen_layers(tiny_config, finished_config, weights):
    tiny_config.MODEL.WEIGHTS = weights
    tiny_config.TEST.PRECISE_BN.ENABLED = True
    tiny_config.TEST.PRECISE_BN.DATASET = "PRCC"
    tiny_config.TEST.PRECISE_BN.NUM_ITER = 2
    tiny_config.MODEL.FREEZE_LAYERS = ["attention_stream"]
    tiny_config.SOLVER.FREEZE_ITERS = 1000
    tiny_config.SOLVER.MAX_EPOCH = 1
    tiny_config.TEST.EVAL_PERIOD = 1
    assert "metric" in train(tiny_config)
    before = torch.load(weights)["model"]
    after = torch.load(os.path.join(tiny_config.OUTPUT_DIR, "model_final.pth"))["model"]
    convolutions = [name for name in before if name.endswith("weight") and before[name].dim() == 4]
    moved = {name for name in convolutions if not torch.equal(before[name], after[name])}
    statistics = [name for name in before if name.endswith("running_mean") and name.startswith("attention_stream")]
    assert all(torch.equal(before[name], after[name]) for name in statistics)
    assert moved == {name for name in convolutions if not name.startswith("attention_stream")}
