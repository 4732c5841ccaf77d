"""An image together with its parsing map."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from .tracklets import every_path

if TYPE_CHECKING:
    from .bases import ClothesImageDataset
    from .parsing_maps import ParsingTree

ImageT = TypeVar("ImageT")
MapT = TypeVar("MapT")


@dataclass(frozen=True, order=True)
class ImageAndMap(Generic[ImageT, MapT]):
    """An image and its parsing map, in whatever form a function takes them; as paths where files are listed.

    Attributes:
        image: the image.
        map: its parsing map, or where it belongs.
    """

    image: ImageT
    map: MapT


def every_image(dataset: ClothesImageDataset, tree: ParsingTree) -> list[ImageAndMap[str, str]]:
    """All images and frames of a data set, in the order of its splits, each once, whether or not they share a map.

    Args:
        dataset: whose images.
        tree: where their maps are, or belong.

    Returns:
        paths of images and maps.
    """
    paths = dict.fromkeys(path for items in dataset.splits.values() for path in every_path(items))
    return [ImageAndMap(path, tree.path_for(path)) for path in paths]


def sharing_a_map(pairs: Iterable[ImageAndMap[str, str]]) -> dict[str, list[str]]:
    """Map paths that belong to more than one image, such as to a.jpg and a.png, with these images."""
    images: dict[str, list[str]] = {}
    for pair in pairs:
        images.setdefault(pair.map, []).append(pair.image)
    return {path: paths for path, paths in images.items() if len(paths) > 1}
