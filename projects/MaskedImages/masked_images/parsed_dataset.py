"""Images with their clothing masks and labels, as the host's loaders take them."""

import contextlib
import random
from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np
import torch
from fastreid.data.transforms.transforms import RandomPatch
from PIL import Image
from torch.utils.data import Dataset

from clothes_methods import BackgroundAugmentation
from datasets_ext import LabelSystem, ParsingMaps, clothing_mask, image_paths, read_rgb
from fastreid_runs import fingerprint
from fastreid_runs.seeding import SeededIndex, drawing_from

from .random_patch import PatchOfAnotherImage
from .transforms import MaskedTransforms


class ParsedDataset(Dataset):
    """Reads an image and its parsing map, masks the clothing and transforms both; the twin of the host's CommDataset.

    Args:
        items: (path or tracklet, pid, camid, clothes_id), ids of any sortable kind; integers where ``relabel`` is off.
            Of a tracklet one frame is drawn each time.
        parsing_maps: for each item, what finds and reads its parsing map, and knows the clothing set C.
        transform: (PIL RGB image, (H, W) uint8 mask) -> (4, H', W') float.
        background: puts other backgrounds behind people, from what their maps call one; None to leave them.
        relabel: number identities, cameras and outfits from 0, as training needs; evaluation keeps the ids.

    An item reads as a dict: ``images`` (4, H', W') float32, RGB in 0-255 and mask in [0, 1]; ``targets``, ``camids``,
    ``clothes`` int; ``img_paths`` str; of a relabelled one ``clothes_range`` (2,) int64, the first and one past the
    last of its person's numbers in ``clothes``. Read by a :class:`SeededIndex`, its transform draws from that seed, in
    whichever process it runs, and what the process draws itself stays as it was.

    Raises:
        FileNotFoundError: parsing maps are missing; all are looked for here, before anything is trained.
    """

    def __init__(
        self,
        items: Sequence[tuple],
        parsing_maps: Sequence[ParsingMaps],
        transform: Callable,
        relabel: bool = True,
        background: BackgroundAugmentation | None = None,
    ):
        # The host's samplers and trainer read this attribute.
        self.img_items = list(items)
        self._parsing_maps = list(parsing_maps)
        self.transform = self._without_memory(transform)
        self.relabel = relabel
        self.background = background

        self.pids = sorted({item[1] for item in self.img_items})
        self.cams = sorted({item[2] for item in self.img_items})
        # An outfit is worn by one person: data sets may number the outfits of each person from one.
        self.outfits = sorted({(item[1], item[3]) for item in self.img_items})
        self._pid_labels = {pid: label for label, pid in enumerate(self.pids)}
        self._camera_labels = {camera: label for label, camera in enumerate(self.cams)}
        self._clothes_labels = {outfit: label for label, outfit in enumerate(self.outfits)}
        self._clothes_ranges: dict[Any, tuple[int, int]] = {}
        for label, (pid, _) in enumerate(self.outfits):
            self._clothes_ranges[pid] = (self._clothes_ranges.get(pid, (label,))[0], label + 1)
        self._check_maps()

    def _check_maps(self) -> None:
        by_maps: dict[int, list[str]] = {}
        readers = {id(maps): maps for maps in self._parsing_maps}
        for item, maps in zip(self.img_items, self._parsing_maps, strict=True):
            by_maps.setdefault(id(maps), []).extend(image_paths(item[0]))
        for key, paths in by_maps.items():
            readers[key].require(paths)

    def _without_memory(self, transform: Callable) -> Callable:
        """The same transform with patches of images of this data set in the place of the host's pool of patches."""
        if isinstance(transform, MaskedTransforms):
            image_only = [
                PatchOfAnotherImage(self._another_image, step.prob_happen) if isinstance(step, RandomPatch) else step
                for step in transform.image_only
            ]
            return MaskedTransforms(transform.joint, image_only, transform.mask_resize)
        return transform

    def _another_image(self) -> torch.Tensor:
        """(3, H, W) float in 0-255 of a random item, augmented like any other but for what touches the image alone."""
        index = random.randrange(len(self))
        path = self._path(index)
        image = read_rgb(path)
        transform = cast(MaskedTransforms, self.transform)
        moved = MaskedTransforms(transform.joint, [], transform.mask_resize)
        return moved(image, self._parsing_maps[index].load_mask(path, image.size))[:3]

    def _another_scene(self) -> tuple[np.ndarray, np.ndarray]:
        """A random item's image (H, W, 3) uint8, and where it shows nobody (H, W) bool."""
        index = random.randrange(len(self))
        path, maps = self._path(index), self._parsing_maps[index]
        image = read_rgb(path)
        return np.asarray(image), _background(maps.load(path, image.size), maps.system)

    def __len__(self) -> int:
        return len(self.img_items)

    def __getitem__(self, index: int) -> dict[str, Any]:
        with drawing_from(index.seed) if isinstance(index, SeededIndex) else contextlib.nullcontext():
            return self.read(index)

    def _path(self, index: int, frame: int | None = None) -> str:
        data = self.img_items[index][0]
        if isinstance(data, str):
            return data
        return data[random.randrange(len(data)) if frame is None else frame]

    def read(self, index: int, frame: int | None = None) -> dict[str, Any]:
        """Reads an item.

        Args:
            index: of the item.
            frame: of a tracklet, from 0; None: a random one.
        """
        path = self._path(index, frame)
        _, pid, camera, clothes_id = self.img_items[index]
        image = read_rgb(path)
        maps = self._parsing_maps[index]
        labels = maps.load(path, image.size)
        if self.background is not None:
            scene = np.asarray(image), _background(labels, maps.system)
            image = Image.fromarray(self.background(*scene, self._another_scene))
        images: torch.Tensor = self.transform(image, clothing_mask(labels, maps.clothing))
        if not self.relabel:
            return {"images": images, "targets": pid, "camids": camera, "clothes": clothes_id, "img_paths": path}
        return {
            "images": images,
            "targets": self._pid_labels[pid],
            "camids": self._camera_labels[camera],
            "clothes": self._clothes_labels[(pid, clothes_id)],
            "clothes_range": torch.tensor(self._clothes_ranges[pid]),
            "img_paths": path,
        }

    @property
    def parsing_maps(self) -> list[ParsingMaps]:
        """What finds and reads the parsing map of each item."""
        return self._parsing_maps

    @property
    def num_classes(self) -> int:
        """Identities; the host's trainer sizes the classifiers by it."""
        return len(self.pids)

    @property
    def num_cameras(self) -> int:
        return len(self.cams)

    def fingerprint(self) -> dict[str, int | str]:
        """What tells this data and its maps from other data, see :func:`fastreid_runs.fingerprint`.

        Of a tracklet its first frame and its length are looked at.
        """
        items = [
            item if isinstance(item[0], str) else (item[0][0], *item[1:], f"{len(item[0])} frames")
            for item in self.img_items
        ]
        beside = [[maps.path_for(item[0])] for item, maps in zip(items, self._parsing_maps, strict=True)]
        return fingerprint(items, beside)


def _background(labels: np.ndarray, system: LabelSystem) -> np.ndarray:
    # The first label of every system.
    return labels == system.ids(["Background"])[0]
