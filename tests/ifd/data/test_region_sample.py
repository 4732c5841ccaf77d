"""Images whose head, clothes and background are known."""

import numpy as np
import pytest
import torch
from PIL import Image

from datasets_ext import LABEL_SYSTEMS, ParsingMaps
from ifd.data import build_test_loader, build_train_loader
from ifd.data.region_sample import _regions, read_region_sample


def test_images_are_spread_over_the_data_set_and_masks_lie_on_them(tiny_config):
    dataset = build_train_loader(tiny_config).dataset
    sample = read_region_sample(tiny_config, dataset, count=7)
    assert sample.images.shape == (7, 4, 64, 32)
    assert list(sample.regions) == ["head", "clothes", "background"]
    # As in the tiny data set: head in rows 4-16 and columns 10-22, clothes in rows 16-56 and columns 6-26.
    head, clothes, background = (sample.regions[name] for name in sample.regions)
    assert torch.equal(head[:, :, 4:16, 10:22], torch.ones(7, 1, 12, 12))
    assert head.sum() == 7 * 12 * 12
    assert clothes.sum() == 7 * 40 * 20
    assert torch.equal(clothes, sample.images[:, 3:])
    assert torch.equal(head + clothes + background, torch.ones(7, 1, 64, 32))
    # First and last image are among them; the same in each run.
    plain = build_test_loader(tiny_config, "PRCC")[0].dataset.transform
    path = dataset.img_items[-1][0]
    assert torch.equal(sample.images[-1, :3], plain(Image.open(path), np.zeros((64, 32), np.uint8))[:3])
    again = read_region_sample(tiny_config, dataset, count=7)
    assert torch.equal(sample.images, again.images)


def test_a_small_data_set_gives_all_it_has(tiny_config):
    dataset = build_train_loader(tiny_config).dataset
    dataset.img_items = dataset.img_items[:3]
    assert len(read_region_sample(tiny_config, dataset, count=32).images) == 3


@pytest.mark.parametrize(
    ("system", "head"),
    [
        ("lip", {"Hat", "Hair", "Sunglasses", "Face"}),
        ("atr", {"Hat", "Hair", "Sunglasses", "Face"}),
        ("pascal", {"Head"}),
    ],
)
def test_every_label_system_has_a_head_and_a_background(system, head, tmp_path):
    known = ParsingMaps(tmp_path, tmp_path, system).system
    regions = _regions(known)
    assert {LABEL_SYSTEMS[system].names[value] for value in regions["head"]} == head
    assert regions["background"] == (0,)
