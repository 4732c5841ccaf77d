"""IFD on timm's models: two steps of training, and a descriptor."""

import pytest
import torch
from fastreid.modeling import build_model
from fastreid.solver import build_optimizer
from fastreid.utils.events import EventStorage


@pytest.mark.parametrize(
    ("name", "channels"),
    [
        ("tf_efficientnet_lite0", 1280),
        pytest.param("resnet50", 2048, marks=pytest.mark.slow),
        pytest.param("convnext_tiny", 768, marks=pytest.mark.slow),
        pytest.param("vit_small_patch16_224", 384, marks=pytest.mark.slow),
    ],
)
def test_ifd_trains_on_it(name, channels, config, batch):
    torch.manual_seed(0)
    cfg = config(
        MODEL__BACKBONE__NAME="build_timm_backbone", MODEL__BACKBONE__DEPTH=name, MODEL__BACKBONE__FEAT_DIM=channels,
        INPUT__SIZE_TRAIN=[64, 32], INPUT__SIZE_TEST=[64, 32], SOLVER__OPT="SGD", SOLVER__BASE_LR=0.001,
    )  # fmt: skip
    model = build_model(cfg).train()
    optimizer, _ = build_optimizer(cfg, model)
    before = {name: value.clone() for name, value in model.named_parameters()}
    with EventStorage():
        for seed in range(2):
            losses = model(batch(4, seed=seed))
            assert set(losses) == {"loss_cls_main", "loss_cls_attention", "loss_clothing"}
            assert all(torch.isfinite(loss) for loss in losses.values())
            optimizer.zero_grad()
            sum(losses.values()).backward()
            assert [name for name, p in model.named_parameters() if p.requires_grad and p.grad is None] == []
            optimizer.step()
    moved = [name for name, value in model.named_parameters() if not torch.equal(value, before[name])]
    assert {name.split(".")[0] for name in moved} == {
        "backbone", "heads", "attention_stream", "knowledge_transfer", "clothing_branch",
    }  # fmt: skip
    with torch.no_grad():
        assert model.eval()(batch(2)).shape == (2, channels)
