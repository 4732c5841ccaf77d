"""The clothing branch's loss as the config says."""

import pytest
import torch
from fastreid.config import get_cfg

from ifd import add_ifd_config
from ifd.losses import build_clothing_loss, clothing_contrastive_loss, supervised_contrastive_loss


def config(**changes):
    cfg = get_cfg()
    add_ifd_config(cfg)
    for key, value in changes.items():
        setattr(cfg.IFD.CBD, key, value)
    return cfg


@pytest.fixture
def batch():
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(9, 5, generator=generator)
    return features, torch.tensor([0, 0, 0, 1, 1, 1, 2, 2, 3]), torch.tensor([0, 1, 1, 2, 3, 4, 5, 5, 6])


def test_every_key_reaches_the_clothing_contrastive_loss(batch):
    keys = {"TEMPERATURE": 0.3, "T": 0.25, "AVERAGE_OVER": "batch", "NORMALIZE_WEIGHTS": True}
    expected = clothing_contrastive_loss(
        *batch, temperature=0.3, cross_clothes_weight=4.0, average_over="batch", normalize_weights=True
    )
    assert torch.equal(build_clothing_loss(config(**keys))(*batch), expected)
    default = clothing_contrastive_loss(*batch, temperature=0.1, cross_clothes_weight=2.0)
    assert torch.equal(build_clothing_loss(config())(*batch), default)
    for left_out in keys:
        others = {key: value for key, value in keys.items() if key != left_out}
        assert not torch.equal(build_clothing_loss(config(**others))(*batch), expected)


def test_the_supervised_contrastive_loss(batch):
    expected = supervised_contrastive_loss(*batch[:2], temperature=0.3)
    assert torch.equal(build_clothing_loss(config(LOSS="supcon", TEMPERATURE=0.3))(*batch), expected)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"LOSS": "triplet"}, "IFD.CBD.LOSS is 'triplet'; expected one of ccl, supcon"),
        ({"T": 0.0}, "IFD.CBD.T is 0.0; expected T > 0"),
        ({"TEMPERATURE": -1.0}, "IFD.CBD.TEMPERATURE is -1.0; expected tau > 0"),
        ({"LOSS": "supcon", "TEMPERATURE": 0.0}, "IFD.CBD.TEMPERATURE is 0.0; expected tau > 0"),
        ({"AVERAGE_OVER": "all"}, "IFD.CBD.AVERAGE_OVER is 'all'; expected one of anchors_with_positive, batch"),
    ],
)
def test_bad_values_are_named_by_their_keys(changes, message):
    with pytest.raises(ValueError, match=message):
        build_clothing_loss(config(**changes))
