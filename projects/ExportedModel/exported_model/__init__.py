"""A model of people in one ONNX file: what its metadata say, how images and masks come to its size, how it is run.

Knows numpy, Pillow and onnxruntime, and nobody of this project: what exports a model (ifd), what extracts with it (ifd)
and what searches with it (person_search) share the file's form here.
"""

from .errors import ExportedModelError
from .metadata import PREFIX, Metadata
from .model import INPUT_NAME, ExportedModel, Outputs
from .properties import set_properties

__all__ = [
    "INPUT_NAME",
    "PREFIX",
    "ExportedModel",
    "ExportedModelError",
    "Metadata",
    "Outputs",
    "set_properties",
]
