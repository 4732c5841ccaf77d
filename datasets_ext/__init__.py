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
from .images import ImageForm, as_rgb, decode_rgb, read_rgb, scale_16_bit, to_rgb
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
from .parsing_maps import (
    MapForm,
    ParsingMaps,
    ParsingTree,
    as_labels,
    check_labels,
    clothing_mask,
    read_label_png,
)
from .prcc import PRCC
from .registry import dataset_class
from .rendered import (
    RenderedPeopleLTCCLayout,
    RenderedPeopleLTCCLayoutUnseenSites,
    RenderedPeoplePRCCLayout,
    RenderedPeoplePRCCLayoutUnseenSites,
)
from .tree_record import TreeRecord, check_clothing, claim_tree, is_auto, tree_label_system

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
    "ImageForm",
    "LabelSystem",
    "MapForm",
    "MissingParsingMapError",
    "ParsingMapError",
    "ParsingMaps",
    "ParsingTree",
    "RenderedPeopleLTCCLayout",
    "RenderedPeopleLTCCLayoutUnseenSites",
    "RenderedPeoplePRCCLayout",
    "RenderedPeoplePRCCLayoutUnseenSites",
    "TreeRecord",
    "UserError",
    "as_labels",
    "as_rgb",
    "check_clothing",
    "check_labels",
    "claim_tree",
    "clothing_ids",
    "clothing_mask",
    "convert_labels",
    "counterparts",
    "dataset_class",
    "datasets_root",
    "decode_rgb",
    "every_image",
    "is_auto",
    "label_colours",
    "label_system",
    "match_label_system",
    "read_label_png",
    "read_rgb",
    "scale_16_bit",
    "sharing_a_map",
    "to_rgb",
    "tree_label_system",
]
