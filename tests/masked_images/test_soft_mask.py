"""A mask that covers whatever clothing has touched, with real images through real resampling."""

import numpy as np
import pytest
import torch
from fastreid.config import get_cfg
from PIL import Image
from torchvision import tv_tensors
from torchvision.transforms import v2

from ifd import add_ifd_config
from ifd.data import build_masked_transforms
from ifd.modeling.inputs import mask_clothing
from masked_images.soft_mask import SoftMask, touching_weights
from masked_images.transforms import MaskedAutoAugment

SIZES = {
    "down": (190, 85),
    "down much": (533, 301),
    "up": (40, 22),
    "one side up": (300, 20),
    "same": (64, 32),
}


@pytest.mark.parametrize(("length", "size"), [(7, 7), (7, 3), (20, 9), (5, 11), (64, 13), (3, 1), (1, 4), (301, 32)])
def test_a_weight_stands_wherever_pillow_lets_one_pixel_reach_another(length, size):
    """Against Pillow itself, one bright pixel on black and one dark one on white at a time, the kernel's lobes too."""
    weights = touching_weights(length, size).toarray()
    assert weights.min() >= 0
    assert weights.sum(axis=1) == pytest.approx(np.ones(size))
    for pixel in range(length):
        reached = np.zeros(size, bool)
        for ground, value in ((0, 255), (255, 0), (128, 255), (128, 0)):
            line = np.full((1, length), ground, np.uint8)
            line[0, pixel] = value
            resized = np.asarray(Image.fromarray(line).resize((size, 1), Image.Resampling.BICUBIC))[0]
            reached |= resized != ground
        assert not (reached & (weights[:, pixel] == 0)).any()
        # What weighs enough to move one of 256 grey levels was seen to move it.
        assert reached[weights[:, pixel] > 0.02].all()


def test_the_weights_are_those_of_the_formula():
    def kernel(x):
        x = abs(x)
        if x < 1:
            return 1.5 * x**3 - 2.5 * x**2 + 1
        return -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2 if x < 2 else 0.0

    length, size = 10, 4
    for i, row in enumerate(touching_weights(length, size).toarray()):
        center = (i + 0.5) * length / size
        plain = [kernel((j + 0.5 - center) * size / length) for j in range(length)]
        total = sum(abs(weight) for weight in plain)
        assert row.tolist() == pytest.approx([abs(weight) / total for weight in plain], abs=1e-6)


def config(*options):
    cfg = get_cfg()
    add_ifd_config(cfg)
    cfg.INPUT.SIZE_TRAIN = cfg.INPUT.SIZE_TEST = [64, 32]
    cfg.merge_from_list(list(options))
    return cfg


