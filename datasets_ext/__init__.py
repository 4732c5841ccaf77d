"""What is read from disk: clothing-change data sets (registered with the host on import) and their parsing maps.

Without fast-reid or PyTorch, images, maps and label systems are there; who asks for a data set is told what is missing.
"""

import importlib

from .clothes_labels import ClothesLabels, LabelKind
from .errors import (
    DatasetError,
    DatasetNotFoundError,
    ImageFileError,
    MissingParsingMapError,
    ParsingMapError,
    UserError,
)
from .host import HOST_IS_THERE
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
from .tracklets import Tracklet, every_path, image_paths
from .tree_record import TreeRecord, check_clothing, claim_tree, is_auto, tree_label_system

if HOST_IS_THERE:
    from .bases import ClothesImageDataset, Counts, Finding, Release, datasets_root
    from .ccvid import CCVID
    from .celeb_reid import CelebReID, CelebReIDLight
    from .csv_list import CSVDataset, register_csv
    from .deepchange import DeepChange
    from .last import LaST
    from .ltcc import LTCC
    from .mevid import MEVID
    from .prcc import PRCC
    from .registry import dataset_class
    from .rendered import (
        RenderedPeopleCCVIDLayout,
        RenderedPeopleCelebReIDLayout,
        RenderedPeopleCelebReIDLightLayout,
        RenderedPeopleDeepChangeLayout,
        RenderedPeopleLaSTLayout,
        RenderedPeopleLTCCLayout,
        RenderedPeopleLTCCLayoutUnseenSites,
        RenderedPeopleMEVIDLayout,
        RenderedPeoplePRCCLayout,
        RenderedPeoplePRCCLayoutUnseenSites,
        RenderedPeopleReal28Layout,
        RenderedPeopleVCClothesLayout,
    )
    from .vc_clothes import Real28, VCClothes
else:

    def __getattr__(name: str) -> object:
        if name in __all__:
            # Says what is missing, and how to get it.
            importlib.import_module("fastreid_compat")
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "CCVID",
    "LABEL_SYSTEMS",
    "LTCC",
    "MEVID",
    "PRCC",
    "CSVDataset",
    "CelebReID",
    "CelebReIDLight",
    "ClothesImageDataset",
    "ClothesLabels",
    "Counts",
    "DatasetError",
    "DatasetNotFoundError",
    "DeepChange",
    "Finding",
    "ImageAndMap",
    "ImageFileError",
    "ImageForm",
    "LaST",
    "LabelKind",
    "LabelSystem",
    "MapForm",
    "MissingParsingMapError",
    "ParsingMapError",
    "ParsingMaps",
    "ParsingTree",
    "Real28",
    "Release",
    "RenderedPeopleVCClothesLayout",
    "RenderedPeopleReal28Layout",
    "RenderedPeopleLaSTLayout",
    "RenderedPeopleDeepChangeLayout",
    "RenderedPeopleCelebReIDLayout",
    "RenderedPeopleCelebReIDLightLayout",
    "RenderedPeopleCCVIDLayout",
    "RenderedPeopleMEVIDLayout",
    "RenderedPeopleLTCCLayout",
    "RenderedPeopleLTCCLayoutUnseenSites",
    "RenderedPeoplePRCCLayout",
    "RenderedPeoplePRCCLayoutUnseenSites",
    "Tracklet",
    "TreeRecord",
    "UserError",
    "VCClothes",
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
    "every_path",
    "image_paths",
    "is_auto",
    "label_colours",
    "label_system",
    "match_label_system",
    "read_label_png",
    "read_rgb",
    "register_csv",
    "scale_16_bit",
    "sharing_a_map",
    "to_rgb",
    "tree_label_system",
]
