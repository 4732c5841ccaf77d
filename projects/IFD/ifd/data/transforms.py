"""The transforms of images with their masks, by config."""

from fastreid.config import CfgNode

import masked_images
from fastreid_runs.arguments import naming
from masked_images import MaskedTransforms


def build_masked_transforms(cfg: CfgNode, is_train: bool = True) -> MaskedTransforms:
    """The transforms that INPUT.* and IFD.MASK_RESIZE ask for.

    Args:
        cfg: full config.
        is_train: with the augmentation.

    Raises:
        ValueError: IFD.MASK_RESIZE has no such value, or INPUT.AUGMIX is on, see
            :func:`masked_images.build_masked_transforms`.
    """
    with naming({"mask_resize": "IFD.MASK_RESIZE"}):
        return masked_images.build_masked_transforms(cfg, cfg.IFD.MASK_RESIZE, is_train=is_train)
