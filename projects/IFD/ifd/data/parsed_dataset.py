"""Images with their clothing masks and labels, as the host's loaders take them."""

from collections.abc import Callable, Sequence

import torch
from torch.utils.data import Dataset

from datasets_ext import ParsingMaps, read_rgb


class ParsedDataset(Dataset):
    """Reads an image and its parsing map, masks the clothing and transforms both; the twin of the host's CommDataset.

    Args:
        items: (path, pid, camid, clothes_id), ids of any sortable kind; integers where ``relabel`` is off.
        parsing_maps: for each item, what finds and reads its parsing map, and knows the clothing set C.
        transform: (PIL RGB image, (H, W) uint8 mask) -> (4, H', W') float.
        relabel: number identities, cameras and outfits from 0, as training needs; evaluation keeps the ids.

    An item reads as a dict: ``images`` (4, H', W') float32, RGB in 0-255 and mask in [0, 1]; ``targets``, ``camids``,
    ``clothes`` int; ``img_paths`` str.

    Raises:
        FileNotFoundError: parsing maps are missing; all are looked for here, before anything is trained.
    """

    def __init__(
        self,
        items: Sequence[tuple],
        parsing_maps: Sequence[ParsingMaps],
        transform: Callable,
        relabel: bool = True,
    ):
        # The host's samplers and trainer read this attribute.
        self.img_items = list(items)
        self._parsing_maps = list(parsing_maps)
        self.transform = transform
        self.relabel = relabel

        self.pids = sorted({item[1] for item in self.img_items})
        self.cams = sorted({item[2] for item in self.img_items})
        # An outfit is worn by one person: data sets may number the outfits of each person from one.
        self.outfits = sorted({(item[1], item[3]) for item in self.img_items})
        self._pid_labels = {pid: label for label, pid in enumerate(self.pids)}
        self._camera_labels = {camera: label for label, camera in enumerate(self.cams)}
        self._outfit_labels = {outfit: label for label, outfit in enumerate(self.outfits)}
        self._check_maps()

    def _check_maps(self) -> None:
        by_maps: dict[int, list[str]] = {}
        readers = {id(maps): maps for maps in self._parsing_maps}
        for item, maps in zip(self.img_items, self._parsing_maps, strict=True):
            by_maps.setdefault(id(maps), []).append(item[0])
        for key, paths in by_maps.items():
            readers[key].require(paths)

    def __len__(self) -> int:
        return len(self.img_items)

    def __getitem__(self, index: int) -> dict:
        path, pid, camera, outfit = self.img_items[index]
        image = read_rgb(path)
        images: torch.Tensor = self.transform(image, self._parsing_maps[index].load_mask(path, image.size))
        if self.relabel:
            pid, camera, outfit = (
                self._pid_labels[pid],
                self._camera_labels[camera],
                self._outfit_labels[(pid, outfit)],
            )
        return {"images": images, "targets": pid, "camids": camera, "clothes": outfit, "img_paths": path}

    @property
    def num_classes(self) -> int:
        """Identities; the host's trainer sizes the classifiers by it."""
        return len(self.pids)

    @property
    def num_cameras(self) -> int:
        return len(self.cams)
