"""VC-Clothes, rendered by its makers with a game's engine, and Real28, their photographs to test on."""

import os.path as osp
import re
from typing import ClassVar

from fastreid.data.datasets import DATASET_REGISTRY

from .bases import ClothesImageDataset, Counts, Finding, Item
from .clothes_labels import ClothesLabels
from .files import is_folder, shown
from .listing import IMAGE_SUFFIX, list_images
from .numbering import positions


@DATASET_REGISTRY.register()
class VCClothes(ClothesImageDataset):
    """VC-Clothes, in its published layout.

        VC-Clothes/{train,query,gallery}/<pid>-<camera>-<clothes>-<number>.jpg

    A clothes label is the pair (pid, clothes): outfits are numbered anew for each person. Cameras count from 1 on disk
    and from 0 here. Training items: pid 'vcclothes_<pid>', camid 'vcclothes_c<camera - 1>', clothes id
    '<pid>_<clothes>'. Test items: pid int(<pid>), camid camera - 1, clothes id the position of (pid, clothes) among the
    sorted pairs of query and gallery together.

    Evaluated over all cameras in the clothes modes, and by the two pairs of cameras of the literature, in which clothes
    labels have no part: ``cameras_2_3`` ("SC" of CAL) and ``cameras_3_4`` (CAL's "CC"). The last and
    ``clothing_change`` are different figures.

    Arguments and errors: see ClothesImageDataset.
    Source: F. Wan et al., "When Person Re-Identification Meets Changing Clothes", CVPR Workshops 2020.
    """

    dataset_name = "vcclothes"
    dataset_dir = "VC-Clothes"
    dataset_url = "https://wanfb.github.io/dataset.html"
    folders: ClassVar[tuple[str, ...]] = ("train", "query", "gallery")
    train_splits: ClassVar[tuple[str, ...]] = ("train",)
    clothes_labels = ClothesLabels("labelled", "labelled", "the third number of a file's name")
    protocol_modes: ClassVar[tuple[str, ...]] = ("cameras_2_3", "cameras_3_4")
    published = {
        "train": Counts(ids=256),
        "test": Counts(ids=256),
        "all": Counts(ids=512, images=19060, cameras=4),
    }
    misread_paths = {r"\d+-\d+-\d+-\d+": "it is read as the image's own name, so that all are one person's"}

    def read_splits(self) -> dict[str, list[Item]]:
        train: list[Item] = []
        for path, match in self._list("train") if "train" in self.folders else []:
            pid, name = match["pid"], self.dataset_name
            camera = f"{name}_c{int(match['camera']) - 1}"
            train.append((path, f"{name}_{pid}", camera, f"{pid}_{match['clothes']}"))
        listed = {split: self._list(split) for split in ("query", "gallery")}
        position = positions(*([_clothes(match) for _, match in images] for images in listed.values()))
        test: dict[str, list[Item]] = {
            split: [
                (path, int(match["pid"]), int(match["camera"]) - 1, position[_clothes(match)]) for path, match in images
            ]
            for split, images in listed.items()
        }
        return {"train": train, **test}

    def further_labels(self) -> dict[str, list[int]]:
        # As they are published, which the protocols name them by.
        return {"camera_number": [camid + 1 for _, _, camid, _ in self.query + self.gallery]}

    def findings(self) -> list[Finding]:
        lists = osp.join(self.dataset_dir, "list")
        if not is_folder(lists):
            return []
        return [
            Finding(
                "second-layout",
                f"{shown(lists)} holds lists of the other layout of this data set in circulation, with splits of its "
                "own; read are the folders train, query and gallery",
            )
        ]

    def _list(self, folder: str) -> list[tuple[str, re.Match[str]]]:
        return list_images(
            osp.join(self.dataset_dir, folder),
            rf"(?P<pid>\d+)-(?P<camera>0*[1-9]\d*)-(?P<clothes>\d+)-\d+{IMAGE_SUFFIX}",
            "<pid>-<camera>-<clothes>-<number>.jpg, with digits for each and cameras counted from 1",
        )


@DATASET_REGISTRY.register()
class Real28(VCClothes):
    """Real28, photographs beside VC-Clothes to test on; there is nothing to train on.

        Real28/{query,gallery}/<pid>-<camera>-<clothes>-<number>.jpg

    That names and folders are VC-Clothes's is not confirmed by a source that says so; another name is refused and
    shown. Labels and errors: see VCClothes.
    """

    dataset_name = "real28"
    dataset_dir = "Real28"
    folders = ("query", "gallery")
    train_splits = ()
    protocol_modes = ()
    published = {"all": Counts(ids=28, images=4324)}

    def further_labels(self) -> dict[str, list[int]]:
        return {}


def _clothes(match: re.Match[str]) -> tuple[int, int]:
    return int(match["pid"]), int(match["clothes"])
