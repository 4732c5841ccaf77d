"""Which images are to be parsed, and where their maps belong."""

import os

from datasets_ext import ClothesImageDataset, DatasetError, ImageAndMap, every_image, sharing_a_map
from datasets_ext.files import files_below, reason, shown

_SUFFIXES = (".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
_SHOWN = 5


def dataset_images(dataset: ClothesImageDataset, parsing_root: str | None = None) -> list[ImageAndMap[str, str]]:
    """All images of a data set, in the order of its splits, each once.

    Args:
        dataset: in PRCC's or LTCC's layout.
        parsing_root: folder of the maps; None: the data set's own.

    Raises:
        DatasetError: two images would have one map.
    """
    return _require_a_map_each(every_image(dataset, dataset.parsing_tree(parsing_root)))


def tree_images(images: str, output: str) -> list[ImageAndMap[str, str]]:
    """All images below a folder, sorted; each map has its image's relative path and stem below the output.

    Hidden files and folders, files of other kinds and what lies below the output are passed over.

    Args:
        images: folder of the images.
        output: folder of the maps, another one; it may lie inside the first.

    Raises:
        DatasetError: no such folder, no image in it, one that cannot be listed or is linked to from within itself, both
            folders are one, or two images would have one map.
    """
    images, output = (os.path.expanduser(os.fspath(folder)) for folder in (images, output))
    where = shown(os.path.abspath(images))
    if not os.path.isdir(images):
        raise DatasetError(f"There is no folder {where}. Name the one that holds the images.")
    maps = os.path.realpath(output)
    if os.path.realpath(images) == maps:
        raise DatasetError(
            f"Images and maps would share the folder {where}, where the map of a PNG would replace it. Name another "
            "folder for the maps."
        )
    try:
        found = sorted(parts for parts, _ in files_below(images))
    except OSError as error:
        raise DatasetError(f"{shown(error.filename or images)} cannot be listed: {reason(error)}.") from error
    folders = {parts[:-1] for parts in found}
    of_maps = {parts for parts in folders if _lies_in(os.path.realpath(os.path.join(images, *parts)), maps)}
    pairs = []
    for parts in found:
        stem, suffix = os.path.splitext(os.path.join(*parts))
        if suffix.lower() in _SUFFIXES and parts[:-1] not in of_maps:
            pairs.append(ImageAndMap(os.path.join(images, *parts), os.path.join(output, f"{stem}.png")))
    if not pairs:
        raise DatasetError(f"There is no image below {where}; looked for {', '.join(_SUFFIXES)}.")
    return _require_a_map_each(pairs)


def _lies_in(folder: str, other: str) -> bool:
    return os.path.commonpath([folder, other]) == other


def _require_a_map_each(pairs: list[ImageAndMap[str, str]]) -> list[ImageAndMap[str, str]]:
    shared = sharing_a_map(pairs)
    if shared:
        lines = [f"\n  {shown(path)}: {', '.join(map(shown, images))}" for path, images in shared.items()]
        more = f"\n  and {len(lines) - _SHOWN:,} more" if len(lines) > _SHOWN else ""
        raise DatasetError(
            f"{len(shared):,} parsing maps would belong to several images each, which differ in their ending alone:"
            f"{''.join(lines[:_SHOWN])}{more}\nRename or remove one of each."
        )
    return pairs
