"""Other clothes on the images of a batch, on the device that they are on.

That recolouring or swapping clothes helps is known from several papers (Jia et al., Complementary data augmentation for
cloth-changing person re-identification, TIP 2022; Han et al., CCFA, CVPR 2023, does so on features); the forms here are
ours. The clothing mask psi is enough for them: the masked image M of IFD is the same before and after.
"""

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import nn


class ClothingAugmentation(nn.Module):
    """Changes clothes at random: texture from another image of the batch, then colour, then a part is erased.

    Random numbers come from the global generator of the images' device, so that they follow whatever seeds it.

    Args:
        recolour: probability that an image's clothing gets another mean colour, see :func:`recolour`.
        swap: probability that it gets the texture of another image's clothing, see :func:`swap_texture`.
        erase: probability that a part of it turns black, see :func:`erase_part`.
        erase_ratio: the least and the largest share of the clothing that is erased, in [0, 1].

    Shape:
        images: (N, 3, H, W) float, RGB in 0-255.
        masks: (N, 1, H, W) float in [0, 1], psi.
        result: (N, 3, H, W) in 0-255, a new tensor; equal to ``images`` where psi is 0.

    Raises:
        ValueError: an argument is out of its range.
    """

    def __init__(
        self,
        recolour: float = 0.0,
        swap: float = 0.0,
        erase: float = 0.0,
        erase_ratio: Sequence[float] = (0.2, 1.0),
    ):
        super().__init__()
        for name, value in (("recolour", recolour), ("swap", swap), ("erase", erase)):
            if not 0 <= value <= 1:
                raise ValueError(f"{name} is {value}; expected a probability from 0 to 1")
        if len(erase_ratio) != 2 or not 0 <= erase_ratio[0] <= erase_ratio[1] <= 1:
            raise ValueError(f"erase_ratio is {list(erase_ratio)}; expected two shares from 0 to 1 in order")
        self.recolour = recolour
        self.swap = swap
        self.erase = erase
        self.erase_ratio = (erase_ratio[0], erase_ratio[1])

    @torch.no_grad()
    def forward(self, images: torch.Tensor, masks: torch.Tensor) -> torch.Tensor:
        count, device = len(images), images.device

        def uniform(least: float, most: float, *size: int) -> torch.Tensor:
            return least + (most - least) * torch.rand(count, *size, device=device)

        def chosen(probability: float, changed: torch.Tensor) -> torch.Tensor:
            return torch.where(uniform(0, 1, 1, 1, 1) < probability, changed, images)

        if self.swap > 0:
            images = chosen(self.swap, swap_texture(images, masks, torch.randperm(count, device=device)))
        if self.recolour > 0:
            images = chosen(self.recolour, recolour(images, masks, uniform(0, 255, 3), uniform(0.5, 1.5)))
        if self.erase > 0:
            shares, angles = uniform(*self.erase_ratio), uniform(0, 2 * math.pi)
            images = chosen(self.erase, erase_part(images, masks, shares, angles))
        return images

    def extra_repr(self) -> str:
        return f"recolour={self.recolour}, swap={self.swap}, erase={self.erase}, erase_ratio={self.erase_ratio}"


def recolour(images: torch.Tensor, masks: torch.Tensor, colours: torch.Tensor, contrasts: torch.Tensor) -> torch.Tensor:
    """Clothing with another mean colour: contrast * (pixel - mean) + colour; folds, prints and shades stay.

    Args:
        images: (N, 3, H, W) float, RGB in 0-255.
        masks: (N, 1, H, W) float in [0, 1], psi.
        colours: (N, 3) in 0-255.
        contrasts: (N,), at least 0.
    """
    changed = contrasts[:, None, None, None] * (images - _means(images, masks)) + colours[:, :, None, None]
    return _blended(images, changed, masks)


def swap_texture(images: torch.Tensor, masks: torch.Tensor, partners: torch.Tensor) -> torch.Tensor:
    """Clothing with the texture of other images' clothing, whose bounding box is stretched to its own.

    What is no clothing in the partner's box counts as the mean colour of its clothing. Where either has no clothing,
    the image stays.

    Args:
        images: (N, 3, H, W) float, RGB in 0-255.
        masks: (N, 1, H, W) float in [0, 1], psi.
        partners: (N,) int64, for each image that whose texture it takes.
    """
    height, width = images.shape[-2:]
    boxes = [_bounds(masks.amax((1, 3))), _bounds(masks.amax((1, 2)))]
    places = []
    for (first, end), size in zip(boxes, (height, width), strict=True):
        # Pixel centres in units of the own box, then in the partner's, then in those of grid_sample.
        inside = (torch.arange(size, device=images.device) + 0.5 - first[:, None]) / (end - first)[:, None]
        there = first[partners][:, None] + inside * (end - first)[partners][:, None]
        places.append(2 * there / size - 1)
    rows, columns = places
    grid = torch.stack(torch.broadcast_tensors(columns[:, None, :], rows[:, :, None]), dim=3)
    means = _means(images, masks)[partners]
    # Colours by their share of clothing; what lies between a dress and its background is no texture.
    both = torch.cat([images * masks, masks], dim=1)[partners]
    sampled = F.grid_sample(both, grid.to(both.dtype), padding_mode="border", align_corners=False)
    texture = sampled[:, :3] + (1 - sampled[:, 3:]) * means
    dressed = masks.amax((1, 2, 3)) > 0
    both_dressed = (dressed & dressed[partners])[:, None, None, None]
    return torch.where(both_dressed, _blended(images, texture, masks), images)


def erase_part(images: torch.Tensor, masks: torch.Tensor, shares: torch.Tensor, angles: torch.Tensor) -> torch.Tensor:
    """Clothing of which a share, counted from one side, is black.

    Args:
        images: (N, 3, H, W) float, RGB in 0-255.
        masks: (N, 1, H, W) float in [0, 1], psi.
        shares: (N,) in [0, 1], of the clothing's area, up to the pixel that it ends in.
        angles: (N,) radians, of the side from which on.
    """
    height, width = images.shape[-2:]
    y = torch.arange(height, device=images.device)[:, None]
    x = torch.arange(width, device=images.device)[None, :]
    sine, cosine = (turn(angles)[:, None, None] for turn in (torch.sin, torch.cos))
    order = (sine * y + cosine * x).flatten(1).argsort(dim=1)
    clothing = masks.flatten(1).gather(1, order).double().cumsum(dim=1)
    erased = torch.zeros_like(clothing, dtype=torch.bool)
    erased.scatter_(1, order, clothing <= shares[:, None].double() * clothing[:, -1:])
    return _blended(images, torch.zeros_like(images), masks * erased.view_as(masks))


def _means(images: torch.Tensor, masks: torch.Tensor) -> torch.Tensor:
    """(N, 3, 1, 1) mean colours of the clothing; 0 without any."""
    area = masks.sum((2, 3), keepdim=True)
    return (images * masks).sum((2, 3), keepdim=True) / area.clamp_min(torch.finfo(images.dtype).tiny)


def _bounds(strongest: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """First and one past the last place above 0 of each row of (N, L); 0 and L of a row without one."""
    found = strongest > 0
    length = found.shape[1]
    first = found.int().argmax(dim=1)
    return first, length - found.flip(1).int().argmax(dim=1)


def _blended(images: torch.Tensor, changed: torch.Tensor, masks: torch.Tensor) -> torch.Tensor:
    return torch.where(masks > 0, images + masks * (changed.clamp(0, 255) - images), images)
