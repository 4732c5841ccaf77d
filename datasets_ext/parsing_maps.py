"""Human parsing maps: one PNG per image in a tree beside the images, one byte per pixel."""

import io
import itertools
import os
import struct
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import numpy as np
from PIL import Image, UnidentifiedImageError

from .errors import MissingParsingMapError, ParsingMapError
from .files import is_there, names_with_content, read_regular_file, reason, shown
from .label_systems import LabelSystem, clothing_ids, label_system
from .plausibility import MapStatistics, map_statistics, misreading
from .tree_record import tree_label_system

MapForm: TypeAlias = str | os.PathLike[str] | Image.Image | np.ndarray[Any, Any]
"""What :func:`as_labels` takes for a parsing map."""

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GREY, _PALETTE = 0, 3

# Maps that are looked into before the first step.
_SAMPLE = 200
_COLOUR_TYPES = {0: "grey", 2: "RGB", 3: "palette", 4: "grey with alpha", 6: "RGB with alpha"}


def read_label_png(path: str | os.PathLike[str]) -> np.ndarray:
    """Reads a parsing map: the indices of a palette PNG, as SCHP writes them, or the bytes of an 8-bit grey one.

    Args:
        path: of the PNG.

    Returns:
        (H, W) uint8.

    Raises:
        MissingParsingMapError: there is no such file.
        ParsingMapError: it is no PNG, is damaged or cut short, or does not hold one label per pixel.
    """
    name = shown(path)
    try:
        data = read_regular_file(os.fspath(path))
    except FileNotFoundError as error:
        raise MissingParsingMapError(f"Parsing map {name} does not exist.") from error
    except OSError as error:
        raise ParsingMapError(f"Parsing map {name} cannot be read: {reason(error)}. Expected a PNG.") from error

    damaged = "Expected a PNG with one byte per pixel. Make the map again with the parser."
    if not data:
        raise ParsingMapError(f"Parsing map {name} is empty: whatever wrote it was cut short. {damaged}")
    if not data.startswith(_PNG_SIGNATURE) or len(data) < 26:
        raise ParsingMapError(f"Parsing map {name} is no PNG, or cut short ({len(data)} bytes). {damaged}")
    # Bit depth and colour type are read from the header: Pillow spreads grey of 1, 2 or 4 bits over 0 to 255, and what
    # then looks like a map has other labels than were written.
    depth, colour_type = struct.unpack_from(">BB", data, 24)
    if colour_type != _PALETTE and (colour_type, depth) != (_GREY, 8):
        raise ParsingMapError(
            f"Parsing map {name} is a PNG of {depth}-bit {_COLOUR_TYPES.get(colour_type, 'unknown colour')}. Expected "
            "one byte per pixel: 8-bit grey or a palette, whose indices are the labels. A coloured picture of the "
            "parsing does not do: save the labels themselves."
        )
    try:
        with Image.open(io.BytesIO(data), formats=("PNG",)) as image:
            return np.array(image)
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as error:
        # Pillow's own words name the buffer in memory.
        why = "its header cannot be read" if isinstance(error, UnidentifiedImageError) else error
        raise ParsingMapError(f"Parsing map {name} is damaged or cut short ({why}). {damaged}") from error


def as_labels(labels: MapForm, name: str = "given") -> np.ndarray:
    """The labels that a path, an image or an array stands for.

    Args:
        labels: path of a PNG, PIL image of mode L or P, or (H, W) integers.
        name: what an error calls a map that is no path.

    Returns:
        (H, W) integers.

    Raises:
        ParsingMapError: a file that cannot be read, or an image or array that does not hold one label per pixel.
        TypeError: something else.
    """
    if isinstance(labels, (str, os.PathLike)):
        return read_label_png(labels)
    if isinstance(labels, Image.Image):
        if labels.mode not in ("L", "P"):
            raise ParsingMapError(
                f"Parsing map {name} is of mode {labels.mode}; expected one byte per pixel, L or P, the labels "
                "themselves."
            )
        return np.array(labels)
    if not isinstance(labels, np.ndarray):
        raise TypeError(f"expected parsing map {name} as a path, array or PIL image, found {type(labels).__name__}")
    if labels.ndim != 2 or not np.issubdtype(labels.dtype, np.integer):
        raise ParsingMapError(
            f"Parsing map {name} is of shape {labels.shape} and dtype {labels.dtype}; expected (H, W) integers, the "
            "labels."
        )
    return labels


