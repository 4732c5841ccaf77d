"""What person_search knows of a model: images (and parsing maps) in, vectors out.

Everything else of this package (gallery, commands, page) is written against ``Model``, whatever stands behind it.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from PIL import Image

from .decisions import Decisions
from .errors import ModelFileError
from .seeing import Seen


class VectorSpace(Protocol):
    """Whose vectors can be compared with each other.

    Attributes:
        dim: D, length of a vector.
        fingerprint: the same text for all that give the same vectors, and for nothing else.
    """

    @property
    def dim(self) -> int: ...

    @property
    def fingerprint(self) -> str: ...


@dataclass(frozen=True)
class Space:
    """The vector space of a model that is not at hand, for vectors that were made elsewhere."""

    dim: int
    fingerprint: str


class Model(VectorSpace, Protocol):
    """Turns images of one person each into vectors.

    Attributes:
        needs_maps: whether each image must come with its parsing map.
        label_system: of the maps: 'lip', 'atr' or 'pascal'; None where the model takes none.
        decisions: similarities that mean something; None where nobody calibrated the model.
    """

    @property
    def needs_maps(self) -> bool: ...

    @property
    def label_system(self) -> str | None: ...

    @property
    def decisions(self) -> Decisions | None: ...

    def __call__(
        self,
        images: Sequence[Image.Image],
        maps: Sequence[np.ndarray] | None = None,
        *,
        map_system: str | None = None,
    ) -> np.ndarray:
        """Vectors of images.

        Args:
            images: N upright RGB images of any size, each a person cut out.
            maps: N parsing maps, (height, width) integers of the image's size; None where the model needs none.
            map_system: label system of these maps; None: the model's own.

        Returns:
            (N, D) float32, each of length 1: the product of two is their similarity, in -1 to 1.

        Raises:
            ModelFileError: maps are needed and not given, or are in a label system that the model does not know.
            PhotoError: a map does not have its image's size.
        """
        ...

    def look(self, image: Image.Image, labels: np.ndarray | None = None, *, map_system: str | None = None) -> Seen:
        """What the model sees of one image: its vector as a call gives it, clothing mask and attention map.

        Args:
            image, labels, map_system: as of a call.

        Raises:
            ModelFileError, PhotoError: as of a call.
        """
        ...


def load_model(path: str | os.PathLike[str], *, config: str | None = None, device: str | None = None) -> Model:
    """The model in a file, by the file's ending.

    Args:
        path: ``.onnx``, needing only onnxruntime; or ``.pth``, a checkpoint of IFD, needing ifd, fast-reid and PyTorch.
        config: config file of a checkpoint; None: ``config.yaml`` beside it, where training wrote it.
        device: cpu, cuda or cuda:<n>; None: CUDA where there is one.

    Raises:
        ModelFileError: another ending, no such file, or the file cannot be loaded.
        MissingPackageError: what it needs is not installed.
    """
    path = os.path.expanduser(os.fspath(path))
    ending = os.path.splitext(path)[1].lower()
    if ending not in (".onnx", ".pth"):
        raise ModelFileError(f"Model {path} ends in {ending or 'nothing'}; expected .onnx, or .pth for a checkpoint.")
    if not os.path.isfile(path):
        raise ModelFileError(f"There is no file {path}. Name a model: an .onnx file, or a checkpoint .pth.")
    # Imported by what is asked for: the first needs onnxruntime alone, the second PyTorch and the host.
    if ending == ".onnx":
        from .onnx_model import OnnxModel

        return OnnxModel(path, device=device)
    from .checkpoint_model import CheckpointModel

    return CheckpointModel(path, config=config, device=device)
