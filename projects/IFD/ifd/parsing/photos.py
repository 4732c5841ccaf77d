"""Which images are to be parsed, and where their maps belong."""

import os
from collections.abc import Iterable
from typing import NamedTuple

from datasets_ext import ClothesImageDataset, DatasetError, ParsingMaps

_SUFFIXES = (".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
_SHOWN = 5


class Photo(NamedTuple):
    """An image and where its parsing map belongs."""

    image_path: str
    map_path: str


def dataset_photos(dataset: ClothesImageDataset, parsing_root: str | None = None) -> list[Photo]:
    """All images of a data set, in the order of its splits, each once.

    Args:
        dataset: in PRCC's or LTCC's layout.
        parsing_root: folder of the maps; None: the data set's own.

    Raises:
        DatasetError: two images would have one map.
    """
    return _require_a_map_each(every_photo(dataset, dataset.parsing_maps(parsing_root=parsing_root)))


def every_photo(dataset: ClothesImageDataset, maps: ParsingMaps) -> list[Photo]:
    """All images of a data set, in the order of its splits, each once, whether or not they share a map."""
    paths = dict.fromkeys(item[0] for items in dataset.splits.values() for item in items)
    return [Photo(path, maps.path_for(path)) for path in paths]


def tree_photos(images: str, output: str) -> list[Photo]:
    """All images below a folder, sorted; each map has its image's relative path and stem below the output.

    Hidden files and folders, files of other kinds and what lies below the output are passed over.

    Args:
        images: folder of the images.   output: folder of the maps, another one; it may lie inside the first.

    Raises:
        DatasetError: no such folder, no image in it, both folders are one, or two images would have one map.
    """
    images, output = (os.path.expanduser(os.fspath(folder)) for folder in (images, output))
    if not os.path.isdir(images):
        raise DatasetError(f"There is no folder {os.path.abspath(images)}. Name the one that holds the images.")
    if os.path.realpath(images) == os.path.realpath(output):
        raise DatasetError(
            f"Images and maps would share the folder {os.path.abspath(images)}, where the map of a PNG would replace "
            "it. Name another folder for the maps."
        )
    photos = []
    for folder, folders, names in os.walk(images, followlinks=True):
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".") and os.path.realpath(os.path.join(folder, name)) != os.path.realpath(output)
        )
        for name in sorted(names):
            stem, suffix = os.path.splitext(name)
            if suffix.lower() in _SUFFIXES and not name.startswith("."):
                relative = os.path.relpath(os.path.join(folder, stem), images)
                photos.append(Photo(os.path.join(folder, name), os.path.join(output, f"{relative}.png")))
    if not photos:
        raise DatasetError(f"There is no image below {os.path.abspath(images)}; looked for {', '.join(_SUFFIXES)}.")
    return _require_a_map_each(photos)


def sharing_a_map(photos: Iterable[Photo]) -> dict[str, list[str]]:
    """Map paths that belong to more than one image, such as to a.jpg and a.png, with these images."""
    images: dict[str, list[str]] = {}
    for photo in photos:
        images.setdefault(photo.map_path, []).append(photo.image_path)
    return {path: paths for path, paths in images.items() if len(paths) > 1}


def _require_a_map_each(photos: list[Photo]) -> list[Photo]:
    shared = sharing_a_map(photos)
    if shared:
        lines = [f"\n  {path}: {', '.join(images)}" for path, images in shared.items()]
        more = f"\n  and {len(lines) - _SHOWN:,} more" if len(lines) > _SHOWN else ""
        raise DatasetError(
            f"{len(shared):,} parsing maps would belong to several images each, which differ in their ending alone:"
            f"{''.join(lines[:_SHOWN])}{more}\nRename or remove one of each."
        )
    return photos
