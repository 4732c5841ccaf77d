"""Human parsing maps: one PNG per image in a tree beside the images, one byte per pixel."""

import io
import os
import struct

import numpy as np
from PIL import Image, UnidentifiedImageError

from .errors import MissingParsingMapError, ParsingMapError
from .label_systems import label_system

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GREY, _PALETTE = 0, 3
_COLOUR_TYPES = {0: "grey", 2: "RGB", 3: "palette", 4: "grey with alpha", 6: "RGB with alpha"}


def read_label_png(path):
    """Reads a parsing map: the indices of a palette PNG, as SCHP writes them, or the bytes of an 8-bit grey one.

    Args:
        path: of the PNG.
    Returns: (H, W) uint8.
    Raises: MissingParsingMapError where there is no such file; ParsingMapError where it is no PNG, is damaged or cut
        short, or does not hold one label per pixel.
    """
    try:
        with open(path, "rb") as file:
            data = file.read()
    except FileNotFoundError as error:
        raise MissingParsingMapError(f"Parsing map {path} does not exist.") from error

    damaged = "Expected a PNG with one byte per pixel. Make the map again with the parser."
    if not data.startswith(_PNG_SIGNATURE) or len(data) < 26:
        raise ParsingMapError(f"Parsing map {path} is no PNG, or cut short ({len(data)} bytes). {damaged}")
    # Bit depth and colour type are read from the header: Pillow spreads grey of 1, 2 or 4 bits over 0 to 255, and what
    # then looks like a map has other labels than were written.
    depth, colour_type = struct.unpack_from(">BB", data, 24)
    if colour_type != _PALETTE and (colour_type, depth) != (_GREY, 8):
        raise ParsingMapError(
            f"Parsing map {path} is a PNG of {depth}-bit {_COLOUR_TYPES.get(colour_type, 'unknown colour')}. Expected "
            "one byte per pixel: 8-bit grey or a palette, whose indices are the labels. A coloured picture of the "
            "parsing does not do: save the labels themselves."
        )
    try:
        with Image.open(io.BytesIO(data), formats=("PNG",)) as image:
            return np.array(image)
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as error:
        # Pillow's own words name the buffer in memory.
        reason = "its header cannot be read" if isinstance(error, UnidentifiedImageError) else error
        raise ParsingMapError(f"Parsing map {path} is damaged or cut short ({reason}). {damaged}") from error


def check_labels(labels, size, system, map_name, image_name="its image"):
    """Checks that a parsing map fits its image and its label system.

    Args:
        labels: (H, W) integer array.   size: (width, height) of the image in pixels, as in PIL.
        system: name of a label system, or a LabelSystem.   map_name, image_name: what an error calls them.
    Raises: ParsingMapError where the map has another size than the image or labels outside the system.
    """
    width, height = size
    if labels.shape != (height, width):
        raise ParsingMapError(
            f"Parsing map {map_name} is {labels.shape[1]} x {labels.shape[0]} pixels (width x height), {image_name} "
            f"is {width} x {height}. Make the map again from this very image, or resize it with nearest-neighbour "
            "interpolation."
        )
    system = label_system(system)
    outside = (labels < 0) | (labels >= len(system))
    if outside.any():
        raise ParsingMapError(
            f"Parsing map {map_name} holds the labels {np.unique(labels[outside]).tolist()}, label system "
            f"{system.name!r} has 0 to {len(system) - 1}. Name the system that the maps were made in, or make them "
            "again."
        )


def clothing_mask(labels, ids):
    """Clothing mask psi of a parsing map (IFD, eq. 3).

    Args:
        labels: (H, W) uint8, parsing map.   ids: label values that count as clothing, each in 0 to 255.
    Returns: (H, W) uint8, 1 on clothing, 0 elsewhere.
    """
    table = np.zeros(256, dtype=np.uint8)
    table[list(ids)] = 1
    return table[labels]


class ParsingMaps:
    """The parsing maps of a tree of images: same relative path and stem, `.png`.

    Args:
        image_root: folder that the images lie below.   parsing_root: folder that their maps lie below.
        system: name of the maps' label system, or a LabelSystem.
    Raises: ValueError for an unknown label system.
    """

    def __init__(self, image_root, parsing_root, system):
        self.image_root = os.fspath(image_root)
        self.parsing_root = os.fspath(parsing_root)
        self.system = label_system(system)

    def path_for(self, image_path):
        """Path of an image's map.

        Raises: ValueError where the image does not lie below `image_root`.
        """
        relative = os.path.relpath(image_path, self.image_root)
        if relative.split(os.sep, 1)[0] == os.pardir:
            raise ValueError(
                f"Image {image_path} does not lie below {self.image_root}, so it is not known where its parsing map is."
            )
        return os.path.join(self.parsing_root, os.path.splitext(relative)[0] + ".png")

    def load(self, image_path, size):
        """Reads the labels of an image.

        Args:
            image_path: of the image (not of the map).   size: (width, height) of the image in pixels, as in PIL.
        Returns: (height, width) uint8, values in [0, len(system)).
        Raises: MissingParsingMapError; ParsingMapError where the map is damaged, does not hold one label per pixel, has
            another size than the image or labels outside the system.
        """
        path = self.path_for(image_path)
        try:
            labels = read_label_png(path)
        except MissingParsingMapError as error:
            raise MissingParsingMapError(
                f"Image {image_path} has no parsing map: expected {path}. {self._what_to_do()}"
            ) from error

        check_labels(labels, size, self.system, path, f"its image {image_path}")
        return labels

    def missing(self, image_paths):
        """Images without a map. Each folder is listed once; no map is opened.

        Args:
            image_paths: paths of images.
        Returns: list of those without a map, in the order given.
        """
        names_in = {}
        absent = []
        for image_path in image_paths:
            folder, name = os.path.split(self.path_for(image_path))
            if folder not in names_in:
                names_in[folder] = set(os.listdir(folder)) if os.path.isdir(folder) else set()
            if name not in names_in[folder]:
                absent.append(image_path)
        return absent

    def require(self, image_paths):
        """Checks, before any work is spent, that every image has a map.

        Args:
            image_paths: paths of images.
        Raises: MissingParsingMapError with the number of images without a map and the first of them.
        """
        image_paths = list(image_paths)
        absent = self.missing(image_paths)
        if absent:
            raise MissingParsingMapError(
                f"{len(absent):,} of {len(image_paths):,} images have no parsing map, the first is {absent[0]}: "
                f"expected {self.path_for(absent[0])}. {self._what_to_do()}"
            )

    def _what_to_do(self):
        return (
            f"Maps are PNGs of the image's size with one byte per pixel, a label of system {self.system.name!r}: write "
            f"them below {self.parsing_root}, or name the folder that holds them."
        )
