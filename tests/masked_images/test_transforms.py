"""Image and mask move together; photometric changes leave the mask alone; every INPUT switch counts."""

import numpy as np
import pytest
import torch
from fastreid.config import get_cfg
from fastreid.data.transforms import build_transforms
from PIL import Image

from ifd import add_ifd_config
from ifd.data import build_masked_transforms
from masked_images import MaskedTransforms

SIZE = [64, 32]


def config(*options):
    cfg = get_cfg()
    add_ifd_config(cfg)
    cfg.INPUT.SIZE_TRAIN = SIZE
    cfg.INPUT.SIZE_TEST = SIZE
    cfg.merge_from_list(list(options))
    return cfg


def sample(size=(32, 64), seed=0):
    """An image that shows its own mask: 255 in all channels where the mask is 1, 0 elsewhere, in blocks of 8 pixels."""
    blocks = np.random.default_rng(seed).integers(0, 2, (size[1] // 8, size[0] // 8), dtype=np.uint8)
    mask = np.kron(blocks, np.ones((8, 8), dtype=np.uint8))
    return Image.fromarray(np.repeat(255 * mask[..., None], 3, axis=2)), mask


def agreement(tensor):
    """Share of pixels at which the image, read as a mask, equals the mask."""
    return ((tensor[0] > 127) == (tensor[3] > 0.5)).float().mean().item()


GEOMETRIC = {
    "flip": ["INPUT.FLIP.ENABLED", True, "INPUT.FLIP.PROB", 1.0],
    "pad-crop": ["INPUT.PADDING.ENABLED", True],
    "reflecting pad": ["INPUT.PADDING.ENABLED", True, "INPUT.PADDING.MODE", "reflect"],
    "crop": ["INPUT.CROP.ENABLED", True, "INPUT.CROP.SIZE", [48, 24]],
    "affine": ["INPUT.AFFINE.ENABLED", True],
}


@pytest.mark.parametrize("name", GEOMETRIC)
def test_geometric_transforms_move_both(name):
    transform = build_masked_transforms(config(*GEOMETRIC[name]))
    plain = build_masked_transforms(config())(*sample())
    moved = 0
    for seed in range(20):
        torch.manual_seed(seed)
        tensor = transform(*sample())
        assert tensor.shape == (4, *(GEOMETRIC[name][3] if name == "crop" else SIZE))
        assert agreement(tensor) > (0.9 if name in ("affine", "crop") else 0.999)
        moved += tensor.shape != plain.shape or not torch.equal(tensor, plain)
    assert moved >= 15


def test_auto_augment_moves_the_mask_with_its_geometric_operations():
    transform = build_masked_transforms(config("INPUT.AUTOAUG.ENABLED", True, "INPUT.AUTOAUG.PROB", 1.0))
    image, mask = sample()
    moved = 0
    for seed in range(60):
        torch.manual_seed(seed)
        tensor = transform(image, mask)
        mask_moved = not torch.equal(tensor[3], torch.from_numpy(mask).float())
        moved += mask_moved
        if mask_moved:
            # Inversion and solarising may turn white to black, so equal or opposite both mean "moved together".
            assert max(agreement(tensor), 1 - agreement(tensor)) > 0.8
    assert moved >= 5


def test_photometric_transforms_leave_the_mask_alone():
    image, mask = sample()
    transform = build_masked_transforms(
        config("INPUT.CJ.ENABLED", True, "INPUT.CJ.PROB", 1.0, "INPUT.CJ.BRIGHTNESS", 0.9)
    )
    torch.manual_seed(1)
    tensor = transform(image, mask)
    assert not torch.equal(tensor[:3], build_masked_transforms(config())(image, mask)[:3])
    assert torch.equal(tensor[3], torch.from_numpy(mask).float())


def test_random_erasing_touches_the_image_only():
    image, mask = sample()
    transform = build_masked_transforms(config("INPUT.REA.ENABLED", True, "INPUT.REA.PROB", 1.0))
    torch.manual_seed(0)
    tensor = transform(image, mask)
    fill = torch.tensor([0.485 * 255, 0.456 * 255, 0.406 * 255]).view(3, 1, 1)
    assert torch.isclose(tensor[:3], fill, atol=1e-3).all(0).any()
    assert torch.equal(tensor[3], torch.from_numpy(mask).float())


def test_random_patches_touch_the_image_only():
    transform = build_masked_transforms(config("INPUT.RPT.ENABLED", True, "INPUT.RPT.PROB", 1.0))
    changed = False
    for seed in range(150):
        image, mask = sample(seed=seed)
        tensor = transform(image, mask)
        assert torch.equal(tensor[3], torch.from_numpy(mask).float())
        changed |= agreement(tensor) < 1
    assert changed


def test_augmix_is_refused_with_a_reason():
    with pytest.raises(ValueError, match="INPUT.AUGMIX.ENABLED is on, .* no clothing mask exists"):
        build_masked_transforms(config("INPUT.AUGMIX.ENABLED", True))


def test_values_are_those_of_the_host_where_it_is_deterministic():
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (100, 50, 3), dtype=np.uint8))
    mask = np.zeros((100, 50), dtype=np.uint8)
    for is_train in (True, False):
        ours = build_masked_transforms(config(), is_train)(image, mask)
        assert ours.dtype == torch.float32
        assert torch.equal(ours[:3], build_transforms(config(), is_train)(image))


def test_evaluation_is_deterministic_and_crops_the_centre():
    transform = build_masked_transforms(
        config("INPUT.CROP.ENABLED", True, "INPUT.CROP.SIZE", [32, 16], "INPUT.FLIP.ENABLED", True), is_train=False
    )
    image, mask = sample()
    tensor = transform(image, mask)
    assert torch.equal(tensor[3], torch.from_numpy(mask[16:48, 8:24]).float())
    assert agreement(tensor) == 1


def test_masks_are_soft_after_resizing_or_sampled():
    soft = build_masked_transforms(config())(*sample(size=(48, 104)))
    sampled = build_masked_transforms(config("IFD.MASK_RESIZE", "nearest"))(*sample(size=(48, 104)))
    assert soft.shape == sampled.shape == (4, *SIZE)
    assert torch.equal(soft[:3], sampled[:3])
    assert set(sampled[3].unique().tolist()) == {0.0, 1.0}
    assert ((soft[3] > 0) & (soft[3] < 1)).any()
    assert (soft[3][sampled[3] == 1] > 0).all()


def test_size_zero_keeps_the_image_as_it_is():
    tensor = build_masked_transforms(config("INPUT.SIZE_TRAIN", [0, 0]))(*sample(size=(40, 80)))
    assert tensor.shape == (4, 80, 40)


def test_an_unknown_resizing_is_refused():
    with pytest.raises(ValueError, match="mask_resize is 'bilinear'; expected one of antialias, nearest"):
        MaskedTransforms([], [], "bilinear")
