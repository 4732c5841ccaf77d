"""Which images are to be parsed, and where their maps belong."""

import os

from datasets_ext import ClothesImageDataset, DatasetError, ImageAndMap, every_image, sharing_a_map

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
    return _require_a_map_each(every_image(dataset, dataset.parsing_maps(parsing_root=parsing_root)))


def tree_images(images: str, output: str) -> list[ImageAndMap[str, str]]:
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
    pairs: list[ImageAndMap[str, str]] = []
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
                pairs.append(ImageAndMap(os.path.join(folder, name), os.path.join(output, f"{relative}.png")))
    if not pairs:
        raise DatasetError(f"There is no image below {os.path.abspath(images)}; looked for {', '.join(_SUFFIXES)}.")
    return _require_a_map_each(pairs)


def _require_a_map_each(pairs: list[ImageAndMap[str, str]]) -> list[ImageAndMap[str, str]]:
    shared = sharing_a_map(pairs)
    if shared:
        lines = [f"\n  {path}: {', '.join(images)}" for path, images in shared.items()]
        more = f"\n  and {len(lines) - _SHOWN:,} more" if len(lines) > _SHOWN else ""
        raise DatasetError(
            f"{len(shared):,} parsing maps would belong to several images each, which differ in their ending alone:"
            f"{''.join(lines[:_SHOWN])}{more}\nRename or remove one of each."
        )
    return pairs