def check_labels(
    labels: np.ndarray,
    size: tuple[int, int],
    system: str | LabelSystem,
    map_name: str,
    image_name: str = "its image",
) -> None:
    """Checks that a parsing map fits its image and its label system.

    Args:
        labels: (H, W) integers.
        size: (width, height) of the image in pixels, as in PIL.
        system: label system of the map.
        map_name: what an error calls the map.
        image_name: what an error calls the image.

    Raises:
        ParsingMapError: the map has another size than the image, or labels outside the system.
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


def clothing_mask(labels: np.ndarray, ids: Iterable[int]) -> np.ndarray:
    """Clothing mask psi of a parsing map (IFD, eq. 3).

    Args:
        labels: (H, W) uint8, parsing map.
        ids: label values that count as clothing, each in 0 to 255.

    Returns:
        (H, W) uint8, 1 on clothing, 0 elsewhere.
    """
    # Comparisons of whole arrays take a fifth of the time of a table's look-ups: each run of values is two of them.
    mask = np.zeros(labels.shape, dtype=bool)
    for first, last in _runs(ids):
        mask |= labels == first if first == last else (labels >= first) & (labels <= last)
    return mask.view(np.uint8)


def _runs(values: Iterable[int]) -> list[tuple[int, int]]:
    """First and last of each run of integers that follow one another."""
    ascending = sorted(set(values))
    groups = itertools.groupby(enumerate(ascending), lambda pair: pair[1] - pair[0])
    runs = ([value for _, value in group] for _, group in groups)
    return [(run[0], run[-1]) for run in runs]


class ParsingTree:
    """A tree of images and the tree of their parsing maps: same relative path and stem, ``.png``.

    Args:
        image_root: folder that the images lie below.
        parsing_root: folder that their maps lie below.
    """

    def __init__(self, image_root: str | os.PathLike[str], parsing_root: str | os.PathLike[str]):
        self.image_root = os.fspath(image_root)
        self.parsing_root = os.path.expanduser(os.fspath(parsing_root))

    def path_for(self, image_path: str | os.PathLike[str]) -> str:
        """Path of an image's map.

        Raises:
            ValueError: the image does not lie below ``image_root``.
        """
        relative = os.path.relpath(image_path, self.image_root)
        if relative.split(os.sep, 1)[0] == os.pardir:
            raise ValueError(
                f"Image {shown(image_path)} does not lie below {shown(self.image_root)}, so it is not known where its "
                "parsing map is."
            )
        return os.path.join(self.parsing_root, os.path.splitext(relative)[0] + ".png")

    def missing(self, image_paths: Iterable[str]) -> list[str]:
        """Images without a map. Each folder is listed once; no map is opened.

        Args:
            image_paths: paths of images.

        Returns:
            those whose map is absent, empty or no regular file, in the order given.
        """
        names_in: dict[str, set[str]] = {}
        absent = []
        for image_path in image_paths:
            folder, name = os.path.split(self.path_for(image_path))
            if folder not in names_in:
                names_in[folder] = names_with_content(folder)
            if name not in names_in[folder]:
                absent.append(image_path)
        return absent


class ParsingMaps(ParsingTree):
    """Reads the parsing maps of a tree of images in their label system.

    Args:
        image_root: folder that the images lie below.
        parsing_root: folder that their maps lie below.
        system: label system of the maps, which the tree must not contradict, or 'auto': what the tree says, see
            :func:`datasets_ext.tree_label_system`.
        clothing: label names that count as clothing; None: everything worn below the neck.

    Attributes:
        system: LabelSystem of the maps.
        clothing: label values that count as clothing, ascending.

    Raises:
        ParsingMapError: the tree says that it is of another system, or of several.
        ValueError: unknown label system or label name.
    """

    def __init__(
        self,
        image_root: str | os.PathLike[str],
        parsing_root: str | os.PathLike[str],
        system: str | LabelSystem,
        clothing: Sequence[str] | None = None,
    ):
        super().__init__(image_root, parsing_root)
        self.system, self._is_said = tree_label_system(self.parsing_root, system)
        self.clothing = clothing_ids(self.system, clothing)

    def load(self, image_path: str, size: tuple[int, int]) -> np.ndarray:
        """Reads the labels of an image.

        Args:
            image_path: of the image (not of the map).
            size: (width, height) of the image in pixels, as in PIL.

        Returns:
            (height, width) uint8, values in [0, len(system)).

        Raises:
            MissingParsingMapError: there is no map.
            ParsingMapError: the map is damaged, does not hold one label per pixel, has another size than the image or
                labels outside the system.
        """
        path = self.path_for(image_path)
        try:
            labels = read_label_png(path)
        except MissingParsingMapError as error:
            raise MissingParsingMapError(
                f"Image {shown(image_path)} has no parsing map: expected {shown(path)}. {self._what_to_do()}"
            ) from error

        check_labels(labels, size, self.system, shown(path), f"its image {shown(image_path)}")
        return labels

    def load_mask(self, image_path: str, size: tuple[int, int]) -> np.ndarray:
        """Reads an image's clothing mask psi (IFD, eq. 3); arguments and errors of :meth:`load`.

        Returns:
            (height, width) uint8, 1 on clothing, 0 elsewhere.
        """
        return clothing_mask(self.load(image_path, size), self.clothing)

    def require(self, image_paths: Iterable[str]) -> None:
        """Checks, before any work is spent, that every image has a map, and that the maps can be of this label system.

        Where the tree does not say its system, a sample of the maps is read and judged by where on the person its
        labels lie and how much of the person they take.

        Args:
            image_paths: paths of images.

        Raises:
            MissingParsingMapError: has the number of images without a map and the first of them.
            ParsingMapError: the maps cannot be of this label system, but of another, which the message names.
        """
        image_paths = list(image_paths)
        absent = self.missing(image_paths)
        if absent:
            expected = self.path_for(absent[0])
            state = " (what is there is empty or no file)" if is_there(expected) else ""
            raise MissingParsingMapError(
                f"{len(absent):,} of {len(image_paths):,} images have no parsing map, the first is {shown(absent[0])}: "
                f"expected {shown(expected)}{state}. {self._what_to_do()}"
            )
        if self._is_said:
            return
        found = misreading(self._sample(image_paths), self.system)
        if found is not None and found.fitting is not None:
            raise ParsingMapError(f"The maps below {shown(self.parsing_root)} {found.sentence()}")

    def _sample(self, image_paths: Sequence[str]) -> list[MapStatistics]:
        step = max(1, len(image_paths) // _SAMPLE)
        return [map_statistics(read_label_png(self.path_for(path))) for path in image_paths[::step]]

    def _what_to_do(self) -> str:
        return (
            f"Maps are PNGs of the image's size with one byte per pixel, a label of system {self.system.name!r}: write "
            f"them below {shown(self.parsing_root)}, or name the folder that holds them."
        )
