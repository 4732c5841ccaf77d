"""The one input tensor: RGB and clothing mask as four channels.

Carrying the mask as a fourth channel lets the host's collate function, device transfer, flip test, feature extraction
and predictor work on IFD unchanged: whatever they do to ``images`` happens to both.
"""

from typing import Any, NamedTuple

import torch
import torch.nn.functional as F


class StreamInputs(NamedTuple):
    """Inputs of the two streams, split from one batch.

    Attributes:
        images: (N, 3, H, W) float RGB in 0-255, I.
        masks: (N, 1, H, W) float in [0, 1], psi; None where the batch holds RGB alone.
    """

    images: torch.Tensor
    masks: torch.Tensor | None


def split_inputs(
    batched_inputs: dict[str, Any] | torch.Tensor, device: torch.device, *, needs_mask: bool
) -> StreamInputs:
    """Splits a batch into image and clothing mask, on the model's device, without touching the batch.

    Args:
        batched_inputs: dict with ``images``, or that tensor itself: (N, 4, H, W) float, RGB in 0-255 and the clothing
            mask in [0, 1]; or (N, 3, H, W) where no mask is needed.
        device: where the model is.
        needs_mask: whether three channels are refused.

    Raises:
        TypeError: neither a dict nor a tensor.
        ValueError: another shape, or no mask where one is needed.
    """
    images = batched_inputs["images"] if isinstance(batched_inputs, dict) else batched_inputs
    if not isinstance(images, torch.Tensor):
        raise TypeError(f"expected a tensor or a dict with a tensor 'images', found {type(images).__name__}")
    if images.dim() != 4 or images.shape[1] not in (3, 4):
        raise ValueError(f"images have shape {tuple(images.shape)}; expected (N, 4, H, W): RGB and the clothing mask")
    if images.shape[1] == 3 and needs_mask:
        raise ValueError(
            f"images have shape {tuple(images.shape)}, RGB alone, but this model needs the clothing mask as a fourth "
            "channel. Train and evaluate with ifd.engine.IFDTrainer (or build the loaders with "
            "ifd.data.build_train_loader and build_test_loader), which read the parsing maps."
        )
    images = images.to(device)
    return StreamInputs(images[:, :3], images[:, 3:] if images.shape[1] == 4 else None)


def mask_clothing(images: torch.Tensor, masks: torch.Tensor, fill: torch.Tensor, dilate: int = 0) -> torch.Tensor:
    """Clothing-masked image M: every pixel that clothing touches replaced by one colour, head and contour kept.

    Args:
        images: (N, 3, H, W) float RGB in 0-255.
        masks: (N, 1, H, W) float in [0, 1], above 0 where clothing touches a pixel.
        fill: (1, 3, 1, 1) float RGB in 0-255, the colour put in.
        dilate: pixels around those that are replaced too.

    Returns:
        (N, 3, H, W) float RGB in 0-255, a new tensor.
    """
    if dilate:
        masks = F.max_pool2d(masks, 2 * dilate + 1, stride=1, padding=dilate)
    return torch.where(masks > 0, fill, images)
