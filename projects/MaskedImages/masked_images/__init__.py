"""Images with their clothing masks through every transform of fast-reid, and data sets of them.

Knows the host, what ``datasets_ext`` reads, and how ``fastreid_runs`` seeds; no method, and of config keys the host's.
"""

import fastreid_compat  # noqa: F401  (first: it makes fastreid importable)

from .frames import FrameDataset, dense_items
from .parsed_dataset import ParsedDataset
from .soft_mask import SoftMask
from .transforms import MaskedTransforms, build_masked_transforms

__all__ = [
    "FrameDataset",
    "MaskedTransforms",
    "ParsedDataset",
    "SoftMask",
    "build_masked_transforms",
    "dense_items",
]
