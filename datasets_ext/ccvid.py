"""CCVID: walks of one person each, as video."""

import os.path as osp
import re
from typing import ClassVar

from fastreid.data.datasets import DATASET_REGISTRY
from tqdm import tqdm

from .bases import ClothesImageDataset, Counts, Finding, Item
from .clothes_labels import ClothesLabels
from .listing import IMAGE_SUFFIX, list_images, match_lines
from .numbering import positions
from .tracklets import Tracklet

_WALKS = 12


@DATASET_REGISTRY.register()
class CCVID(ClothesImageDataset):
    """CCVID, in its published layout.

        CCVID/{train,query,gallery}.txt                a line for each tracklet: <its folder> <pid> <clothes>
        CCVID/session{1,2,3}/<pid>_<walk>/<frame>.jpg

    Items are tracklets. A clothes label is the pair of person and third column. There are no real cameras: as in the
    literature it is the walk (1 to 12), and another twelve in session 3.
    Training items: pid 'ccvid_<pid>', camid 'ccvid_c<camera>', clothes id '<pid>_<clothes>'. Test items: pid
    int(<pid>), camid, clothes id the position of (pid, clothes) among the sorted pairs of query and gallery together.

    Arguments and errors: see ClothesImageDataset.
    Source: X. Gu et al., "Clothes-Changing Person Re-identification with RGB Modality Only", CVPR 2022.
    """

    dataset_name = "ccvid"
    dataset_dir = "CCVID"
    dataset_url = "https://github.com/guxinqian/Simple-CCReID"
    folders: ClassVar[tuple[str, ...]] = ("session1", "session2", "session3")
    train_splits = ("train",)
    clothes_labels = ClothesLabels("labelled", "labelled", "the third column of its lists")
    published = {
        "train": Counts(ids=75, tracklets=948),
        "query": Counts(tracklets=834),
        "gallery": Counts(tracklets=1074),
        "test": Counts(ids=151),
        "all": Counts(images=347833, tracklets=2856),
    }
    published_lengths: ClassVar[tuple[int, int] | None] = (27, 410)
    """Frames of the shortest and of the longest tracklet."""

    @property
    def camera_kind(self) -> str:
        return "walks"

    def read_splits(self) -> dict[str, list[Item]]:
        listed = {split: self._read(split) for split in ("train", "query", "gallery")}
        name = self.dataset_name
        train: list[Item] = [
            (tracklet, f"{name}_{line['pid']}", f"{name}_c{_camera(line)}", f"{line['pid']}_{line['clothes']}")
            for tracklet, line in listed.pop("train")
        ]
        position = positions(*([_clothes(line) for _, line in lines] for lines in listed.values()))
        test: dict[str, list[Item]] = {
            split: [(tracklet, int(line["pid"]), _camera(line), position[_clothes(line)]) for tracklet, line in lines]
            for split, lines in listed.items()
        }
        return {"train": train, **test}

    def findings(self) -> list[Finding]:
        found = [
            Finding(
                "no-real-cameras",
                "the camera is the number of the walk: walks of sessions 1 and 2 share numbers though they were filmed "
                "in two places",
            )
        ]
        if self.published_lengths is not None:
            least, most = self.published_lengths
            tracklets = [tracklet for items in self.splits.values() for tracklet, *_ in items]
            found += [
                Finding("tracklet-length", f"{len(frames)} frames; published are {least} to {most}", (frames[0],))
                for frames in tracklets
                if not least <= len(frames) <= most
            ]
        return found

    def _read(self, split: str) -> list[tuple[Tracklet, re.Match[str]]]:
        lines = match_lines(
            osp.join(self.dataset_dir, f"{split}.txt"),
            r"(?P<folder>session(?P<session>[123])/\d+_(?P<walk>0*[1-9]\d*))/?\s+(?P<pid>\d+)\s+(?P<clothes>\S+)",
            "session<1, 2 or 3>/<pid>_<walk> <pid> <clothes>, parted by white space",
        )
        found = []
        for _, line in tqdm(sorted(lines, key=lambda line: line[1][0]), f"listing {split}", delay=2, leave=False):
            folder = osp.join(self.dataset_dir, *line["folder"].split("/"))
            self._require_folder(folder)
            frames = list_images(folder, rf"(\d+){IMAGE_SUFFIX}", "<frame>.jpg, with digits for <frame>")
            names = [osp.basename(path) for path, _ in sorted(frames, key=lambda frame: int(frame[1][1]))]
            found.append((Tracklet(folder, names), line))
        return found


def _camera(line: re.Match[str]) -> int:
    return int(line["walk"]) - 1 + (_WALKS if line["session"] == "3" else 0)


def _clothes(line: re.Match[str]) -> tuple[int, str]:
    return int(line["pid"]), line["clothes"]
