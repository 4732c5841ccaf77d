"""What is read from disk: clothing-change data sets (registered with the host on import) and their parsing maps."""

# First: it makes the host importable, which every module below imports.
import fastreid_compat  # noqa: F401

from .bases import ClothesImageDataset, Counts, datasets_root
from .errors import (
    DatasetError,
    DatasetNotFoundError,
    ImageFileError,
    MissingParsingMapError,
    ParsingMapError,
    UserError,
)
from .image_and_map import ImageAndMap, every_image, sharing_a_map
from .images import decode_rgb, read_rgb, scale_16_bit, to_rgb
from .label_systems import (
    LABEL_SYSTEMS,
    LabelSystem,
    clothing_ids,
    convert_labels,
    counterparts,
    label_system,
    match_label_system,
)
from .ltcc import LTCC
from .palette import label_colours
from .parsing_maps import ParsingMaps, check_labels, clothing_mask, read_label_png
from .prcc import PRCC
from .registry import dataset_class
from .rendered import (
    RenderedPeopleLTCCLayout,
    RenderedPeopleLTCCLayoutUnseenSites,
    RenderedPeoplePRCCLayout,
    RenderedPeoplePRCCLayoutUnseenSites,
)

__all__ = [
    "LABEL_SYSTEMS",
    "LTCC",
    "PRCC",
    "ClothesImageDataset",
    "Counts",
    "DatasetError",
    "DatasetNotFoundError",
    "ImageAndMap",
    "ImageFileError",
    "LabelSystem",
    "MissingParsingMapError",
    "ParsingMapError",
    "ParsingMaps",
    "RenderedPeopleLTCCLayout",
    "RenderedPeopleLTCCLayoutUnseenSites",
    "RenderedPeoplePRCCLayout",
    "RenderedPeoplePRCCLayoutUnseenSites",
    "UserError",
    "check_labels",
    "clothing_ids",
    "clothing_mask",
    "convert_labels",
    "counterparts",
    "dataset_class",
    "datasets_root",
    "decode_rgb",
    "every_image",
    "label_colours",
    "label_system",
    "match_label_system",
    "read_label_png",
    "read_rgb",
    "scale_16_bit",
    "sharing_a_map",
    "to_rgb",
]
