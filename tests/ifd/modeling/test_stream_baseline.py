"""What both meta-architectures share."""

import pytest
import torch
from fastreid.modeling import build_model
from fastreid.utils.events import EventStorage


def test_batch_is_not_changed_and_flip_test_is_right(config, batch):
    """The host normalises in place and so twice under its flip test; IFD's batch stays as it was."""
    torch.manual_seed(0)
    model = build_model(config()).eval()
    inputs = batch()
    before = inputs["images"].clone()
    with torch.no_grad():
        model(inputs)
        assert torch.equal(inputs["images"], before)
        inputs["images"] = inputs["images"].flip(dims=[3])
        flipped = model(inputs)
        torch.testing.assert_close(flipped, model({"images": before.flip(dims=[3])}))


def test_precise_bn_marks_do_not_reach_the_losses(config, batch):
    model = build_model(config()).train()
    inputs = batch()
    inputs["targets"].fill_(-1)
    with EventStorage():
        assert all(torch.isfinite(loss) for loss in model(inputs).values())
    assert (inputs["targets"] == -1).all()


@pytest.mark.parametrize(
    ("name", "depth", "channels"),
    [
        ("build_osnet_backbone", "x1_0", 512),
        ("build_mobilenetv2_backbone", "1.0x", 1280),
        ("build_shufflenetv2_backbone", "1.0x", 1024),
    ],
)
def test_other_backbones_of_the_host(name, depth, channels, config, batch):
    cfg = config(MODEL__BACKBONE__NAME=name, MODEL__BACKBONE__DEPTH=depth, MODEL__BACKBONE__FEAT_DIM=channels)
    model = build_model(cfg).eval()
    with torch.no_grad():
        assert model(batch(size=(128, 64))).shape == (6, channels)


def test_a_backbone_without_feature_maps_is_refused(config, batch):
    cfg = config(MODEL__BACKBONE__NAME="build_vit_backbone", MODEL__BACKBONE__FEAT_DIM=384)
    cfg.MODEL.BACKBONE.DEPTH = "small"
    cfg.INPUT.SIZE_TRAIN = [64, 32]
    with pytest.raises(ValueError, match="needs feature maps"):
        build_model(cfg).eval()(batch())


def test_a_wrong_feat_dim_is_named(config, batch):
    cfg = config()
    cfg.MODEL.BACKBONE.FEAT_DIM = 2048
    with pytest.raises(ValueError, match="yields 512 channels but feat_dim is 2048; set it to 512"):
        build_model(cfg).eval()(batch())


def test_training_without_labels_is_refused(config, batch):
    model = build_model(config()).train()
    inputs = batch()
    del inputs["clothes"]
    with pytest.raises(KeyError, match="the batch has no 'clothes'"), EventStorage():
        model(inputs)
