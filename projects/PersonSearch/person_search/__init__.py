"""Finding people by photo: a gallery of vectors, searched on one machine or in a distributed database.

It knows a model only as images (and parsing maps) in, vectors out, and imports without fast-reid, PyTorch and ifd.
"""

from .decisions import Decision, Decisions
from .errors import (
    DecisionsError,
    GalleryError,
    LabelsError,
    MissingPackageError,
    ModelFileError,
    OtherModelError,
    PersonSearchError,
    PhotoError,
)
from .filters import Filters
from .gallery import Added, Gallery, Hit, Stats
from .labels import LabelPattern, PhotoLabels, read_label_table
from .model import Model, Space, VectorSpace, load_model
from .photos import Photo, as_photo, read_photo
from .pictures import Entry, Picture
from .search_index import SearchIndex

__all__ = [
    "Added",
    "Decision",
    "Decisions",
    "DecisionsError",
    "Entry",
    "Filters",
    "Gallery",
    "GalleryError",
    "Hit",
    "LabelPattern",
    "LabelsError",
    "MissingPackageError",
    "Model",
    "ModelFileError",
    "OtherModelError",
    "PersonSearchError",
    "Photo",
    "PhotoError",
    "PhotoLabels",
    "Picture",
    "SearchIndex",
    "Space",
    "Stats",
    "VectorSpace",
    "as_photo",
    "load_model",
    "read_label_table",
    "read_photo",
]
