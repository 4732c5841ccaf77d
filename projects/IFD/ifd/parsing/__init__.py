"""Human parsing: from images to the parsing maps that IFD reads."""

from .base import Parser, ParserError
from .hub import HubParser
from .load import load_parser
from .onnx_file import OnnxInput, OnnxParser
from .palette import label_colours
from .photos import Photo, dataset_photos, every_photo, sharing_a_map, tree_photos
from .run import ParsingSummary, parse_photos
from .writing import write_label_png

__all__ = [
    "HubParser",
    "OnnxInput",
    "OnnxParser",
    "Parser",
    "ParserError",
    "ParsingSummary",
    "Photo",
    "dataset_photos",
    "every_photo",
    "label_colours",
    "load_parser",
    "parse_photos",
    "sharing_a_map",
    "tree_photos",
    "write_label_png",
]
