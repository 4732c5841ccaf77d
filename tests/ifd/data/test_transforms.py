"""The transforms by config, which are those of ``masked_images``."""

import numpy as np
import pytest
import torch
from PIL import Image

from ifd.data import build_masked_transforms
from masked_images import build_masked_transforms as build_by_argument


@pytest.mark.parametrize("mask_resize", ["antialias", "nearest"])
def test_the_mask_is_resized_as_the_key_says(tiny_config, mask_resize):
    tiny_config.IFD.MASK_RESIZE = mask_resize
    blocks = np.random.default_rng(0).integers(0, 2, (12, 6), dtype=np.uint8)
    mask = np.kron(blocks, np.ones((8, 8), dtype=np.uint8))
    image = Image.fromarray(np.repeat(255 * mask[..., None], 3, axis=2))
    found = build_masked_transforms(tiny_config, is_train=False)(image, mask)
    assert torch.equal(found, build_by_argument(tiny_config, mask_resize, is_train=False)(image, mask))
    assert (set(found[3].unique().tolist()) == {0.0, 1.0}) == (mask_resize == "nearest")


def test_an_unknown_resizing_is_refused_by_its_key(tiny_config):
    tiny_config.IFD.MASK_RESIZE = "bilinear"
    with pytest.raises(ValueError, match="IFD.MASK_RESIZE is 'bilinear'; expected one of antialias, nearest"):
        build_masked_transforms(tiny_config)
