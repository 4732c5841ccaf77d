"""LaST: people of films, thousands of them, without cameras."""

import os.path as osp
import re

from fastreid.data.datasets import DATASET_REGISTRY

from .bases import ClothesImageDataset, Counts, Finding, Item
from .clothes_labels import ClothesLabels
from .files import is_folder
from .listing import IMAGE_SUFFIX, list_images


@DATASET_REGISTRY.register()
class LaST(ClothesImageDataset):
    """LaST, in its published layout.

        last/train/<pid>/<pid>_..._<clothes>.jpg
        last/{val,test}/query/<pid>_....jpg              val may be absent
        last/{val,test}/gallery/<pid>/<pid>_....jpg

    Of a name the first number is the person and, in training alone, the last one the outfit; validation and test
    images have no clothes labels. There are no cameras: each image of query and gallery has a number of its own, so
    that nothing is taken out of a ranking. Training items: pid 'last_<pid>', camid 'last_c0', clothes id
    '<pid>_<clothes>'. Test items: pid int(<pid>), clothes id -1.

    Arguments and errors: see ClothesImageDataset.
    Source: X. Shu et al., "Large-Scale Spatio-Temporal Person Re-Identification: Algorithms and Benchmark", TCSVT 2021.
    """

    dataset_name = "last"
    dataset_dir = "last"
    dataset_url = "https://github.com/shuxjweb/last"
    folders = ("train", "test/query", "test/gallery")
    train_splits = ("train", "val query", "val gallery")
    clothes_labels = ClothesLabels("labelled", "absent", "the last number of a training image's name")
    has_cameras = False
    releases = {
        "newer": {
            "train": Counts(ids=5000, images=71248),
            "val query": Counts(images=100),
            "val gallery": Counts(images=21279),
            "query": Counts(images=10176),
            "gallery": Counts(images=125353),
            "all": Counts(images=228156),
        },
        "older": {
            "train": Counts(images=70923),
            "val query": Counts(images=100),
            "val gallery": Counts(images=20484),
            "query": Counts(images=10173),
            "gallery": Counts(images=123041),
            "all": Counts(ids=10860, images=224721),
        },
    }
    misread_paths = {"query": "folders of people are taken for the flat folder of queries, and no gallery is found"}

    def read_splits(self) -> dict[str, list[Item]]:
        train: list[Item] = []
        self._elsewhere: list[tuple[str, str]] = []
        name = self.dataset_name
        for path, match in self._list("train", rf"(?P<folder>\d+)/{_NAME}_(?P<clothes>\d+){IMAGE_SUFFIX}"):
            pid = match["pid"]
            train.append((path, f"{name}_{pid}", f"{name}_c0", f"{pid}_{match['clothes']}"))
        splits = {"train": train}
        if is_folder(osp.join(self.dataset_dir, "val")):
            for kind, items in self._evaluated("val").items():
                splits[f"val {kind}"] = items
        return {**splits, **self._evaluated("test")}

    def findings(self) -> list[Finding]:
        return [
            Finding("folder-person", f"lies in the folder of person {folder}", (path,))
            for path, folder in self._elsewhere
        ]

    def _evaluated(self, split: str) -> dict[str, list[Item]]:
        query = self._list(f"{split}/query", rf"{_NAME}{IMAGE_SUFFIX}")
        gallery = self._list(f"{split}/gallery", rf"(?P<folder>\d+)/{_NAME}{IMAGE_SUFFIX}")
        items: list[Item] = [
            (path, int(match["pid"]), number, -1) for number, (path, match) in enumerate([*query, *gallery])
        ]
        return {"query": items[: len(query)], "gallery": items[len(query) :]}

    def _list(self, folder: str, pattern: str) -> list[tuple[str, re.Match[str]]]:
        listed = list_images(
            osp.join(self.dataset_dir, folder),
            pattern,
            ("" if folder.endswith("query") else "<pid>/")
            + "<pid>_..._<clothes>.jpg, parts joined by '_', the first a number, in training the last too",
        )
        for path, match in listed:
            written = match.groupdict().get("folder")
            if written is not None and int(written) != int(match["pid"]):
                self._elsewhere.append((path, written))
        return listed


# The parts between person and outfit are not explained by the data set.
_NAME = r"(?P<pid>\d+)(?:_[A-Za-z0-9-]+)*?"
