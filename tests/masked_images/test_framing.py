"""Framing image and mask at once gives the very values, and draws, of torchvision's transforms one after another."""

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.transforms import v2
from torchvision.transforms.v2 import InterpolationMode

from masked_images import MaskedTransforms
from masked_images.framing import Framing

SIZE = [40, 24]
RESIZE = v2.Resize(SIZE, interpolation=InterpolationMode.BICUBIC)
FLIP = v2.RandomHorizontalFlip(0.5)
PADDED = [v2.Pad(5), v2.RandomCrop(SIZE)]
CHAINS = {
    "resize": [RESIZE],
    "flip": [RESIZE, FLIP],
    "pad": [RESIZE, *PADDED],
    "all": [RESIZE, *PADDED, FLIP],
    "pad by more than there is": [
        v2.Resize([8, 6], interpolation=InterpolationMode.BICUBIC),
        v2.Pad(10),
        v2.RandomCrop([8, 6]),
        FLIP,
    ],
}
OTHERS = {
    "nothing": [],
    "no resize": [FLIP],
    "bilinear": [v2.Resize(SIZE), FLIP],
    "the shorter side": [v2.Resize(24, interpolation=InterpolationMode.BICUBIC)],
    "reflected": [RESIZE, v2.Pad(5, padding_mode="reflect"), v2.RandomCrop(SIZE)],
    "grey": [RESIZE, v2.Pad(5, fill=128), v2.RandomCrop(SIZE)],
    "two paddings": [RESIZE, v2.Pad([5, 3]), v2.RandomCrop(SIZE)],
    "not cropped": [RESIZE, v2.Pad(5)],
    "cropped to less": [RESIZE, v2.Pad(5), v2.RandomCrop([20, 20])],
    "colours": [RESIZE, FLIP, v2.ColorJitter(0.1)],
}


def sample(size, seed=0):
    random = np.random.default_rng(seed)
    image = Image.fromarray(random.integers(0, 256, (*size, 3), np.uint8))
    return image, np.kron(random.integers(0, 2, (size[0] // 5, size[1] // 5)), np.ones((5, 5))).astype(np.uint8)


@pytest.mark.parametrize("mask_resize", ["antialias", "nearest"])
@pytest.mark.parametrize("name", CHAINS)
def test_values_and_draws_are_those_of_the_chain(name, mask_resize):
    framing = Framing.of(CHAINS[name])
    one_by_one = MaskedTransforms(CHAINS[name], [], mask_resize)._moved
    results = []
    for seed, size in enumerate([(85, 45), (20, 10), (40, 25), (60, 15)] * 4):
        image, mask = sample(size, seed)
        torch.manual_seed(seed)
        expected, drawn = one_by_one(image, mask), torch.rand(1)
        torch.manual_seed(seed)
        assert torch.equal(framing(image, mask, mask_resize), expected)
        assert torch.equal(torch.rand(1), drawn)
        results.append(expected)
    assert any(result[3].any() for result in results)


@pytest.mark.parametrize("name", OTHERS)
def test_what_does_something_else_is_none(name):
    assert Framing.of(OTHERS[name]) is None


def test_a_chain_of_the_configs_is_one():
    assert Framing.of(CHAINS["all"]) == Framing((40, 24), 5, 0.5)


def test_what_touches_the_image_alone_may_write_into_it_or_give_another():
    image, mask = sample((85, 45))
    plain = MaskedTransforms([RESIZE], [], "antialias")(image, mask)
    for darker in (lambda pixels: pixels.mul_(0.5), lambda pixels: pixels * 0.5):
        changed = MaskedTransforms([RESIZE], [darker], "antialias")(image, mask)
        assert torch.equal(changed[:3], plain[:3] * 0.5)
        assert torch.equal(changed[3], plain[3])
