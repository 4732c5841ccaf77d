"""Human parsing: from photos of people to the parsing maps that clothing-change methods read."""

from .hub import HubParser
from .listing import dataset_images, tree_images
from .load import load_parser
from .onnx_file import OnnxInput, OnnxParser
from .parser import Parser, ParserError
from .run import ParsingSummary, parse_images
from .version import VERSION
from .writing import write_label_png

__version__ = VERSION
__all__ = [
    "HubParser",
    "OnnxInput",
    "OnnxParser",
    "Parser",
    "ParserError",
    "ParsingSummary",
    "dataset_images",
    "load_parser",
    "parse_images",
    "tree_images",
    "write_label_png",
]
