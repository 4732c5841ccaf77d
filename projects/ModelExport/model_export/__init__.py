"""A trained model as one ONNX file that ranks as the model does, or is not written."""

import fastreid_compat  # noqa: F401  (first: it makes fastreid importable)

from .agreement import Agreement, Difference, agreement
from .errors import ExportError
from .exporting import PRECISIONS, Exported, export_model
from .packing import Packed, pack_model
from .people import People, people_below, test_people, training_images

__all__ = [
    "PRECISIONS",
    "Agreement",
    "Difference",
    "ExportError",
    "Exported",
    "Packed",
    "People",
    "agreement",
    "export_model",
    "pack_model",
    "people_below",
    "test_people",
    "training_images",
]
