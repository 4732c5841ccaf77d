"""Both streams, built from the config and without."""

import pytest
import torch
from fastreid.modeling import build_model
from fastreid.utils.events import EventStorage

from fastreid_runs.arguments import ArgumentError, naming
from ifd.modeling import IFD, AttentionPrediction, AttentionStream, IDKnowledgeTransfer, IFDHead

VARIANTS = {
    "baseline": ({"IFD__IKT__ENABLED": False, "IFD__CBD__ENABLED": False}, {"loss_cls_main"}),
    "w/ IKT": ({"IFD__CBD__ENABLED": False}, {"loss_cls_main", "loss_cls_attention"}),
    "w/ CBD": ({"IFD__IKT__ENABLED": False}, {"loss_cls_main", "loss_clothing"}),
    "IFD w/ CL": ({"IFD__CBD__LOSS": "supcon"}, {"loss_cls_main", "loss_cls_attention", "loss_clothing"}),
    "IFD": ({}, {"loss_cls_main", "loss_cls_attention", "loss_clothing"}),
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_five_variants_train_all_their_parameters(variant, config, batch):
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


def test_joint_loss_is_the_sum_of_eq_6(config, batch):
    torch.manual_seed(0)
    model = build_model(config(IFD__CBD__LAMBDA=1.0)).train()
    doubled = build_model(config(IFD__CBD__LAMBDA=2.0)).train()
    doubled.load_state_dict(model.state_dict())
    with EventStorage():
        one, two = model(batch()), doubled(batch())
    assert two["loss_clothing"].item() == pytest.approx(2 * one["loss_clothing"].item(), rel=1e-5)
    assert two["loss_cls_main"].item() == pytest.approx(one["loss_cls_main"].item(), rel=1e-6)


def test_descriptor_is_f_rg_from_the_equations(config, batch):
    torch.manual_seed(0)
    model = build_model(config(IFD__MASK_DILATE=0)).eval()
    inputs = batch()
    images, masks = inputs["images"][:, :3], inputs["images"][:, 3:]
    mean, std = model.pixel_mean, model.pixel_std
    with torch.no_grad():
        f_g = model.backbone((images - mean) / std)
        f_a = model.attention_stream.backbone((images * (1 - masks) - mean) / std)
        pooled = torch.cat([f_a.max(1, keepdim=True)[0], f_a.mean(1, keepdim=True)], 1)
        w_i = torch.sigmoid(torch.nn.functional.conv2d(pooled, model.knowledge_transfer.conv.weight, padding=3))
        expected = model.heads.bottleneck((w_i * f_g).mean((2, 3), keepdim=True))[..., 0, 0]
        torch.testing.assert_close(model(inputs), expected, atol=1e-5, rtol=1e-5)


def test_descriptors_of_the_attention_stream_need_no_map(config, batch):
    model = build_model(config(IFD__DESCRIPTOR="attention")).eval()
    made = []
    model.knowledge_transfer.register_forward_hook(lambda *arguments: made.append(True))
    with torch.no_grad():
        descriptors = model(batch())
        assert not made
        described = model.describe(batch())
    assert described.attention_map is not None
    assert (len(made), torch.equal(described.descriptors, descriptors)) == (1, True)


def test_descriptors_attention_and_joined(config, batch):
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


@pytest.mark.parametrize("weights", [(1.0, 1.0), (3.0, 1.0), (0.0, 2.0)])
def test_joined_similarity_is_the_weighted_mean_of_the_parts(config, batch, weights):
    torch.manual_seed(0)
    model = build_model(config(IFD__JOINED_WEIGHTS=list(weights))).eval()
    parts = {}
    with torch.no_grad():
        for descriptor in ("main", "attention", "joined"):
            model.descriptor = descriptor
            unit = torch.nn.functional.normalize(model(batch()))
            parts[descriptor] = unit @ unit.t()
    mean = (weights[0] * parts["main"] + weights[1] * parts["attention"]) / sum(weights)
    torch.testing.assert_close(parts["joined"], mean)


@pytest.mark.parametrize("pool", ["GlobalAvgPool", "FastGlobalAvgPool"])
def test_weighted_mean_in_place_of_the_global_average(config, batch, pool):
    """f_rg against the loop sum(W F) / sum(W), in evaluation and in the losses' inputs of training."""
    torch.manual_seed(0)
    model = build_model(config(IFD__IKT__WEIGHTED_MEAN=True, MODEL__HEADS__POOL_LAYER=pool)).eval()
    inputs = batch()
    with torch.no_grad():
        features = model.stream_features(inputs)
        n, channels, height, width = features.main.shape
        sums, weights = torch.zeros(n, channels), torch.zeros(n, 1)
        for y in range(height):
            for x in range(width):
                sums += features.attention_map[:, :, y, x] * features.main[:, :, y, x]
                weights += features.attention_map[:, :, y, x]
        expected = sums / weights
        torch.testing.assert_close(
            model(inputs), model.heads.bottleneck(expected[..., None, None])[..., 0, 0], atol=1e-5, rtol=1e-4
        )
        outputs = model.main_head(features.refined, features.attention_map, inputs["targets"])
    torch.testing.assert_close(outputs["features"], expected, atol=1e-5, rtol=1e-4)


def test_weighted_mean_does_not_follow_the_sum_of_the_map(config, batch):
    torch.manual_seed(0)
    model = build_model(config(IFD__IKT__WEIGHTED_MEAN=True)).eval()
    with torch.no_grad():
        features = model.stream_features(batch())
        whole = model.main_head(features.refined, features.attention_map)
        tenth = model.main_head(0.1 * features.refined, 0.1 * features.attention_map)
        torch.testing.assert_close(whole, tenth, atol=1e-5, rtol=1e-4)
        assert not torch.allclose(whole, model.heads(features.refined))
        # Where no map refines, the plain mean.
        assert torch.equal(model.main_head(features.main, None), model.heads(features.main))


def test_evaluation_runs_neither_classifier_nor_clothing_branch(config, batch):
    model = build_model(config()).eval()
    ran = []
    for name, module in model.named_modules():
        module.register_forward_hook(lambda *_, name=name: ran.append(name))
    with torch.no_grad():
        model(batch())
    assert not {name for name in ran if name.startswith("clothing_branch") or "cls_layer" in name}
    assert not {name for name in ran if name.startswith("attention_stream.head")}
    assert "knowledge_transfer.conv" in ran


def test_clothing_colours_never_reach_the_attention_stream(config, batch):
    torch.manual_seed(0)
    model = build_model(config()).eval()
    inputs, other = batch(), batch()
    other["images"][:, :3] += 50 * other["images"][:, 3:]
    with torch.no_grad():
        one, two = model.stream_features(inputs), model.stream_features(other)
    assert torch.equal(one.attention, two.attention)
    assert not torch.allclose(one.refined, two.refined)


def test_margin_losses_and_triplet_follow_the_host_config(config, batch):
    cfg = config(MODEL__HEADS__CLS_LAYER="ArcSoftmax", MODEL__HEADS__SCALE=16, MODEL__HEADS__MARGIN=0.1)
    cfg.MODEL.LOSSES.NAME = ("CrossEntropyLoss", "TripletLoss")
    with EventStorage():
        losses = build_model(cfg).train()(batch())
    assert set(losses) == {
        "loss_cls_main", "loss_triplet_main", "loss_cls_attention", "loss_triplet_attention", "loss_clothing",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"IFD__DESCRIPTOR": "both"}, "IFD.DESCRIPTOR is 'both'; expected one of main, attention, joined"),
        (
            {"IFD__DESCRIPTOR": "joined", "IFD__IKT__ENABLED": False},
            "IFD.DESCRIPTOR is 'joined' but IFD.IKT.ENABLED is off: there is no attention stream",
        ),
        ({"IFD__IKT__NORM": "GN"}, "IFD.IKT.NORM is 'GN'"),
        ({"IFD__IKT__KERNEL_SIZE": 2}, "IFD.IKT.KERNEL_SIZE is 2"),
        ({"IFD__PREDICTION__ENABLED": True, "IFD__PREDICTION__WEIGHT": -1.0}, "IFD.PREDICTION.WEIGHT is -1.0"),
        ({"IFD__CBD__MASK_RESIZE": "cubic"}, "IFD.CBD.MASK_RESIZE is 'cubic'"),
        ({"IFD__CBD__LOSS": "triplet"}, "IFD.CBD.LOSS is 'triplet'; expected one of ccl, supcon"),
        ({"IFD__CBD__T": 0.0}, "IFD.CBD.T is 0.0; expected T > 0"),
        ({"IFD__CBD__TEMPERATURE": -1.0}, "IFD.CBD.TEMPERATURE is -1.0"),
        ({"IFD__CBD__LAMBDA": -1.0}, "IFD.CBD.LAMBDA is -1.0"),
        ({"IFD__CBD__AVERAGE_OVER": "all"}, "IFD.CBD.AVERAGE_OVER is 'all'"),
        ({"IFD__MASK_FILL": [300.0, 0.0, 0.0]}, "IFD.MASK_FILL"),
        ({"IFD__JOINED_WEIGHTS": [1.0]}, r"IFD.JOINED_WEIGHTS is \[1.0\]; expected two numbers"),
        ({"IFD__JOINED_WEIGHTS": [1.0, -1.0]}, "IFD.JOINED_WEIGHTS is"),
        ({"IFD__JOINED_WEIGHTS": [0.0, 0.0]}, "IFD.JOINED_WEIGHTS is"),
        (
            {"IFD__IKT__WEIGHTED_MEAN": True, "IFD__NECK_ORDER": "bn_gap"},
            "IFD.IKT.WEIGHTED_MEAN is on, .* set MODEL.HEADS.POOL_LAYER to 'GlobalAvgPool' and IFD.NECK_ORDER to",
        ),
        ({"IFD__IKT__WEIGHTED_MEAN": True, "MODEL__HEADS__POOL_LAYER": "GlobalMaxPool"}, "IFD.IKT.WEIGHTED_MEAN is on"),
        ({"IFD__MASK_DILATE": -1}, "IFD.MASK_DILATE is -1"),
        ({"IFD__NECK_ORDER": "bn"}, "IFD.NECK_ORDER is 'bn'"),
    ],
)
def test_bad_values_are_named(changes, message, config):
    with pytest.raises(ValueError, match=message), naming(IFD.config_keys):
        build_model(config(**changes))