def dressed(size, colour, seed=0):
    """Noise of grey with a rectangle of one colour and its mask; sizes and places vary with the seed."""
    random = np.random.default_rng(seed)
    height, width = size
    pixels = np.repeat(random.integers(60, 200, (height, width, 1), dtype=np.uint8), 3, axis=2)
    mask = np.zeros((height, width), np.uint8)
    top, left = random.integers(0, height // 2), random.integers(0, width // 2)
    mask[top : top + random.integers(1, height // 2 + 1), left : left + random.integers(1, width // 2 + 1)] = 1
    pixels[mask == 1] = colour
    return Image.fromarray(pixels), mask


def masked(tensor, dilate=0):
    return mask_clothing(tensor[None, :3], tensor[None, 3:], torch.zeros(1, 3, 1, 1), dilate)[0]


GEOMETRY = {
    "resizing": [],
    "flip": ["INPUT.FLIP.ENABLED", True, "INPUT.FLIP.PROB", 1.0],
    "pad-crop": ["INPUT.PADDING.ENABLED", True],
    "reflecting pad": ["INPUT.PADDING.ENABLED", True, "INPUT.PADDING.MODE", "reflect"],
    "crop": ["INPUT.CROP.ENABLED", True, "INPUT.CROP.SIZE", [48, 24]],
    "affine": ["INPUT.AFFINE.ENABLED", True],
    "all of them": [
        "INPUT.FLIP.ENABLED", True, "INPUT.PADDING.ENABLED", True, "INPUT.AFFINE.ENABLED", True,
        "INPUT.CROP.ENABLED", True, "INPUT.CROP.SIZE", [64, 32],
    ],
}  # fmt: skip


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("geometry", GEOMETRY)
def test_no_clothing_colour_is_left(geometry, size):
    transform = build_masked_transforms(config(*GEOMETRY[geometry]))
    shown = 0
    for seed in range(12):
        torch.manual_seed(seed)
        tensor = transform(*dressed(SIZES[size], (255, 0, 0), seed))
        red, green, blue = tensor[:3]
        shown += int(((red - green).abs() > 60).sum())
        red, green, blue = masked(tensor)
        assert torch.equal(red, green)
        assert torch.equal(green, blue)
    assert shown > 0


@pytest.mark.parametrize("size", SIZES)
def test_the_masked_image_does_not_depend_on_the_clothes(size):
    """Bit by bit: what clothing has any part in is gone, its undershoot on the other side of the edge too."""
    transform = build_masked_transforms(config(*GEOMETRY["all of them"]))
    for seed in range(12):
        results = []
        for colour in ((255, 0, 0), (0, 255, 255), (255, 255, 255), (0, 0, 0)):
            torch.manual_seed(seed)
            results.append(masked(transform(*dressed(SIZES[size], colour, seed))))
        assert all(torch.equal(result, results[0]) for result in results)


# Of AutoAugment's operations all but those that look at the whole image's histogram.
AUTO_AUGMENT = [
    "ShearX", "ShearY", "TranslateX", "TranslateY", "Rotate", "Brightness", "Color", "Sharpness", "Posterize",
    "Solarize", "Invert",
]  # fmt: skip


@pytest.mark.parametrize("operation", AUTO_AUGMENT)
def test_nor_after_auto_augment(operation):
    step = MaskedAutoAugment()
    bins = None if operation == "Invert" else 8
    step._policies = [((operation, 1.0, bins), ("Sharpness", 1.0, 9)), (("Sharpness", 1.0, 9), (operation, 1.0, bins))]
    transform = build_masked_transforms(config())
    transform.joint = [step, *transform.joint]
    for seed in range(6):
        results = []
        for colour in ((255, 0, 0), (0, 255, 255)):
            torch.manual_seed(seed)
            results.append(masked(transform(*dressed((100, 45), colour, seed))))
        assert torch.equal(*results)


def test_sampling_the_mask_leaves_a_rim():
    """What 0.1.0 did, and so that the tests above can fail."""
    transform = build_masked_transforms(config("IFD.MASK_RESIZE", "nearest"))
    red, green, _ = masked(transform(*dressed((190, 85), (255, 0, 0))))
    assert ((red - green).abs() > 60).any()


def test_the_mask_is_soft_at_its_edge_and_whole_inside():
    image = Image.fromarray(np.zeros((128, 64, 3), np.uint8))
    mask = np.zeros((128, 64), np.uint8)
    mask[33:97] = 1
    tensor = build_masked_transforms(config())(image, mask)[3]
    column = tensor[:, 16]
    torch.testing.assert_close(tensor, column[:, None].expand(-1, 32))
    assert column[20:44].tolist() == pytest.approx([1.0] * 24, abs=1e-6)
    assert not column[:13].any()
    assert not column[52:].any()
    assert ((column > 0) & (column < 1)).sum() >= 4
    assert tensor.min() >= 0
    assert tensor.max() <= 1


def test_a_mask_of_its_images_size_stays_binary():
    image, mask = dressed((64, 32), (255, 0, 0))
    assert torch.equal(build_masked_transforms(config())(image, mask)[3], torch.from_numpy(mask).float())


@pytest.mark.parametrize("move", [v2.RandomAffine(30, (0.2, 0.2), (0.6, 1.5), 20), v2.RandomRotation(60, expand=True)])
def test_the_mask_moves_as_pillow_moves_the_image(move):
    mask = (np.random.default_rng(0).random((61, 33)) < 0.5).astype(np.uint8)
    for seed in range(8):
        torch.manual_seed(seed)
        image, moved = move(Image.fromarray(255 * mask), SoftMask(torch.from_numpy(mask)[None].float()))
        assert isinstance(moved, SoftMask)
        assert np.array_equal(np.asarray(image), 255 * moved[0].numpy())


def test_it_stays_a_mask_for_the_rest_of_torchvision():
    mask = SoftMask(torch.rand(1, 8, 4))
    flipped = v2.functional.horizontal_flip(mask)
    assert isinstance(flipped, SoftMask)
    assert isinstance(flipped, tv_tensors.Mask)
    assert torch.equal(flipped.as_subclass(torch.Tensor), mask.as_subclass(torch.Tensor).flip(2))
