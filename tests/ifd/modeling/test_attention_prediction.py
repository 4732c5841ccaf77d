"""The attention map predicted by the main stream, beyond the paper."""

import os

import pytest
import torch
from fastreid.utils.events import EventStorage

from fastreid_runs.arguments import ArgumentError
from ifd.data import build_test_loader
from ifd.engine import evaluate, load_trained_model, train
from ifd.modeling import IFD, AttentionPrediction


def test_loss_is_the_cross_entropy_of_the_map():
    torch.manual_seed(0)
    layer = AttentionPrediction(5, hidden=4)
    features, target = torch.randn(2, 5, 4, 3), torch.rand(2, 1, 4, 3)
    predicted = torch.sigmoid(layer(features))
    expected = -(target * predicted.log() + (1 - target) * (1 - predicted).log()).mean()
    torch.testing.assert_close(layer.loss(features, target), expected)


def test_weight():
    torch.manual_seed(0)
    layer = AttentionPrediction(5)
    features, target = torch.randn(2, 5, 4, 3), torch.rand(2, 1, 4, 3)
    plain = layer.loss(features, target)
    layer.weight = 3.0
    torch.testing.assert_close(layer.loss(features, target), 3 * plain)
    with pytest.raises(ArgumentError, match=r"weight is -1\.0; expected at least 0"):
        AttentionPrediction(5, weight=-1.0)


def test_neither_stream_learns_from_the_prediction():
    layer = AttentionPrediction(5)
    features = torch.randn(2, 5, 4, 3, requires_grad=True)
    target = torch.rand(2, 1, 4, 3, requires_grad=True)
    layer.loss(features, target).backward()
    assert features.grad is None
    assert target.grad is None
    assert all(parameter.grad is not None for parameter in layer.parameters())


@pytest.fixture
def trained(tiny_config, finished_config):
    """A tiny IFD trained with the prediction, from the finished run's attention stream."""
    tiny_config.IFD.PREDICTION.ENABLED = True
    tiny_config.MODEL.WEIGHTS = os.path.join(finished_config.OUTPUT_DIR, "attention_stream", "model_final.pth")
    tiny_config.SOLVER.MAX_EPOCH = 1
    tiny_config.TEST.EVAL_PERIOD = 1
    train(tiny_config)
    tiny_config.MODEL.WEIGHTS = os.path.join(tiny_config.OUTPUT_DIR, "model_final.pth")
    return tiny_config


def test_one_backbone_and_rgb_alone_serve_after_training(trained):
    trained.IFD.IKT.ENABLED = False
    model = load_trained_model(trained, trained.MODEL.WEIGHTS)
    assert isinstance(model, IFD)
    assert model.attention_stream is None
    batch = next(iter(build_test_loader(trained, "PRCC")[0]))
    images = batch["images"]
    with torch.no_grad():
        features = model.backbone((images[:, :3] - model.pixel_mean) / model.pixel_std)
        predicted = torch.sigmoid(model.attention_prediction.layers(features))
        expected = model.heads.bottleneck((predicted * features).mean((2, 3), keepdim=True))[..., 0, 0]
        torch.testing.assert_close(model(images[:, :3]), expected, atol=1e-5, rtol=1e-4)
    assert "clothing_change/mAP" in evaluate(trained)


def test_with_the_attention_stream_the_prediction_is_not_used(trained):
    model = load_trained_model(trained, trained.MODEL.WEIGHTS)
    batch = next(iter(build_test_loader(trained, "PRCC")[0]))
    with torch.no_grad():
        before = model(batch)
        torch.nn.init.zeros_(model.attention_prediction.layers[2].weight)
        assert torch.equal(model(batch), before)


def test_training_it_without_an_attention_stream_is_refused(tiny_config):
    tiny_config.IFD.PREDICTION.ENABLED = True
    tiny_config.IFD.IKT.ENABLED = False
    tiny_config.MODEL.HEADS.NUM_CLASSES = 3
    model = IFD(tiny_config).train()
    batch = {"images": torch.rand(4, 4, 64, 32), "targets": torch.tensor([0, 0, 1, 1]), "clothes": torch.arange(4)}
    with pytest.raises(ValueError, match="no attention stream to learn from"), EventStorage():
        model(batch)
