"""DeepChange: a year of street cameras."""

import os.path as osp
from typing import NamedTuple

from fastreid.data.datasets import DATASET_REGISTRY

from .bases import ClothesImageDataset, Counts, Finding, Item
from .clothes_labels import ClothesLabels
from .errors import DatasetError
from .files import is_folder, shown
from .listing import IMAGE_SUFFIX, list_images, match_lines
from .numbering import positions

_SPLITS = {
    "train": "train-set",
    "val query": "val-set-query",
    "val gallery": "val-set-gallery",
    "query": "test-set-query",
    "gallery": "test-set-gallery",
}


class _Image(NamedTuple):
    path: str
    pid: str
    camera: int
    date: str
    tracklet: str


@DATASET_REGISTRY.register()
class DeepChange(ClothesImageDataset):
    """DeepChange, in its published layout.

        DeepChangeDataset/{train-set,val-set-query,val-set-gallery,test-set-query,test-set-gallery}/<name>.jpg
        DeepChangeDataset/<the same>-bbox.txt      a line for each image: <name>.jpg,<tracklet>[,...]

    A name is P<pid>_C<camera>_<time>[_...]. There are no outfits: as in the literature the time of collection stands in
    their place, a pseudo label that takes two outfits of one time for one and one outfit of two times for two, so that
    no clothes mode is evaluated. The protocol is ``other_tracklet``: images of the query's camera are matches, those of
    its own tracklet are not. Validation may be absent.
    Training items: pid 'deepchange_<pid>', camid 'deepchange_c<camera>', clothes id '<pid>_<time>'. Test items: pid
    int(<pid>), camid camera, clothes id the position of (pid, time) among the sorted pairs of query and gallery.

    Arguments and errors: see ClothesImageDataset.
    Source: P. Xu, X. Zhu, "DeepChange: A Long-Term Person Re-Identification Benchmark with Clothes Change", ICCV 2023.
    """

    dataset_name = "deepchange"
    dataset_dir = "DeepChangeDataset"
    dataset_url = "https://github.com/PengBoXiangShang/deepchange"
    folders = ("train-set", "test-set-query", "test-set-gallery")
    train_splits = ("train", "val query", "val gallery")
    clothes_labels = ClothesLabels("pseudo", "pseudo", "the time of collection in a file's name, no outfit")
    protocol_modes = ("other_tracklet",)
    releases = {
        "2025": {
            "train": Counts(ids=450),
            "test": Counts(ids=521),
            "all": Counts(ids=1121, images=178407, cameras=17),
        },
        "earlier": {"all": Counts(ids=1082, images=171352)},
    }

    @property
    def modes(self) -> tuple[str, ...]:
        return self.protocol_modes

    def why_not(self, mode: str) -> str:
        if mode == "general":
            return (
                f"{type(self).__name__} has no general mode: the tracklet takes the camera's place, in other_tracklet"
            )
        return super().why_not(mode)

    def read_splits(self) -> dict[str, list[Item]]:
        self._unlisted: list[str] = []
        present = [split for split in _SPLITS if is_folder(osp.join(self.dataset_dir, _SPLITS[split]))]
        images = {split: self._read(_SPLITS[split]) for split in present}
        self._test = [*images["query"], *images["gallery"]]
        name = self.dataset_name
        splits: dict[str, list[Item]] = {}
        splits["train"] = [
            (image.path, f"{name}_{image.pid}", f"{name}_c{image.camera}", f"{image.pid}_{image.date}")
            for image in images["train"]
        ]
        for pair in (("val query", "val gallery"), ("query", "gallery")):
            here = [split for split in pair if split in images]
            position = positions(*([(int(image.pid), image.date) for image in images[split]] for split in here))
            for split in here:
                splits[split] = [
                    (image.path, int(image.pid), image.camera, position[int(image.pid), image.date])
                    for image in images[split]
                ]
        return splits

    def further_labels(self) -> dict[str, list[int]]:
        number = positions([image.tracklet for image in self._test])
        return {"tracklet": [number[image.tracklet] for image in self._test]}

    def findings(self) -> list[Finding]:
        found = [
            Finding("unlisted-image", "no line of its list names it; it is not used", (path,))
            for path in self._unlisted
        ]
        first: dict[str, _Image] = {}
        for image in self._test:
            other = first.setdefault(image.tracklet, image)
            if (other.pid, other.camera) != (image.pid, image.camera):
                found.append(
                    Finding(
                        "tracklet-id",
                        f"tracklet {shown(image.tracklet)} is of person {other.pid} before camera {other.camera} and "
                        f"of person {image.pid} before camera {image.camera}",
                        (other.path, image.path),
                    )
                )
        return found

    def _read(self, folder: str) -> list[_Image]:
        names = {
            match[0]: (path, match)
            for path, match in list_images(
                osp.join(self.dataset_dir, folder),
                rf"P(?P<pid>\d+)_C(?P<camera>\d+)_(?P<date>[A-Za-z0-9-]+)(?:_[A-Za-z0-9_-]+)?{IMAGE_SUFFIX}",
                "P<pid>_C<camera>_<time>[_...].jpg, with digits for <pid> and <camera>",
            )
        }
        images = []
        listed = osp.join(self.dataset_dir, f"{folder}-bbox.txt")
        for number, line in match_lines(
            listed,
            r"(?P<name>[^,/\\]+)\s*,\s*(?P<tracklet>[^,\s]+)\s*(?:,.*)?",
            "<file name>,<tracklet>[,...]",
        ):
            if line["name"].strip() not in names:
                raise DatasetError(
                    f"{shown(listed)}, line {number} names {shown(line['name'])}, which is not in {shown(folder)}. "
                    "Expected the name of an image there that no line before it has: unpack the data set again."
                )
            path, match = names.pop(line["name"].strip())
            images.append(_Image(path, match["pid"], int(match["camera"]), match["date"], line["tracklet"]))
        self._unlisted += [path for path, _ in names.values()]
        return sorted(images)
