"""The host's transforms: every INPUT switch, RandomAffine's old names, and images of every mode to tensors."""

import pickle

import numpy as np
import pytest
import torch
import torchvision.transforms as T
from fastreid.config import get_cfg
from fastreid.data.transforms import ToTensor, build, build_transforms, functional
from PIL import Image

from fastreid_compat.transforms import RandomAffine


@pytest.fixture
def image():
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (80, 40, 3), dtype=np.uint8))


@pytest.mark.parametrize("switch", ["AFFINE", "AUGMIX", "AUTOAUG", "CJ", "CROP", "FLIP", "PADDING", "REA", "RPT"])
def test_every_switch_gives_an_image_of_the_size_asked_for(switch, image):
    cfg = get_cfg()
    cfg.INPUT.SIZE_TRAIN = cfg.INPUT.SIZE_TEST = cfg.INPUT.CROP.SIZE = [64, 32]
    cfg.INPUT[switch].ENABLED = True
    if "PROB" in cfg.INPUT[switch]:
        cfg.INPUT[switch].PROB = 1.0
    for is_train in (True, False):
        transform = build_transforms(cfg, is_train)
        for _ in range(20):
            tensor = transform(image)
            assert tensor.shape == (3, 64, 32)
            assert tensor.dtype == torch.float32
            assert 0 <= tensor.min() <= tensor.max() <= 255


def test_only_the_hosts_transforms_see_the_old_names():
    assert build.T.RandomAffine is RandomAffine
    assert build.T.Resize is T.Resize
    assert T.RandomAffine is not RandomAffine
    with pytest.raises(AttributeError, match="Unheard"):
        build.T.Unheard  # noqa: B018


@pytest.mark.parametrize(
    ("resample", "interpolation"), [(False, T.InterpolationMode.NEAREST), (2, T.InterpolationMode.BILINEAR)]
)
def test_affine_is_torchvisions_under_the_old_names(resample, interpolation, image):
    arguments = {"degrees": 10, "translate": None, "scale": [0.9, 1.1], "shear": 0.1}
    old = RandomAffine(**arguments, resample=resample, fillcolor=7)
    new = T.RandomAffine(**arguments, interpolation=interpolation, fill=7)
    for transform in (old, pickle.loads(pickle.dumps(old))):
        torch.manual_seed(0)
        expected = new(image)
        torch.manual_seed(0)
        assert transform(image) == expected


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "I", "I;16", "F"])
def test_images_of_every_mode_become_their_pixels(mode):
    pixels = np.random.default_rng(0).integers(0, 200, (5, 4), dtype=np.uint8)
    image = Image.fromarray(pixels)
    if mode == "I;16":
        image = Image.fromarray(pixels.astype(np.uint16) * 100)
    elif mode != "L":
        image = image.convert("RGB").convert(mode) if mode in ("P", "CMYK", "YCbCr") else image.convert(mode)
    tensor = ToTensor()(image)

    bands = image.getbands()
    assert tensor.shape == (len(bands), 5, 4)
    assert tensor.is_contiguous()
    assert tensor.dtype == {"I": torch.int32, "I;16": torch.int16}.get(mode, torch.float32)
    for channel, band in enumerate(image.split() if len(bands) > 1 else [image]):
        for row in range(5):
            for column in range(4):
                assert tensor[channel, row, column] == band.getpixel((column, row))


def test_the_image_cannot_be_changed_through_its_tensor(image):
    before = np.array(image)
    functional.to_tensor(image).zero_()
    np.testing.assert_array_equal(np.array(image), before)


def test_arrays_become_tensors_as_before():
    array = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    tensor = functional.to_tensor(array)
    assert tensor.dtype == torch.float32
    assert tensor[2].tolist() == [[2, 5], [8, 11]]
    assert functional.to_tensor(np.ones((2, 2), np.float64)).dtype == torch.float64
