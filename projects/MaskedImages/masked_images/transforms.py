"""The host's INPUT.* switches for an image and its clothing mask together.

Order and parameters are those of the host's ``build_transforms``. Geometric steps move both through one torchvision v2
transform; photometric ones, random erasing and random patches touch the image alone.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from fastreid.data.transforms.transforms import RandomPatch
from PIL import Image
from torchvision import tv_tensors
from torchvision.transforms import RandomErasing, v2
from torchvision.transforms.v2 import InterpolationMode

from fastreid_runs.arguments import ArgumentError

from .framing import Framing
from .soft_mask import SoftMask

MASK_RESIZES = ("antialias", "nearest")

_GEOMETRIC = frozenset({"ShearX", "ShearY", "TranslateX", "TranslateY", "Rotate"})


class MaskedAutoAugment(v2.AutoAugment):
    """torchvision's AutoAugment, whose geometric operations move the mask too.

    torchvision refuses masks here, because its policies mix photometric operations with geometric ones.
    """

    def forward(self, image: Image.Image, mask: tv_tensors.Mask) -> tuple[Image.Image, tv_tensors.Mask]:
        self._applied: list[tuple[str, float]] = []
        image = super().forward(image)
        for operation, magnitude in self._applied:
            if operation in _GEOMETRIC:
                mask = super()._apply_image_or_video_transform(
                    mask, operation, magnitude, InterpolationMode.NEAREST, {}
                )
            elif operation == "Sharpness" and isinstance(mask, SoftMask):
                mask = mask.dilated()
        return image, mask

    def _apply_image_or_video_transform(
        self, image: Image.Image, transform_id: str, magnitude: float, *args: Any, **kwargs: Any
    ) -> Image.Image:
        self._applied.append((transform_id, magnitude))
        return super()._apply_image_or_video_transform(image, transform_id, magnitude, *args, **kwargs)


class MaskedTransforms:
    """Applies a chain of joint transforms, then turns image and mask into the network's four channels.

    Args:
        joint: transforms of (PIL RGB image, mask); a chain that is a :class:`Framing` runs as one.
        image_only: transforms of the (3, H, W) float image in 0-255 that the mask does not take part in; they may write
            into it.
        mask_resize: "antialias" moves the mask as the image, so that it is above 0 wherever clothing touches a pixel;
            "nearest" samples it, as 0.1.0 did.

    Shape:
        image: PIL RGB of (W, H).
        mask: (H, W) uint8 of 0 and 1.
        result: (4, H', W') float32, RGB in 0-255 and mask in [0, 1].

    Raises:
        ArgumentError: there is no such resizing.
    """

    def __init__(
        self,
        joint: Sequence[Callable[..., Any]],
        image_only: Sequence[Callable[[torch.Tensor], torch.Tensor]],
        mask_resize: str,
    ):
        if mask_resize not in MASK_RESIZES:
            raise ArgumentError(
                "{mask_resize} is {found!r}; expected one of {known}",
                {"found": mask_resize, "known": ", ".join(MASK_RESIZES)},
            )
        self.joint = joint
        self._framing = Framing.of(joint)
        self.image_only = image_only
        self.mask_resize = mask_resize

    def __call__(self, image: Image.Image, mask: np.ndarray) -> torch.Tensor:
        framed = self._moved(image, mask) if self._framing is None else self._framing(image, mask, self.mask_resize)
        pixels = framed[:3]
        for change in self.image_only:
            changed = change(pixels)
            if changed is not pixels:
                pixels.copy_(changed)
        return framed

    def _moved(self, image: Image.Image, mask: np.ndarray) -> torch.Tensor:
        labels = torch.from_numpy(np.ascontiguousarray(mask))[None]
        moved: Any = SoftMask(labels.float()) if self.mask_resize == "antialias" else tv_tensors.Mask(labels)
        for transform in self.joint:
            image, moved = transform(image, moved)
        pixels = v2.functional.pil_to_tensor(image).float()
        return torch.cat([pixels, moved.as_subclass(torch.Tensor).to(pixels.dtype)])

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(joint={self.joint}, image_only={self.image_only}, mask_resize={self.mask_resize!r})"
        )


def build_masked_transforms(cfg: Any, mask_resize: str, *, is_train: bool = True) -> MaskedTransforms:
    """The transforms that the host's INPUT.* ask for.

    Args:
        cfg: full config.
        mask_resize: as of :class:`MaskedTransforms`.
        is_train: with the augmentation.

    Raises:
        ArgumentError: there is no such resizing.
        ValueError: INPUT.AUGMIX is on; it blends differently moved copies of one image, for which no mask exists.
    """
    size = list(cfg.INPUT.SIZE_TRAIN if is_train else cfg.INPUT.SIZE_TEST)
    resize = [v2.Resize(size, interpolation=InterpolationMode.BICUBIC)] if size[0] > 0 else []
    if not is_train:
        crop = [v2.CenterCrop(cfg.INPUT.CROP.SIZE)] if cfg.INPUT.CROP.ENABLED else []
        return MaskedTransforms([*resize, *crop], [], mask_resize)

    if cfg.INPUT.AUGMIX.ENABLED:
        raise ValueError(
            "INPUT.AUGMIX.ENABLED is on, but AugMix blends differently moved copies of one image, for which no "
            "clothing mask exists; switch it off (INPUT.AUTOAUG, INPUT.AFFINE and INPUT.CJ work with masks)"
        )
    joint: list[Any] = []
    if cfg.INPUT.AUTOAUG.ENABLED:
        joint.append(v2.RandomApply([MaskedAutoAugment()], cfg.INPUT.AUTOAUG.PROB))
    joint += resize
    if cfg.INPUT.CROP.ENABLED:
        joint.append(
            v2.RandomResizedCrop(
                cfg.INPUT.CROP.SIZE,
                scale=cfg.INPUT.CROP.SCALE,
                ratio=cfg.INPUT.CROP.RATIO,
                interpolation=InterpolationMode.BICUBIC,
            )
        )
    if cfg.INPUT.PADDING.ENABLED:
        joint.append(v2.Pad(cfg.INPUT.PADDING.SIZE, padding_mode=cfg.INPUT.PADDING.MODE))
        joint.append(v2.RandomCrop(size))
    if cfg.INPUT.FLIP.ENABLED:
        joint.append(v2.RandomHorizontalFlip(cfg.INPUT.FLIP.PROB))
    if cfg.INPUT.CJ.ENABLED:
        jitter = cfg.INPUT.CJ
        joint.append(
            v2.RandomApply(
                [v2.ColorJitter(jitter.BRIGHTNESS, jitter.CONTRAST, jitter.SATURATION, jitter.HUE)], jitter.PROB
            )
        )
    if cfg.INPUT.AFFINE.ENABLED:
        joint.append(v2.RandomAffine(degrees=10, scale=[0.9, 1.1], shear=0.1))

    image_only: list[Any] = []
    if cfg.INPUT.REA.ENABLED:
        image_only.append(RandomErasing(cfg.INPUT.REA.PROB, value=cfg.INPUT.REA.VALUE, inplace=True))
    if cfg.INPUT.RPT.ENABLED:
        image_only.append(RandomPatch(prob_happen=cfg.INPUT.RPT.PROB))
    return MaskedTransforms(joint, image_only, mask_resize)
