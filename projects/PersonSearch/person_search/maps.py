"""Where the parsing maps of photos come from, for models that need them: a folder of maps, or a parser."""

import json
import os
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from PIL import Image

from .errors import PhotoError, require_package
from .photos import read_map

#: What makers of maps write into a tree's root (``datasets_ext.tree_record``).
RECORD_NAME = "label_system.json"


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

    What the folder says of itself counts, ``label_system.json`` as the makers of maps write it: read as labels of
    another system, maps look right and are wrong.

    Args:
        folder: of the maps.
        system: their label system; None: what the folder says, else the model's own.

    Raises:
        PhotoError: the folder says another system, several, or that its maps are being replaced.
    """

    def __init__(self, folder: str | os.PathLike[str], system: str | None = None):
        self.folder = os.fspath(folder)
        self.system = _said_or_told(self.folder, system)

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
        prepared = [self._parser.prepare(image) for image in images]
        maps: list[np.ndarray] = self._parser.parse_prepared(prepared, [image.size for image in images])
        return maps


def _said_or_told(folder: str, told: str | None) -> str | None:
    """The label system of a folder of maps: what it says, what was told, or None where nobody says."""
    said: dict[str, str] = {}
    for path, _, names in os.walk(folder):
        if RECORD_NAME in names:
            record = os.path.join(path, RECORD_NAME)
            said.setdefault(_system_of(record), record)
    if len(said) > 1:
        where = ", ".join(f"{system!r} by {record}" for system, record in sorted(said.items()))
        raise PhotoError(f"The maps below {folder} are of several label systems: {where}. Keep each in its own folder.")
    for system, record in said.items():
        if told not in (None, system):
            raise PhotoError(
                f"The maps below {folder} are of label system {system!r}, by {record}, and were to be read as "
                f"{told!r}. Leave --map-system out."
            )
        return system
    return told


def _system_of(record: str) -> str:
    try:
        with open(record, encoding="utf-8") as file:
            values = json.load(file)
        if values.get("replacing"):
            raise PhotoError(
                f"The maps beside {record} were being replaced when the run that did it ended. Run it again, with "
                "--overwrite."
            )
        return str(values["system"])
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise PhotoError(
            f'{record} cannot be read ({error!r}); expected {{"system": "lip"}} or another label system.'
        ) from error
