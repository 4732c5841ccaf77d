"""From logits to a map of the image's size."""

import torch
import torch.nn.functional as F


def upsampled_labels(logits: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """The class with the largest logit at each pixel of the image; the lowest where several are equal.

    Logits are interpolated (bilinear, corners not aligned), not labels: their borders are finer. One class is held at
    the image's size at a time, so that a photo of 12 megapixels does not take a gigabyte.

    Args:
        logits: (N, C, h, w) float.
        size: (width, height) of the images.

    Returns:
        (N, height, width) uint8.
    """
    width, height = size
    labels = torch.zeros(len(logits), height, width, dtype=torch.uint8, device=logits.device)
    largest = None
    for value, channel in enumerate(logits.float().split(1, dim=1)):
        resized = F.interpolate(channel, size=(height, width), mode="bilinear", align_corners=False)[:, 0]
        if largest is None:
            largest = resized
            continue
        larger = resized > largest
        labels[larger] = value
        largest = torch.where(larger, resized, largest)
    return labels


def by_size(sizes: list[tuple[int, int]]) -> dict[tuple[int, int], list[int]]:
    """Positions of the images of each size, so that those of one size go through one step."""
    groups: dict[tuple[int, int], list[int]] = {}
    for position, size in enumerate(sizes):
        groups.setdefault(size, []).append(position)
    return groups
