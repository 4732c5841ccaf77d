"""What both meta-architectures share."""

import pytest
import torch
from fastreid.modeling import build_model
from fastreid.utils.events import EventStorage

from fastreid_runs.accepted_weights import current_names
from fastreid_runs.arguments import ArgumentError
from ifd.modeling import FORMER_NAMES


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


# Of parameters and buffers as 0.1.0 saved them, and of today.
RENAMED = {
    "backbone.conv1.weight": "backbone.conv1.weight",
    "heads.weight": "heads.weight",
    "attention_backbone.conv1.weight": "attention_stream.backbone.conv1.weight",
    "attention_heads.bottleneck.0.running_mean": "attention_stream.head.bottleneck.0.running_mean",
    "knowledge_transfer.conv.weight": "knowledge_transfer.conv.weight",
    "attention_prediction.layers.0.bias": "attention_prediction.layers.0.bias",
    "clothing_bias.norm.weight": "clothing_branch.layer.norm.weight",
}


def test_names_of_the_first_version():
    weights = {name: torch.full((1,), float(i)) for i, name in enumerate(RENAMED)}
    renamed = current_names(weights, FORMER_NAMES)
    assert list(renamed) == list(RENAMED.values())
    assert [value.item() for value in renamed.values()] == list(range(len(RENAMED)))
    assert current_names(renamed, FORMER_NAMES) == renamed
    parallel = {f"module.{name}": 0 for name in RENAMED}
    assert list(current_names(parallel, FORMER_NAMES)) == [f"module.{name}" for name in RENAMED.values()]


def first_names(weights):
    """Weights under the names of 0.1.0."""
    first = {}
    for name, value in weights.items():
        for new, old in (
            ("attention_stream.backbone.", "attention_backbone."),
            ("attention_stream.head.", "attention_heads."),
            ("clothing_branch.layer.", "clothing_bias."),
        ):
            name = old + name.removeprefix(new) if name.startswith(new) else name
        first[name] = value
    return first


def test_a_model_takes_weights_of_the_first_version_strictly(config, batch):
    torch.manual_seed(0)
    trained, model = build_model(config()), build_model(config())
    weights = first_names(trained.state_dict())
    assert not any(name.startswith(("attention_stream", "clothing_branch")) for name in weights)
    model.load_state_dict(weights)
    with torch.no_grad():
        assert torch.equal(model.eval()(batch()), trained.eval()(batch()))


def test_parameters_stand_in_the_order_of_the_first_version(config):
    """Optimisers' states in checkpoints go by the order of the parameters."""
    cfg = config(IFD__PREDICTION__ENABLED=True, IFD__IKT__NORM="BN")
    parts = list(dict.fromkeys(name.split(".")[0] for name in first_names(dict(build_model(cfg).named_parameters()))))
    assert parts == [
        "backbone", "heads", "attention_backbone", "attention_heads", "knowledge_transfer", "attention_prediction",
        "clothing_bias",
    ]  # fmt: skip


def test_what_a_model_needs_and_what_is_foreign_to_it(config):
    model = build_model(config())
    lacks = ["heads.weight", "backbone.conv1.weight", "attention_stream.backbone.conv1.weight"]
    attention = ["attention_stream.head.bottleneck.0.weight"]
    assert model.needed(lacks, attention, starting=False) == lacks[1:]
    assert model.needed(lacks, attention, starting=True) == lacks[2:]
    assert model.foreign(["attention_stream.x", "y"]) == ["attention_stream.x", "y"]
    predicting = build_model(config(IFD__PREDICTION__ENABLED=True, IFD__IKT__ENABLED=False))
    assert predicting.foreign(["attention_stream.x", "knowledge_transfer.conv.weight", "y"]) == ["y"]
    with_both = build_model(config(IFD__PREDICTION__ENABLED=True))
    assert with_both.foreign(["attention_stream.x"]) == ["attention_stream.x"]


def test_the_main_streams_backbone_may_start_from_the_attention_streams(config):
    torch.manual_seed(0)
    weights = build_model(config(MODEL__META_ARCHITECTURE="IFDAttentionStream")).state_dict()
    plain, started = build_model(config()), build_model(config(IFD__STAGE1__START_MAIN_STREAM=True))
    assert plain.starting_weights(weights) == dict(weights)
    starting = started.starting_weights(weights)
    started.load_state_dict(starting, strict=False)
    backbones = started.backbone.state_dict(), started.attention_stream.backbone.state_dict()
    assert list(backbones[0]) == list(backbones[1])
    assert all(torch.equal(value, backbones[1][name]) for name, value in backbones[0].items())
    # Heads stay their own, and a main stream that is there stays what it is.
    assert not any(name.startswith("heads.") for name in starting)
    whole = plain.state_dict()
    assert started.starting_weights(whole) == dict(whole)
    with_head = build_model(config(IFD__STAGE1__START_MAIN_STREAM=True, IFD__STAGE1__START_MAIN_HEAD=True))
    with_head.load_state_dict(with_head.starting_weights(weights), strict=False)
    heads = with_head.heads.state_dict(), with_head.attention_stream.head.state_dict()
    assert list(heads[0]) == list(heads[1])
    assert all(torch.equal(value, heads[1][name]) for name, value in heads[0].items())
    assert with_head.starting_weights(whole) == dict(whole)
    with pytest.raises(ArgumentError, match="start_main_head"):
        build_model(config(IFD__STAGE1__START_MAIN_HEAD=True))


def test_losses_of_logits_in_bfloat16_are_taken_in_float32(config):
    model = build_model(config())
    logits = torch.tensor([[10.0, 10.0, 9.0, 1.0, 1.0], [3.0, 10.0, 10.0, 1.0, 2.0]])
    outputs = {name: logits.bfloat16() for name in ("cls_outputs", "pred_class_logits", "features")}
    with EventStorage(0), torch.autocast("cpu", torch.bfloat16):
        (loss,) = model.identity_losses(outputs, torch.tensor([0, 2]), "main").values()
        (expected,) = model.identity_losses(dict.fromkeys(outputs, logits), torch.tensor([0, 2]), "main").values()
    assert loss.dtype == torch.float32
    assert loss == expected


def test_identities_are_counted_by_either_classifier(config):
    for architecture in ("IFD", "IFDAttentionStream"):
        model = build_model(config(MODEL__META_ARCHITECTURE=architecture))
        assert model.num_identities(model.state_dict()) == 5
    assert model.num_identities({"backbone.conv1.weight": torch.zeros(1)}) == 0