def test_rgb_alone_serves_where_no_mask_is_needed_and_is_refused_elsewhere(config, batch):
    rgb = {**batch(), "images": batch()["images"][:, :3]}
    baseline = build_model(config(IFD__IKT__ENABLED=False)).eval()
    with torch.no_grad():
        torch.testing.assert_close(baseline(rgb), baseline(batch()))
    with pytest.raises(ValueError, match="needs the clothing mask as a fourth channel"):
        build_model(config()).eval()(rgb)
    with pytest.raises(ValueError, match="needs the clothing mask"), EventStorage():
        baseline.train()(rgb)


def parts(channels=4, classes=3):
    """A backbone of one convolution, twice, and a head for each: (backbone, head) pairs."""
    heads = [
        IFDHead(
            feat_dim=channels,
            embedding_dim=0,
            num_classes=classes,
            neck_feat="before",
            pool_type="GlobalAvgPool",
            cls_type="Linear",
            scale=1,
            margin=0,
            with_bnneck=True,
            norm_type="BN",
        )
        for _ in range(2)
    ]
    return [(torch.nn.Conv2d(3, channels, 3, stride=8), head) for head in heads]


def assembled(**arguments):
    (backbone, head), _ = parts()
    losses = {"loss_names": ("CrossEntropyLoss",), "ce": {"eps": 0.0, "alpha": 0.0, "scale": 1.0}}
    return IFD(
        backbone=backbone,
        head=head,
        mask_fill=[0, 0, 0],
        feat_dim=4,
        pixel_mean=[0, 0, 0],
        pixel_std=[255, 255, 255],
        loss_kwargs=losses,
        **arguments,
    )


