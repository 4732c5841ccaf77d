"""The meta-architectures, built from the config and without."""

import pytest
import torch
from fastreid.config import get_cfg
from fastreid.modeling import build_model
from fastreid.utils.events import EventStorage

from ifd import add_ifd_config
from ifd.modeling.inputs import mask_clothing, split_inputs


def config(**changes):
    cfg = get_cfg()
    add_ifd_config(cfg)
    cfg.MODEL.DEVICE = "cpu"
    cfg.MODEL.META_ARCHITECTURE = "IFD"
    cfg.MODEL.BACKBONE.DEPTH = "18x"
    cfg.MODEL.BACKBONE.FEAT_DIM = 512
    cfg.MODEL.HEADS.NAME = "IFDHead"
    cfg.MODEL.HEADS.WITH_BNNECK = True
    cfg.MODEL.HEADS.NUM_CLASSES = 5
    cfg.merge_from_list([x for pair in changes.items() for x in (pair[0].replace("__", "."), pair[1])])
    return cfg


def batch(n=6, size=(64, 32), seed=0):
    generator = torch.Generator().manual_seed(seed)
    images = 255 * torch.rand(n, 3, *size, generator=generator)
    masks = (torch.rand(n, 1, *size, generator=generator) > 0.5).float()
    pids = torch.arange(n) // 2
    return {"images": torch.cat([images, masks], 1), "targets": pids, "clothes": torch.arange(n)}


