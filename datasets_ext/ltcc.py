"""LTCC: up to twelve cameras, any number of outfits a person."""

import os.path as osp
import re

from fastreid.data.datasets import DATASET_REGISTRY

from .bases import ClothesImageDataset, Counts, Item
from .clothes_labels import ClothesLabels
from .listing import IMAGE_SUFFIX, list_images


@DATASET_REGISTRY.register()
class LTCC(ClothesImageDataset):
    """LTCC, in its published layout.

        LTCC_ReID/{train,query,test}/<pid>_<clothes>_c<cam>_<frame>.png

    The gallery is ``test``. A clothes label is the pair (pid, clothes); cameras count from 1 on disk and from 0 here.
    Training items: pid 'ltcc_<pid>', camid 'ltcc_c<cam - 1>', clothes id '<pid>_<clothes>'.
    Test items: pid int(<pid>), camid cam - 1, clothes id the position of (pid, clothes) among the sorted pairs of query
    and gallery together.

    Arguments and errors: see ClothesImageDataset.
    Source: X. Qian et al., "Long-Term Cloth-Changing Person Re-identification", ACCV 2020.
    """

    dataset_name = "ltcc"
    dataset_dir = "LTCC_ReID"
    dataset_url = "https://naiq.github.io/LTCC_Perosn_ReID.html"
    folders = ("train", "query", "test")
    query_folder = "query"
    gallery_folder = "test"
    train_splits = ("train",)
    clothes_labels = ClothesLabels("labelled", "labelled", "the second number of a file's name")
    published = {
        "train": Counts(ids=77, images=9576),
        "query": Counts(ids=75, images=493),
        "gallery": Counts(ids=75, images=7050),
        "all": Counts(ids=152, images=17119, cameras=12, outfits=478),
    }
    misread_paths = {
        r"\w+_c": "it is read as the outfit, so that all images have one and clothing-change mode is empty"
    }

    def read_splits(self) -> dict[str, list[Item]]:
        train: list[Item] = []
        for path, match in self._list("train"):
            pid, camid = match["pid"], int(match["camera"]) - 1
            name = self.dataset_name
            train.append((path, f"{name}_{pid}", f"{name}_c{camid}", f"{pid}_{match['clothes']}"))

        test = {"query": self._list(self.query_folder), "gallery": self._list(self.gallery_folder)}
        pairs = sorted({_clothes(match) for images in test.values() for _, match in images})
        position = {pair: k for k, pair in enumerate(pairs)}
        splits: dict[str, list[Item]] = {"train": train}
        for split, images in test.items():
            splits[split] = [
                (path, int(match["pid"]), int(match["camera"]) - 1, position[_clothes(match)]) for path, match in images
            ]
        return splits

    def _list(self, folder: str) -> list[tuple[str, re.Match[str]]]:
        return list_images(
            osp.join(self.dataset_dir, folder),
            rf"(?P<pid>\d+)_(?P<clothes>\d+)_c(?P<camera>[1-9]\d*)_\d+{IMAGE_SUFFIX}",
            "<pid>_<clothes>_c<cam>_<frame>.png, with digits for each and cameras counted from 1",
        )


def _clothes(match: re.Match[str]) -> tuple[int, int]:
    return int(match["pid"]), int(match["clothes"])