def test_parts_come_without_a_config(batch):
    torch.manual_seed(0)
    stream = AttentionStream(*parts()[1])
    model = assembled(attention_stream=stream, knowledge_transfer=IDKnowledgeTransfer(3)).train()
    with EventStorage():
        assert set(model(batch())) == {"loss_cls_main", "loss_cls_attention"}


def test_without_a_transfer_both_streams_learn_side_by_side(batch):
    torch.manual_seed(0)
    model = assembled(attention_stream=AttentionStream(*parts()[1])).train()
    features = model.stream_features(batch())
    assert torch.equal(features.refined, features.main)
    assert features.attention_map is None
    with EventStorage():
        losses = model(batch())
    losses["loss_cls_main"].backward()
    assert all(parameter.grad is None for parameter in model.attention_stream.parameters())
    assert model.backbone.weight.grad is not None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"knowledge_transfer": IDKnowledgeTransfer()}, "knowledge_transfer has nothing to transfer"),
        (
            {"attention_stream": AttentionStream(*parts()[1]), "attention_prediction": AttentionPrediction(4)},
            "attention_prediction has no map to learn from: knowledge_transfer is off",
        ),
    ],
)
def test_parts_that_mean_nothing_together_are_refused(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        assembled(**arguments)


def outfits_of(batch):
    """``clothes_range`` beside a batch of two images a person, each in an outfit of its own."""
    first = 2 * batch["targets"]
    return {**batch, "clothes_range": torch.stack([first, first + 2], 1)}


ADVERSARIAL = {"IFD__CAL__ENABLED": True, "IFD__OUTFITS__COUNT": 6}


@pytest.mark.parametrize("ikt", [True, False])
def test_clothes_adversary_on_the_main_stream(config, batch, ikt):
    torch.manual_seed(0)
    model = build_model(config(IFD__IKT__ENABLED=ikt, **ADVERSARIAL)).train()
    # Outside of a training, as here, all of it is tried; in one from IFD.CAL.START_EPOCH on.
    with EventStorage():
        losses = model(outfits_of(batch()))
    assert {"loss_clothes_classifier", "loss_clothes_adversary"} <= set(losses)
    sum(losses.values()).backward()
    assert [name for name, p in model.named_parameters() if p.requires_grad and p.grad is None] == []
    with EventStorage() as storage:
        storage.epoch = 24
        assert "loss_clothes_adversary" not in model(outfits_of(batch()))
        storage.epoch = 25
        losses = model(outfits_of(batch()))
    assert "loss_clothes_adversary" in losses
    parameters = list(model.backbone.parameters())
    assert torch.autograd.grad(losses["loss_clothes_adversary"], parameters, retain_graph=True)[0].any()
    taught = torch.autograd.grad(losses["loss_clothes_classifier"], parameters, allow_unused=True)
    assert taught == (None,) * len(parameters)


def test_clothes_adversary_is_given_the_descriptors(config, batch):
    torch.manual_seed(0)
    model = build_model(config(IFD__CBD__ENABLED=False, **ADVERSARIAL)).train()
    given = []
    model.adversary.register_forward_pre_hook(lambda _, arguments: given.append(arguments))
    with EventStorage() as storage:
        storage.epoch = 3
        model(outfits_of(batch()))
        # What the host's precise BN shows has no class.
        model({**outfits_of(batch()), "targets": torch.full((6,), -1)})
    ((features, clothes, outfits, epoch),) = given
    model.heads.bottleneck.eval()
    assert features.mean(0).abs().max() < 1e-4  # after batch norm
    assert features.shape == (6, 512)
    assert (clothes.tolist(), epoch) == ([0, 1, 2, 3, 4, 5], 3)
    assert outfits.tolist() == [[0, 2], [0, 2], [2, 4], [2, 4], [4, 6], [4, 6]]


def test_clothes_adversary_needs_our_head_and_is_not_asked_in_evaluation(config, batch):
    model = build_model(config(MODEL__HEADS__NAME="EmbeddingHead", **ADVERSARIAL)).train()
    message = "set MODEL.HEADS.NAME to it"
    with pytest.raises(ArgumentError, match=message), EventStorage(), naming(IFD.config_keys):
        model(outfits_of(batch()))
    torch.manual_seed(0)
    plain = build_model(config()).eval()
    model = build_model(config(**ADVERSARIAL)).eval()
    model.load_state_dict(plain.state_dict(), strict=False)
    with torch.no_grad():
        assert torch.equal(model(batch()), plain(batch()))


def test_what_is_off_adds_no_parameter_no_loss_and_draws_no_number(config, batch):
    torch.manual_seed(0)
    model = build_model(config()).train()
    parts = {name.split(".")[0] for name in model.state_dict()}
    assert parts == {"backbone", "heads", "attention_stream", "knowledge_transfer", "clothing_branch"}
    before = torch.get_rng_state()
    with EventStorage():
        assert set(model(batch())) == {"loss_cls_main", "loss_cls_attention", "loss_clothing"}
    assert torch.equal(torch.get_rng_state(), before)


BESIDE = {"IFD__CONSISTENCY__ENABLED": True, "IFD__IKT__REFINES": False}


def test_consistency_draws_the_main_stream_to_the_other_alone(config, batch):
    torch.manual_seed(0)
    model = build_model(config(**BESIDE)).train()
    with EventStorage():
        losses = model(batch())
    assert set(losses) == {"loss_cls_main", "loss_cls_attention", "loss_clothing", "loss_consistency"}
    sum(losses.values()).backward(retain_graph=True)
    assert [name for name, p in model.named_parameters() if p.requires_grad and p.grad is None] == []
    for module, taught in ((model.backbone, True), (model.attention_stream, False)):
        parameters = [parameter for parameter in module.parameters() if parameter.requires_grad]
        gradients = torch.autograd.grad(losses["loss_consistency"], parameters, retain_graph=True, allow_unused=True)
        assert any(gradient is not None for gradient in gradients) == taught


def test_the_main_stream_that_was_drawn_to_the_other_is_evaluated_from_rgb(config, batch):
    torch.manual_seed(0)
    whole = build_model(config(**BESIDE)).eval()
    alone = build_model(config(IFD__CONSISTENCY__ENABLED=True, IFD__IKT__ENABLED=False)).eval()
    found = alone.load_state_dict(whole.state_dict(), strict=False)
    assert found.missing_keys == []
    assert alone.foreign(found.unexpected_keys) == []
    with torch.no_grad():
        torch.testing.assert_close(alone({"images": batch()["images"][:, :3]}), whole(batch()))
    # Refined by W_I, the main stream is another without.
    assert alone.foreign(["knowledge_transfer.conv.weight"]) == ["knowledge_transfer.conv.weight"]
    with pytest.raises(ArgumentError, match="no attention stream to be drawn to"), EventStorage():
        alone.train()(batch())


def test_triplet_loss_of_the_host_in_both_streams_is_that_of_the_hardest_pairs(config, batch):
    cfg = config(IFD__CBD__ENABLED=False, MODEL__LOSSES__TRI__HARD_MINING=True, MODEL__LOSSES__TRI__MARGIN=0.3)
    cfg.MODEL.LOSSES.NAME = ("CrossEntropyLoss", "TripletLoss")
    torch.manual_seed(0)
    model = build_model(cfg).train()
    inputs = batch()
    with EventStorage(), torch.no_grad():
        losses = model(inputs)
        features = model.stream_features(inputs)
    pids = inputs["targets"].tolist()
    for stream, maps in (("main", features.refined), ("attention", features.attention)):
        pooled = maps.mean((2, 3)).double()
        total = 0.0
        for i in range(6):
            distances = [(pooled[i] - pooled[j]).norm().item() for j in range(6)]
            positive = max(distances[j] for j in range(6) if pids[j] == pids[i])
            negative = min(distances[j] for j in range(6) if pids[j] != pids[i])
            total += max(0.0, 0.3 + positive - negative)
        assert losses[f"loss_triplet_{stream}"].item() == pytest.approx(total / 6, rel=1e-3)


def test_other_clothes_in_training_reach_the_main_stream_alone(config, batch):
    options = {"IFD__CLOTHES_AUGMENTATION__RECOLOUR": 1.0, "IFD__CLOTHES_AUGMENTATION__SWAP": 1.0}
    torch.manual_seed(0)
    model = build_model(config(**options)).train()
    seen = {}
    model.backbone.register_forward_pre_hook(lambda _, images: seen.update(main=images[0]))
    model.attention_stream.backbone.register_forward_pre_hook(lambda _, images: seen.update(attention=images[0]))
    inputs = batch()
    before = inputs["images"].clone()
    with EventStorage():
        model(inputs)
    assert torch.equal(inputs["images"], before)
    clothes = (before[:, 3:] > 0).expand_as(before[:, :3])
    normal = model.normalize(before[:, :3])
    assert torch.equal(seen["main"][~clothes], normal[~clothes])
    assert not torch.isclose(seen["main"][clothes], normal[clothes]).all()
    # The masked image is the one it would be without.
    plain = build_model(config()).train()
    plain.attention_stream.backbone.register_forward_pre_hook(lambda _, images: seen.update(plain=images[0]))
    with EventStorage():
        plain(inputs)
    assert torch.equal(seen["attention"], seen["plain"])
    # Evaluation sees what is there.
    with torch.no_grad():
        model.eval()(inputs)
    assert torch.equal(seen["main"], normal)