VARIANTS = {
    "baseline": ({"IFD__IKT__ENABLED": False, "IFD__CBD__ENABLED": False}, {"loss_cls_main"}),
    "w/ IKT": ({"IFD__CBD__ENABLED": False}, {"loss_cls_main", "loss_cls_attention"}),
    "w/ CBD": ({"IFD__IKT__ENABLED": False}, {"loss_cls_main", "loss_clothing"}),
    "IFD w/ CL": ({"IFD__CBD__LOSS": "supcon"}, {"loss_cls_main", "loss_cls_attention", "loss_clothing"}),
    "IFD": ({}, {"loss_cls_main", "loss_cls_attention", "loss_clothing"}),
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_five_variants_train_all_their_parameters(variant):
    changes, expected = VARIANTS[variant]
    torch.manual_seed(0)
    model = build_model(config(**changes)).train()
    with EventStorage() as storage:
        losses = model(batch())
    assert set(losses) == expected
    assert "main/cls_accuracy" in storage.latest()
    sum(losses.values()).backward()
    # DDP and the host's contiguous parameters both need this.
    assert [name for name, p in model.named_parameters() if p.requires_grad and p.grad is None] == []


def test_joint_loss_is_the_sum_of_eq_6():
    torch.manual_seed(0)
    model = build_model(config(IFD__CBD__LAMBDA=1.0)).train()
    doubled = build_model(config(IFD__CBD__LAMBDA=2.0)).train()
    doubled.load_state_dict(model.state_dict())
    with EventStorage():
        one, two = model(batch()), doubled(batch())
    assert two["loss_clothing"].item() == pytest.approx(2 * one["loss_clothing"].item(), rel=1e-5)
    assert two["loss_cls_main"].item() == pytest.approx(one["loss_cls_main"].item(), rel=1e-6)


def test_descriptor_is_f_rg_from_the_equations():
    torch.manual_seed(0)
    model = build_model(config()).eval()
    inputs = batch()
    images, masks = inputs["images"][:, :3], inputs["images"][:, 3:]
    mean, std = model.pixel_mean, model.pixel_std
    with torch.no_grad():
        f_g = model.backbone((images - mean) / std)
        f_a = model.attention_backbone((images * (1 - masks) - mean) / std)
        pooled = torch.cat([f_a.max(1, keepdim=True)[0], f_a.mean(1, keepdim=True)], 1)
        w_i = torch.sigmoid(torch.nn.functional.conv2d(pooled, model.knowledge_transfer.conv.weight, padding=3))
        expected = model.heads.bottleneck((w_i * f_g).mean((2, 3), keepdim=True))[..., 0, 0]
        torch.testing.assert_close(model(inputs), expected, atol=1e-5, rtol=1e-5)


def test_descriptors_attention_and_joined():
    torch.manual_seed(0)
    model = build_model(config()).eval()
    with torch.no_grad():
        main = model(batch())
        model.descriptor = "attention"
        attention = model(batch())
        model.descriptor = "joined"
        joined = model(batch())
    assert main.shape == attention.shape == (6, 512)
    expected = torch.cat([torch.nn.functional.normalize(x) for x in (main, attention)], 1)
    torch.testing.assert_close(joined, expected)


def test_evaluation_runs_neither_classifier_nor_clothing_branch():
    model = build_model(config()).eval()
    ran = []
    for name, module in model.named_modules():
        module.register_forward_hook(lambda *_, name=name: ran.append(name))
    with torch.no_grad():
        model(batch())
    assert not {name for name in ran if name.startswith("clothing_bias") or "cls_layer" in name}
    assert not {name for name in ran if name.startswith("attention_heads")}
    assert "knowledge_transfer.conv" in ran


def test_batch_is_not_changed_and_flip_test_is_right():
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


def test_clothing_colours_never_reach_the_attention_stream():
    torch.manual_seed(0)
    model = build_model(config()).eval()
    inputs, other = batch(), batch()
    other["images"][:, :3] += 50 * other["images"][:, 3:]
    with torch.no_grad():
        one, two = model.stream_features(inputs), model.stream_features(other)
    assert torch.equal(one.attention, two.attention)
    assert not torch.allclose(one.refined, two.refined)


def test_mask_fill():
    images, masks = torch.full((1, 3, 1, 2), 10.0), torch.tensor([[[[0.0, 1.0]]]])
    fill = torch.tensor([1.0, 2.0, 3.0]).view(1, 3, 1, 1)
    assert mask_clothing(images, masks, fill)[0, :, 0].tolist() == [[10, 1], [10, 2], [10, 3]]


def test_attention_stream_alone_shares_its_parameters_names():
    torch.manual_seed(0)
    alone = build_model(config(MODEL__META_ARCHITECTURE="IFDAttentionStream"))
    joint = build_model(config())
    incompatible = joint.load_state_dict(alone.state_dict(), strict=False)
    assert incompatible.unexpected_keys == []
    assert not any(key.startswith("attention_") for key in incompatible.missing_keys)
    joint.descriptor = "attention"
    with torch.no_grad():
        torch.testing.assert_close(alone.eval()(batch()), joint.eval()(batch()))
    with EventStorage():
        assert set(alone.train()(batch())) == {"loss_cls_attention"}


def test_precise_bn_marks_do_not_reach_the_losses():
    model = build_model(config()).train()
    inputs = batch()
    inputs["targets"].fill_(-1)
    with EventStorage():
        assert all(torch.isfinite(loss) for loss in model(inputs).values())
    assert (inputs["targets"] == -1).all()


def test_margin_losses_and_triplet_follow_the_host_config():
    cfg = config(MODEL__HEADS__CLS_LAYER="ArcSoftmax", MODEL__HEADS__SCALE=16, MODEL__HEADS__MARGIN=0.1)
    cfg.MODEL.LOSSES.NAME = ("CrossEntropyLoss", "TripletLoss")
    with EventStorage():
        losses = build_model(cfg).train()(batch())
    assert set(losses) == {
        "loss_cls_main", "loss_triplet_main", "loss_cls_attention", "loss_triplet_attention", "loss_clothing",
    }  # fmt: skip


def test_normalising_before_pooling_changes_the_head_only_in_order():
    torch.manual_seed(0)
    head = build_model(config(IFD__NECK_ORDER="bn_gap")).heads
    features, targets = torch.randn(4, 512, 4, 2), torch.tensor([0, 1, 2, 3])
    head.train()
    outputs = head(features, targets)
    norm = head.bottleneck[0]
    mean, var = features.mean((0, 2, 3), keepdim=True), features.var((0, 2, 3), unbiased=False, keepdim=True)
    f = ((features - mean) / (var + norm.eps).sqrt()).mean((2, 3))
    torch.testing.assert_close(outputs["cls_outputs"], f @ head.weight.t(), atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(outputs["features"], features.mean((2, 3)))
    head.eval()
    assert head(features).shape == (4, 512)


@pytest.mark.parametrize(
    ("name", "depth", "channels"),
    [
        ("build_osnet_backbone", "x1_0", 512),
        ("build_mobilenetv2_backbone", "1.0x", 1280),
        ("build_shufflenetv2_backbone", "1.0x", 1024),
    ],
)
def test_other_backbones_of_the_host(name, depth, channels):
    cfg = config(MODEL__BACKBONE__NAME=name, MODEL__BACKBONE__DEPTH=depth, MODEL__BACKBONE__FEAT_DIM=channels)
    model = build_model(cfg).eval()
    with torch.no_grad():
        assert model(batch(size=(128, 64))).shape == (6, channels)


def test_a_backbone_without_feature_maps_is_refused():
    cfg = config(MODEL__BACKBONE__NAME="build_vit_backbone", MODEL__BACKBONE__FEAT_DIM=384)
    cfg.MODEL.BACKBONE.DEPTH = "small"
    cfg.INPUT.SIZE_TRAIN = [64, 32]
    with pytest.raises(ValueError, match="needs feature maps"):
        build_model(cfg).eval()(batch())


def test_a_wrong_feat_dim_is_named():
    cfg = config()
    cfg.MODEL.BACKBONE.FEAT_DIM = 2048
    with pytest.raises(ValueError, match="yields 512 channels but MODEL.BACKBONE.FEAT_DIM is 2048; set it to 512"):
        build_model(cfg).eval()(batch())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"IFD__DESCRIPTOR": "both"}, "IFD.DESCRIPTOR is 'both'; expected one of main, attention, joined"),
        ({"IFD__DESCRIPTOR": "joined", "IFD__IKT__ENABLED": False}, "there is no attention stream"),
        ({"IFD__CBD__LOSS": "triplet"}, "IFD.CBD.LOSS is 'triplet'; expected one of ccl, supcon"),
        ({"IFD__CBD__T": 0.0}, "IFD.CBD.T is 0.0; expected T > 0"),
        ({"IFD__CBD__TEMPERATURE": -1.0}, "IFD.CBD.TEMPERATURE is -1.0"),
        ({"IFD__CBD__LAMBDA": -1.0}, "IFD.CBD.LAMBDA is -1.0"),
        ({"IFD__CBD__AVERAGE_OVER": "all"}, "IFD.CBD.AVERAGE_OVER is 'all'"),
        ({"IFD__MASK_FILL": [300.0, 0.0, 0.0]}, "IFD.MASK_FILL"),
        ({"IFD__NECK_ORDER": "bn"}, "IFD.NECK_ORDER is 'bn'"),
    ],
)
def test_bad_values_are_named(changes, message):
    with pytest.raises(ValueError, match=message):
        build_model(config(**changes))


def test_rgb_alone_serves_where_no_mask_is_needed_and_is_refused_elsewhere():
    rgb = {**batch(), "images": batch()["images"][:, :3]}
    baseline = build_model(config(IFD__IKT__ENABLED=False)).eval()
    with torch.no_grad():
        torch.testing.assert_close(baseline(rgb), baseline(batch()))
    with pytest.raises(ValueError, match="needs the clothing mask as a fourth channel"):
        build_model(config()).eval()(rgb)
    with pytest.raises(ValueError, match="needs the clothing mask"), EventStorage():
        baseline.train()(rgb)


def test_inputs_of_another_kind_are_refused():
    with pytest.raises(TypeError, match="found list"):
        split_inputs([1], torch.device("cpu"), needs_mask=True)
    with pytest.raises(ValueError, match=r"\(1, 5, 4, 4\); expected \(N, 4, H, W\)"):
        split_inputs(torch.zeros(1, 5, 4, 4), torch.device("cpu"), needs_mask=True)


def test_training_without_labels_is_refused():
    model = build_model(config()).train()
    inputs = batch()
    del inputs["clothes"]
    with pytest.raises(KeyError, match="the batch has no 'clothes'"), EventStorage():
        model(inputs)
