"""Images of people that an exported model is compared on."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from fastreid.config import CfgNode

from datasets_ext import DatasetError, ImageAndMap, ParsingTree
from ifd.data import build_test_loader, build_train_set
from masked_images import ParsedDataset

from .errors import ExportError

_SUFFIXES = (".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")


@dataclass(frozen=True)
class People:
    """N images of people.

    Attributes:
        name: where they come from.
        pairs: their paths, with those of their parsing maps; None where there are no maps.
        pids: (N,) int64.
        camids, clothes: (N,) int64; None where they are unknown.
        num_query: the first so many are queries and the others the gallery; 0: each is looked for among the others.
    """

    name: str
    pairs: tuple[ImageAndMap[str, str | None], ...]
    pids: np.ndarray
    camids: np.ndarray | None = None
    clothes: np.ndarray | None = None
    num_query: int = 0

    def parted(self) -> tuple[tuple[ImageAndMap[str, str | None], ...], "People"]:
        """The images of every third person, and the other people.

        Raises:
            ExportError: of the others there are fewer than two with two images.
        """
        apart = np.isin(self.pids, np.unique(self.pids)[::3])
        left = np.flatnonzero(~apart)
        if (np.unique(self.pids[left], return_counts=True)[1] >= 2).sum() < 2:
            raise ExportError(
                f"{self.name} holds {len(np.unique(self.pids))} people: too few to choose int8's settings on a third "
                "of them and judge it on the others. Name a folder of more people with --calibration."
            )
        others = replace(
            self,
            pairs=tuple(self.pairs[place] for place in left),
            pids=self.pids[left],
            camids=None if self.camids is None else self.camids[left],
            clothes=None if self.clothes is None else self.clothes[left],
            num_query=int((left < self.num_query).sum()),
        )
        return tuple(self.pairs[place] for place in np.flatnonzero(apart)), others


def training_images(cfg: CfgNode, most: int) -> tuple[ImageAndMap[str, str | None], ...]:
    """Images that the config's model was trained on, spread over its people: other ones than any test set's.

    Args:
        cfg: full config.
        most: images at most.

    Raises:
        DatasetError: they are not there, or their maps are not.
    """
    train_set = build_train_set(cfg)
    count = len(train_set.img_items)
    places = np.linspace(0, count - 1, min(most, count)).round().astype(int)
    paths = [(train_set.img_items[place][0], train_set.parsing_maps[place]) for place in places]
    return tuple(ImageAndMap(path, maps.path_for(path)) for path, maps in paths)


def test_people(cfg: CfgNode, name: str, most: int) -> People:
    """The test images of a data set that the config knows.

    Args:
        cfg: full config.
        name: of the data set, as in DATASETS.TESTS.
        most: images at most, of the first people; of at least two.

    Raises:
        DatasetError: it is not there, or its maps are not.
    """
    loader, num_query = build_test_loader(cfg, name)
    test_set = loader.dataset
    assert isinstance(test_set, ParsedDataset)
    pids = np.array([item[1] for item in test_set.img_items], np.int64)
    people, counts = np.unique(pids, return_counts=True)
    kept = people[: max(2, int(np.searchsorted(np.cumsum(counts), most, side="right")))]
    places = np.flatnonzero(np.isin(pids, kept))
    chosen = [test_set.img_items[place] for place in places]
    return People(
        name=name,
        pairs=tuple(
            ImageAndMap(item[0], test_set.parsing_maps[place].path_for(item[0]))
            for item, place in zip(chosen, places, strict=True)
        ),
        pids=pids[places],
        camids=np.array([item[2] for item in chosen], np.int64),
        clothes=np.array([item[3] for item in chosen], np.int64),
        num_query=int((places < num_query).sum()),
    )


# Not for pytest to collect where it is imported.
test_people.__test__ = False  # type: ignore[attr-defined]


def people_below(folder: str, maps: str | None, most: int) -> People:
    """Images in a folder for each person: ``<folder>/<person>/.../<image>``.

    Args:
        folder: of the people.
        maps: folder of their parsing maps, with the same relative paths and the ending .png; None: there are none.
        most: images at most, spread over the folder.

    Raises:
        ExportError: fewer than two people with two images each.
    """
    found: list[tuple[str, str]] = []
    for person in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
        for path, folders, names in os.walk(os.path.join(folder, person)):
            folders.sort()
            found += [(person, os.path.join(path, name)) for name in sorted(names) if _is_image(name)]
    if len(found) > most:
        found = [found[place] for place in np.linspace(0, len(found) - 1, most).round().astype(int)]
    _, pids, counts = np.unique([person for person, _ in found], return_inverse=True, return_counts=True)
    if (counts >= 2).sum() < 2:
        raise ExportError(
            f"{folder} holds {len(found)} images of {len(counts)} people; expected a folder for each person, at least "
            "two of them with two images. Name such a folder with --calibration, or a data set of the config with "
            "--dataset."
        )
    tree = None if maps is None else ParsingTree(folder, maps)
    pairs = [ImageAndMap(path, None if tree is None else tree.path_for(path)) for _, path in found]
    _require_maps(pairs)
    return People(os.path.abspath(folder), tuple(pairs), pids.astype(np.int64))


def _is_image(name: str) -> bool:
    return os.path.splitext(name)[1].lower() in _SUFFIXES and not name.startswith(".")


def _require_maps(pairs: Sequence[ImageAndMap[str, str | None]]) -> None:
    missing = [pair.map for pair in pairs if pair.map is not None and not os.path.isfile(pair.map)]
    if missing:
        raise DatasetError(
            f"{len(missing)} of {len(pairs)} parsing maps are missing, the first {missing[0]}. Make them: python -m "
            "people_parsing"
        )
