"""Random patches (Zhou et al., OSNet, ICCV 2019) that do not depend on the images before."""

import random
from collections.abc import Callable

import torch
from fastreid.data.transforms.transforms import RandomPatch


class PatchOfAnotherImage(RandomPatch):
    """The host's RandomPatch, with the patch from an image drawn for it.

    The host keeps a pool of patches of the images that a worker has read so far: what is pasted depends on how many
    workers there are and on when the training was started.

    Args:
        another_image: gives a (3, H, W) float image in 0-255, drawn from Python's generator.
        prob_happen: INPUT.RPT.PROB.
    """

    def __init__(self, another_image: Callable[[], torch.Tensor], prob_happen: float):
        super().__init__(prob_happen)
        self._another_image = another_image

    def __call__(self, img: torch.Tensor) -> torch.Tensor:
        if random.uniform(0, 1) > self.prob_happen:
            return img
        source = self._another_image()
        height, width = (min(sizes) for sizes in zip(img.shape[-2:], source.shape[-2:], strict=True))
        patch_width, patch_height = self.generate_wh(width, height)
        if patch_width is None:
            return img
        patch = self.transform_patch(self._window(source, patch_width, patch_height))
        self._window(img, patch_width, patch_height).copy_(patch)
        return img

    @staticmethod
    def _window(image: torch.Tensor, width: int, height: int) -> torch.Tensor:
        left = random.randint(0, image.shape[-1] - width)
        top = random.randint(0, image.shape[-2] - height)
        return image[..., top : top + height, left : left + width]
