"""MEVID: tracklets of many cameras, in and out of doors."""

import os
import os.path as osp
import re
from typing import NamedTuple

import numpy as np
from fastreid.data.datasets import DATASET_REGISTRY

from .bases import ClothesImageDataset, Counts, Finding, Item
from .clothes_labels import ClothesLabels
from .errors import DatasetError
from .files import is_there, shown
from .listing import IMAGE_SUFFIX, match_lines
from .numbering import positions
from .tracklets import Tracklet

INDOOR = frozenset({330, 329, 507, 508, 509})
OUTDOOR = frozenset({436, 505, 336, 340, 639, 301})
"""Cameras of the test set by where they stand."""

_SCALES = {"s": 0, "m": 1, "l": 2}
_SCALE_FILE = "test_track_scale.txt"
_NUMBER = r"\d+(?:\.\d*)?(?:e[+-]?\d+)?"
_NAME = rf"(?P<tracklet>(?P<pid>\d{{4}})O(?P<outfit>\d+)C(?P<camera>\d+)T\d+)F\d+{IMAGE_SUFFIX}"


class _Row(NamedTuple):
    frames: Tracklet
    name: str
    pid: int
    outfit: int
    camera: int


@DATASET_REGISTRY.register()
class MEVID(ClothesImageDataset):
    """MEVID, in its published layout.

        mevid/{bbox_train,bbox_test}/<first four digits of the name>/<pid>O<outfit>C<camera>T<tracklet>F<frame>.jpg
        mevid/{train,test}_name.txt           a line for each frame: its name
        mevid/track_{train,test}_info.txt     a line for each tracklet: first and last frame (lines of the names, from
                                              0), person, outfit, camera
        mevid/query_IDX.txt                   lines of track_test_info.txt, from 0, that are queries; others are gallery
        mevid/test_track_scale.txt            of the data set's repository, for the scale modes; may be absent

    Items are tracklets. A clothes label is the pair of person and outfit. Evaluated by clothes, by location (in or out
    of doors) and, where the file of scales lies there, by scale, which is looked up by the tracklet's name: by its line
    it would be off, since one tracklet has none.
    Training items: pid 'mevid_<pid>', camid 'mevid_c<camera>', clothes id '<pid>_<outfit>'. Test items: pid, camid the
    camera's number, clothes id the position of (pid, outfit) among the sorted pairs of query and gallery together.

    Arguments and errors: see ClothesImageDataset. That the frames exist is not looked at here but where they are read.
    Source: D. Davila et al., "MEVID: Multi-view Extended Videos with Identities for Video Person Re-Identification",
    WACV 2023.
    """

    dataset_name = "mevid"
    dataset_dir = "mevid"
    dataset_url = "https://github.com/Kitware/MEVID"
    folders = ("bbox_train", "bbox_test")
    train_splits = ("train",)
    clothes_labels = ClothesLabels("labelled", "labelled", "the fourth column of its lists of tracklets")
    published = {
        "train": Counts(ids=104, outfits=485, tracklets=6338),
        "test": Counts(ids=54, outfits=113, tracklets=1754),
        "all": Counts(ids=158, outfits=598, tracklets=8092),
    }

    @property
    def modes(self) -> tuple[str, ...]:
        by_scale = ("same_scale", "other_scale") if self._scales else ()
        return (*self.clothes_labels.modes, "same_location", "other_location", *by_scale)

    def why_not(self, mode: str) -> str:
        if mode in ("same_scale", "other_scale") and not self._scales:
            return (
                f"{type(self).__name__} has no {mode} mode here: there is no {_SCALE_FILE} in {shown(self.dataset_dir)}"
            )
        return super().why_not(mode)

    def read_splits(self) -> dict[str, list[Item]]:
        self._contradicted: list[tuple[str, str]] = []
        name = self.dataset_name
        train: list[Item] = [
            (row.frames, f"{name}_{row.pid}", f"{name}_c{row.camera}", f"{row.pid}_{row.outfit}")
            for row in self._read("train")
        ]
        rows = self._read("test")
        is_query = self._queries(len(rows))
        parts = {
            "query": [row for row, asked in zip(rows, is_query, strict=True) if asked],
            "gallery": [row for row, asked in zip(rows, is_query, strict=True) if not asked],
        }
        self._test = [*parts["query"], *parts["gallery"]]
        self._scales = self._read_scales()
        position = positions([(row.pid, row.outfit) for row in self._test])
        test: dict[str, list[Item]] = {
            split: [(row.frames, row.pid, row.camera, position[row.pid, row.outfit]) for row in of_split]
            for split, of_split in parts.items()
        }
        return {"train": train, **test}

    def further_labels(self) -> dict[str, list[int]]:
        places = [0 if row.camera in INDOOR else 1 if row.camera in OUTDOOR else -1 for row in self._test]
        labels = {"location": places}
        if self._scales:
            labels["scale"] = [self._scales.get(row.name, -1) for row in self._test]
        return labels

    def findings(self) -> list[Finding]:
        found = [
            Finding(
                "name-and-list",
                f"{where} says another person, outfit, camera or tracklet than its frames' names",
                (path,),
            )
            for where, path in self._contradicted
        ]
        if not self._scales:
            return [*found, Finding("no-scales", f"there is no {_SCALE_FILE}: no mode of the same or another scale")]
        without = [row.name for row in self._test if row.name not in self._scales]
        if without:
            detail = (
                f"{len(without):,} of {len(self._test):,} test tracklets have no line in {_SCALE_FILE}, the first is "
                f"{shown(without[0])}; they have no part in the scale modes"
            )
            found.append(Finding("no-scales", detail))
        return found

    def _read(self, split: str) -> list[_Row]:
        names_path = osp.join(self.dataset_dir, f"{split}_name.txt")
        lines = match_lines(
            names_path, _NAME, "<pid>O<outfit>C<camera>T<tracklet>F<frame>.jpg, the person with four digits"
        )
        # Millions: one array of bytes in the place of a match for each.
        names = np.array([os.fsencode(line[0]) for _, line in lines])
        info = osp.join(self.dataset_dir, f"track_{split}_info.txt")
        expected = "five numbers: first and last frame (lines of the names, from 0), person, outfit and camera"
        columns = r"\s+".join([f"({_NUMBER})"] * 5)
        rows = []
        for number, row in match_lines(info, columns, expected):
            # Written as floats, 3.3000e+02 for camera 330.
            first, last, pid, outfit, camera = (round(float(text)) for text in row.groups())
            if not first <= last < len(names):
                raise DatasetError(
                    f"{shown(info)}, line {number} has frames {first:,} to {last:,} of {len(names):,} in "
                    f"{split}_name.txt. Expected {expected}."
                )
            of_tracklet = names[first : last + 1]
            name = re.fullmatch(_NAME, os.fsdecode(of_tracklet[0]), re.ASCII)
            assert name is not None
            frames = Tracklet(osp.join(self.dataset_dir, f"bbox_{split}", name["pid"]), of_tracklet)
            tracklets = {frame[: frame.rindex(b"F")] for frame in of_tracklet.tolist()}
            said = tuple(map(int, name.group("pid", "outfit", "camera")))
            if said != (pid, outfit, camera) or tracklets != {os.fsencode(name["tracklet"])}:
                self._contradicted.append((f"line {number} of {osp.basename(info)}", frames[0]))
            rows.append(_Row(frames, name["tracklet"], pid, outfit, camera))
        return rows

    def _queries(self, tracklets: int) -> list[bool]:
        path = osp.join(self.dataset_dir, "query_IDX.txt")
        expected = f"positions in track_test_info.txt, 0 to {tracklets - 1:,}"
        is_query = [False] * tracklets
        for number, line in match_lines(path, rf"{_NUMBER}(?:\s+{_NUMBER})*", expected):
            for text in line[0].split():
                position = round(float(text))
                if position >= tracklets:
                    raise DatasetError(f"{shown(path)}, line {number} has {position:,}. Expected {expected}.")
                is_query[position] = True
        if all(is_query):
            raise DatasetError(f"{shown(path)} names every tracklet a query: there is no gallery.")
        return is_query

    def _read_scales(self) -> dict[str, int]:
        path = osp.join(self.dataset_dir, _SCALE_FILE)
        if not is_there(path):
            return {}
        lines = match_lines(path, rf"{_NAME}\s+(?P<scale>[sml])", "<name of a frame> <s, m or l>")
        return {line["tracklet"]: _SCALES[line["scale"]] for _, line in lines}
