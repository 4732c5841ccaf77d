"""Where the parsing maps of photos come from, for models that need them: a folder of maps, or a parser."""

import os
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from PIL import Image

from .errors import require_package
from .photos import read_map


class Maps(Protocol):
    """Gives the parsing maps of photos.

    Attributes:
        system: label system of the maps; None: the model's own.
    """

    @property
    def system(self) -> str | None: ...

    def __call__(self, paths: Sequence[str], images: Sequence[Image.Image]) -> list[np.ndarray]:
        """Maps of photos.

        Args:
            paths: N, of the photos below their folder.
            images: N, upright RGB.

        Returns:
            N maps, (height, width) uint8.

        Raises:
            PhotoError: a map is missing, damaged or of another size.
        """
        ...


class MapFolder:
    """A folder of maps: each photo's relative path with the ending ``.png``.

    Args:
        folder: of the maps.
        system: their label system; None: the model's own.
    """

    def __init__(self, folder: str | os.PathLike[str], system: str | None = None):
        self.folder, self.system = os.fspath(folder), system

    def __call__(self, paths: Sequence[str], images: Sequence[Image.Image]) -> list[np.ndarray]:
        return [
            read_map(os.path.join(self.folder, os.path.splitext(path)[0] + ".png"), image.size)
            for path, image in zip(paths, images, strict=True)
        ]


class MapFile:
    """One photo's map.

    Args:
        path: of the map.
        system: its label system; None: the model's own.
    """

    def __init__(self, path: str | os.PathLike[str], system: str | None = None):
        self.path, self.system = os.fspath(path), system

    def __call__(self, paths: Sequence[str], images: Sequence[Image.Image]) -> list[np.ndarray]:
        return [read_map(self.path, image.size) for image in images]


class ParserMaps:
    """Maps made by a model of ``people_parsing``, which needs PyTorch and, for models of transformers, the extra parse.

    Args:
        parser: what ``people_parsing.load_parser`` takes: a name on huggingface.co, a folder, or an ``.onnx`` file.
        device: cpu, cuda or cuda:<n>; None: CUDA where there is one.

    Raises:
        MissingPackageError: people_parsing cannot be imported.
        people_parsing.ParserError: the parser cannot be loaded.
    """

    def __init__(self, parser: str, device: str | None = None):
        people_parsing = require_package("people_parsing", "parse", "Parsing photos")
        self._parser: Any = people_parsing.load_parser(parser, device=device)
        self.system: str | None = self._parser.system.name

    def __call__(self, paths: Sequence[str], images: Sequence[Image.Image]) -> list[np.ndarray]:
        import torch

        prepared = [self._parser.prepare(image) for image in images]
        maps: list[np.ndarray] = []
        # Some image processors give inputs of different shapes.
        shapes = [inputs.shape for inputs in prepared]
        for start, stop in _runs(shapes):
            sizes = [image.size for image in images[start:stop]]
            with torch.no_grad():
                maps += self._parser.parse(torch.stack(prepared[start:stop]), sizes)
        return maps


def _runs(values: Sequence[Any]) -> list[tuple[int, int]]:
    """Start and end of each run of equal neighbours."""
    borders = [0, *(place for place in range(1, len(values)) if values[place] != values[place - 1]), len(values)]
    return [(start, stop) for start, stop in zip(borders, borders[1:], strict=False) if stop > start]
