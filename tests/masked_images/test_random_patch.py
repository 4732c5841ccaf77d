"""Patches of another image: pasted at the host's rate and sizes, and the same whatever was read before."""

import random

import torch

from ifd.data import SeededIndex, build_train_loader
from masked_images.random_patch import PatchOfAnotherImage


def patched(seed, probability=1.0, source=200.0):
    random.seed(seed)
    patch = PatchOfAnotherImage(lambda: torch.full((3, 20, 12), source), probability)
    return patch(torch.zeros(3, 20, 12))


def test_a_patch_covers_what_the_host_allows():
    areas = [(patched(seed)[0] > 0).float().mean().item() for seed in range(300)]
    assert min(areas) >= 0.01 * 0.5
    assert max(areas) <= 0.55  # half of the image, and what rounding adds
    assert max(areas) > 0.4


def test_it_is_one_rectangle_of_the_other_image():
    for seed in range(50):
        covered = patched(seed)
        rows, columns = (covered[0] > 0).any(1).nonzero(), (covered[0] > 0).any(0).nonzero()
        inside = covered[:, rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        assert (inside == 200).all()


def test_the_probability_is_kept():
    share = sum(bool((patched(seed, 0.3) > 0).any()) for seed in range(1000)) / 1000
    assert 0.25 < share < 0.35
    assert not patched(0, 0.0).any()


def test_a_smaller_source_and_an_image_of_one_row_are_served():
    random.seed(0)
    patch = PatchOfAnotherImage(lambda: torch.full((3, 4, 4), 200.0), 1.0)
    assert (patch(torch.zeros(3, 20, 12)) > 0).any()
    assert not patch(torch.zeros(3, 1, 12)).any()


def test_an_item_does_not_depend_on_those_before(tiny_config):
    tiny_config.INPUT.RPT.ENABLED = True
    tiny_config.INPUT.RPT.PROB = 1.0
    data = build_train_loader(tiny_config).dataset
    first = data[SeededIndex(5, 17)]["images"]
    for index in range(20):
        data[index]
    assert torch.equal(data[SeededIndex(5, 17)]["images"], first)
    tiny_config.INPUT.RPT.PROB = 0.0
    without = build_train_loader(tiny_config).dataset[SeededIndex(5, 17)]["images"]
    assert torch.equal(without[3], first[3])
    assert not torch.equal(without[:3], first[:3])
