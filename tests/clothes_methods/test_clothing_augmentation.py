"""Other clothes: each change against a loop over pixels, and what must not change."""

import pytest
import torch

from clothes_methods import ClothingAugmentation
from clothes_methods.clothing_augmentation import erase_part, recolour, swap_texture


@pytest.fixture
def made_up():
    """Three images of 12x6 with clothes in boxes of different size, the third without any."""
    generator = torch.Generator().manual_seed(0)
    images = 40 + 120 * torch.rand(3, 3, 12, 6, generator=generator)
    masks = torch.zeros(3, 1, 12, 6)
    masks[0, :, 3:9, 1:5] = 1
    masks[0, :, 3, 1] = 0.25
    masks[1, :, 2:11, 2:4] = 1
    return images, masks


def test_recolour_moves_the_mean_and_keeps_the_texture(made_up):
    images, masks = made_up
    colours, contrasts = torch.tensor([[200.0, 10, 60]] * 3), torch.tensor([0.5, 1.0, 1.0])
    found = recolour(images, masks, colours, contrasts)
    for n in range(3):
        area = masks[n].sum().item()
        for c in range(3):
            mean = (images[n, c] * masks[n, 0]).sum().item() / max(area, 1e-9)
            for y in range(12):
                for x in range(6):
                    psi, value = masks[n, 0, y, x].item(), images[n, c, y, x].item()
                    new = min(255, max(0, contrasts[n].item() * (value - mean) + colours[n, c].item()))
                    assert found[n, c, y, x].item() == pytest.approx(psi * new + (1 - psi) * value, abs=1e-3)


def test_swap_stretches_the_partner_s_clothes_to_the_own_box(made_up):
    images, masks = made_up
    images[1, :, 2:5], images[1, :, 5:8], images[1, :, 8:11] = 10.0, 120.0, 250.0
    found = swap_texture(images, masks, torch.tensor([1, 0, 1]))
    # The three bands of the second, in the six rows of the first.
    inner = found[0, 0, 3:9, 2:4]
    assert torch.allclose(inner[0], torch.tensor(10.0))
    assert torch.allclose(inner[-1], torch.tensor(250.0))
    assert torch.allclose(inner[2:4], torch.tensor(120.0), atol=1)
    # A corner that is clothing to a quarter takes a quarter; its place in the partner is a quarter past the edge, where
    # the mean of the partner's clothes stands for what is none.
    texture = 0.75 * 10 + 0.25 * (10 + 120 + 250) / 3
    assert found[0, 0, 3, 1].item() == pytest.approx(0.75 * images[0, 0, 3, 1].item() + 0.25 * texture, abs=1e-2)
    # Without clothes, nothing is taken and nothing given.
    assert torch.equal(found[2], images[2])
    assert torch.equal(swap_texture(images, masks, torch.tensor([2, 2, 2])), images)
    # A box of the same place and size is copied pixel by pixel.
    same = swap_texture(images[[0, 1]].flip(2), masks[[1, 1]], torch.tensor([1, 0]))
    assert torch.allclose(same[0, :, 2:11, 2:4], images[1].flip(1)[:, 2:11, 2:4], atol=1e-3)


def test_nothing_of_a_partner_s_background_is_taken():
    images = torch.full((2, 3, 8, 4), 90.0)
    masks = torch.zeros(2, 1, 8, 4)
    masks[0, :, 1:7] = 1
    masks[1, :, 1, 0] = masks[1, :, 6, 3] = masks[1, :, 2:5, 1:3] = 1
    images[1] = torch.where(masks[1] > 0, 200.0, 0.0)
    found = swap_texture(images, masks, torch.tensor([1, 0]))[0, :, 1:7]
    assert torch.allclose(found, torch.tensor(200.0), atol=0.1)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.75, 1.0])
def test_the_share_that_is_erased_is_the_share_asked_for(made_up, share):
    images, masks = made_up
    found = erase_part(images, masks, torch.full((3,), share), torch.tensor([1.2, 4.0, 0.0]))
    for n in range(2):
        erased = (found[n] != images[n]).any(0) & (masks[n, 0] > 0)
        area = (masks[n, 0] * erased).sum().item() / masks[n].sum().item()
        assert share - 1 / masks[n].sum().item() <= area <= share + 1e-6
        assert not (found[n][:, erased & (masks[n, 0] == 1)]).any()
    assert torch.equal(found[2], images[2])


def test_erasing_goes_from_one_side(made_up):
    images, masks = made_up
    found = erase_part(images, masks, torch.full((3,), 0.5), torch.full((3,), torch.pi / 2))
    # From the top: the first rows of the box are black, the last are as they were.
    assert not found[1, :, 2:6, 2:4].any()
    assert torch.equal(found[1, :, 7:], images[1, :, 7:])


def test_only_clothes_change_and_what_is_drawn_follows_the_seed(made_up):
    images, masks = made_up
    augmentation = ClothingAugmentation(recolour=1.0, swap=1.0, erase=1.0, erase_ratio=(0.4, 0.6))
    before = images.clone()
    torch.manual_seed(5)
    first = augmentation(images, masks)
    torch.manual_seed(5)
    assert torch.equal(first, augmentation(images, masks))
    assert not torch.equal(first, augmentation(images, masks))
    assert torch.equal(images, before)
    outside = (masks == 0).expand_as(images)
    assert torch.equal(first[outside], images[outside])
    assert (first != images)[:2].any()
    assert first.min() >= 0
    assert first.max() <= 255


def test_how_many_are_changed_is_the_probability():
    torch.manual_seed(0)
    images, masks = torch.full((2000, 3, 2, 1), 100.0), torch.ones(2000, 1, 2, 1)
    changed = (ClothingAugmentation(recolour=0.3)(images, masks) != images).flatten(1).any(1)
    assert changed.float().mean().item() == pytest.approx(0.3, abs=0.04)
    state = torch.get_rng_state()
    assert torch.equal(ClothingAugmentation()(images, masks), images)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("options", [{"recolour": 1.1}, {"swap": -0.1}, {"erase": 2}, {"erase_ratio": (0.5, 0.2)}])
def test_bad_options_are_named(options):
    with pytest.raises(ValueError, match=f"{next(iter(options))} is "):
        ClothingAugmentation(**options)
