"""From photos on disk to vectors: reading, parsing and the model, in this process or in another."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from .errors import ModelFileError, PhotoError
from .maps import MapFile, MapFolder, Maps, ParserMaps
from .model import Model, load_model
from .photos import Photo


class Embedded(NamedTuple):
    """Vectors of photos.

    Attributes:
        places: of those that could be read, in the photos given.
        vectors: (number of places, D) float32.
        failed: a message for each of the others.
    """

    places: list[int]
    vectors: np.ndarray
    failed: list[str]


@dataclass(frozen=True)
class EmbedderOptions:
    """What makes an embedder: plain values, which go to other processes and machines.

    Attributes:
        model, config, device: see ``load_model``.
        maps: folder of parsing maps, or one map for a single photo; None: none are at hand.
        map_system: label system of these maps; None: the model's own.
        parser: makes maps, in their place.
    """

    model: str
    config: str | None = None
    device: str | None = None
    maps: str | None = None
    map_system: str | None = None
    parser: str | None = None

    def build(self) -> "Embedder":
        """The embedder.

        Raises:
            ModelFileError: the model cannot be loaded, or needs maps and neither a folder nor a parser is named.
        """
        model = load_model(self.model, config=self.config, device=self.device)
        maps: Maps | None = None
        if not model.needs_maps:
            pass
        elif self.maps is not None:
            kind = MapFolder if os.path.isdir(self.maps) else MapFile
            maps = kind(self.maps, self.map_system)
        elif self.parser is not None:
            maps = ParserMaps(self.parser, self.device)
        else:
            raise ModelFileError(
                f"Model {self.model} needs the parsing map of each photo: name their folder with --maps, or a parser "
                "with --parser, or export a model that needs none (--rgb-only)."
            )
        return Embedder(model, maps)


class Embedder:
    """A model together with where its maps come from.

    Args:
        model: the model.
        maps: None where it needs none.
    """

    def __init__(self, model: Model, maps: Maps | None = None):
        self.model, self._maps = model, maps

    def __call__(self, photos: Sequence[Photo], paths: Sequence[str]) -> Embedded:
        """Vectors of photos; one that cannot be read is passed over.

        Args:
            photos: N.
            paths: N, of the photos below their folder, which the folder of maps shares.
        """
        places, images, maps, failed = [], [], [], []
        for place, (photo, path) in enumerate(zip(photos, paths, strict=True)):
            try:
                image = photo.image()
                if isinstance(self._maps, (MapFolder, MapFile)):
                    maps += self._maps([path], [image])
            except PhotoError as error:
                failed.append(str(error))
                continue
            places.append(place)
            images.append(image)
        if not images:
            return Embedded([], np.zeros((0, self.model.dim), np.float32), failed)
        if self._maps is None:
            return Embedded(places, self.model(images), failed)
        if not maps:
            maps = self._maps([paths[place] for place in places], images)
        return Embedded(places, self.model(images, maps, map_system=self._maps.system), failed)
