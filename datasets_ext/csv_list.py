"""Data of one's own, from a CSV list, without a class of one's own."""

import csv
import io
import os.path as osp
import re
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from fastreid.data.datasets import DATASET_REGISTRY

from .bases import ClothesImageDataset, Item
from .clothes_labels import ClothesLabels, LabelKind
from .errors import DatasetError, DatasetNotFoundError
from .files import read_regular_file, reason, shown
from .numbering import positions
from .tracklets import Tracklet

COLUMNS = ("path", "pid", "camid", "clothes_id", "split")
SPLITS = ("train", "query", "gallery")
_TRACKLET = "tracklet"
_SUFFIXES = (".jpg", ".jpeg", ".png")


class _Row(NamedTuple):
    line: int
    path: str
    pid: str
    camid: str
    clothes_id: str
    split: str
    tracklet: str


class CSVDataset(ClothesImageDataset):
    """A data set that a CSV list names; registered by :func:`register_csv`.

        path,pid,camid,clothes_id,split
        photos/a1.jpg,anna,door,red,train

    ``path`` is relative to the list's folder, in which all images lie; their parsing maps are in ``parsing`` beside the
    list, with the same relative path and .png. ``split`` is train, query or gallery; pid, camid and clothes_id are any
    text, pid and clothes_id the same in query and gallery. Where no row of train, or none of query and gallery, has a
    clothes_id, clothes labels are absent there; where none of these has a camid, cameras are. With a sixth column
    ``tracklet``, rows of one split and person with the same text in it are the frames, in order, of one item.

    Training items: pid '<name>_<pid>', camid '<name>_c<camid>', clothes id '<pid>_<clothes_id>'. Test items: positions
    among the sorted pids, camids and pairs (pid, clothes_id) of query and gallery together.

    Arguments: see ClothesImageDataset; ``root`` has no meaning.

    Raises:
        DatasetNotFoundError: there is no such list.
        DatasetError: a column is missing, or a row is wrong; the message names its line.
    """

    csv_file = ""
    """Path of the list."""
    name_begins_with_person = False
    train_splits = ("train",)

    def read_splits(self) -> dict[str, list[Item]]:
        path = osp.expanduser(self.csv_file)
        self.dataset_dir = osp.dirname(path) or "."
        rows = _read_rows(path)
        in_training = [row for row in rows if row.split == "train"]
        in_test = [row for row in rows if row.split != "train"]
        self.clothes_labels = ClothesLabels(
            _kind(in_training, path), _kind(in_test, path), f"column clothes_id of {osp.basename(path)}"
        )
        self.has_cameras = _all_or_none(in_test, "camid", path)
        name = type(self).dataset_name
        train: list[Item] = [
            (data, f"{name}_{row.pid}", f"{name}_c{row.camid}", f"{row.pid}_{row.clothes_id}" if row.clothes_id else "")
            for data, row in self._items(in_training, path)
        ]
        items = {split: self._items([row for row in in_test if row.split == split], path) for split in SPLITS[1:]}
        both = [row for of_split in items.values() for _, row in of_split]
        person, camera = positions([row.pid for row in both]), positions([row.camid for row in both])
        clothes = positions([(row.pid, row.clothes_id) for row in both])
        # Without cameras each item has one of its own, so that none is taken out of a ranking.
        own = {row.line: number for number, row in enumerate(both)}
        test: dict[str, list[Item]] = {
            split: [
                (
                    data,
                    person[row.pid],
                    camera[row.camid] if self.has_cameras else own[row.line],
                    clothes[row.pid, row.clothes_id] if self.clothes_labels.test == "labelled" else -1,
                )
                for data, row in of_split
            ]
            for split, of_split in items.items()
        }
        return {"train": train, **test}

    def how_to_get(self) -> str:
        return f"Its list is {shown(self.csv_file)}, by IFD.CSV_DATASETS."

    def _items(self, rows: Iterable[_Row], path: str) -> list[tuple[str | Tracklet, _Row]]:
        images: list[tuple[str | Tracklet, _Row]] = []
        frames: dict[tuple[str, str], list[_Row]] = {}
        for row in rows:
            if row.tracklet:
                frames.setdefault((row.pid, row.tracklet), []).append(row)
            else:
                images.append((osp.join(self.dataset_dir, row.path), row))
        for (_, tracklet), of_one in frames.items():
            first = of_one[0]
            for row in of_one:
                if (row.camid, row.clothes_id) != (first.camid, first.clothes_id):
                    raise _wrong(
                        path,
                        row.line,
                        f"has another camid or clothes_id than line {first.line} of its tracklet {shown(tracklet)}",
                        "one of each for all frames of a tracklet",
                    )
            images.append((Tracklet(self.dataset_dir, [row.path for row in of_one]), first))
        return sorted(images, key=lambda item: (item[1].pid, item[1].path))


_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*", re.ASCII)


def register_csv(entry: str) -> type[CSVDataset]:
    """Registers a CSV list with the host, so that DATASETS.NAMES and DATASETS.TESTS can name it.

    Args:
        entry: ``Name=path/to/list.csv``; the name of letters, digits and '_', a letter first. Registered again, the
            name stands for the newer path.

    Returns:
        the registered class.

    Raises:
        DatasetError: the entry has another form, or the name is that of another data set.
    """
    name, mark, path = (part.strip() for part in entry.partition("="))
    if not mark or not path or not _NAME.fullmatch(name):
        raise DatasetError(
            f"IFD.CSV_DATASETS has {shown(entry)!r}; expected Name=path/to/list.csv, the name of letters, digits, '_'"
        )
    try:
        known = DATASET_REGISTRY.get(name)
    except KeyError:
        known = type(name, (CSVDataset,), {"dataset_name": name.lower(), "__doc__": f"{path}, by IFD.CSV_DATASETS."})
        DATASET_REGISTRY.register(known)
    if not issubclass(known, CSVDataset):
        raise DatasetError(
            f"IFD.CSV_DATASETS names {name}, the name of another data set that is registered; take another"
        )
    known.csv_file = path
    return known


def _read_rows(path: str) -> list[_Row]:
    try:
        text = read_regular_file(path).decode("utf-8-sig")
    except FileNotFoundError as error:
        raise DatasetNotFoundError(f"{shown(path)}, the list of a data set, does not exist.") from error
    except (OSError, UnicodeDecodeError) as error:
        why = reason(error) if isinstance(error, OSError) else f"it is no UTF-8 text: {error}"
        raise DatasetError(f"{shown(path)}, the list of a data set, cannot be read: {why}.") from error
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[_Row] = []
    try:
        header = [cell.strip() for cell in next(reader, [])]
        if Counter(header) not in (Counter(COLUMNS), Counter((*COLUMNS, _TRACKLET))):
            raise _wrong(
                path, 1, f"has the columns {shown(', '.join(header))}", f"{', '.join(COLUMNS)} and perhaps {_TRACKLET}"
            )
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append(_row(path, reader.line_num, header, cells))
    except csv.Error as error:
        raise _wrong(path, reader.line_num, f"is no row of a CSV file ({error})", "cells parted by commas") from error
    seen: dict[tuple[str, str], int] = {}
    for row in rows:
        before = seen.setdefault((row.path, row.split), row.line)
        if before != row.line:
            raise _wrong(
                path, row.line, f"names {shown(row.path)} again, as line {before}", "each image once in a split"
            )
    for split in SPLITS[1:]:
        if {row.split for row in rows} & {"query", "gallery"} and not any(row.split == split for row in rows):
            raise DatasetError(f"{shown(path)} has no row of split {split}, which cannot be evaluated without.")
    if not rows:
        raise DatasetError(f"{shown(path)} has no row below its heading.")
    return rows


def _row(path: str, line: int, header: list[str], cells: list[str]) -> _Row:
    if len(cells) != len(header):
        raise _wrong(path, line, f"has {len(cells)} cells", f"{len(header)}: {', '.join(header)}")
    row = {name: cell.strip() for name, cell in zip(header, cells, strict=True)}
    image = row["path"]
    if not image.lower().endswith(_SUFFIXES):
        raise _wrong(path, line, f"has the path {shown(image)!r}", "a .jpg, .jpeg or .png")
    if osp.isabs(image) or osp.normpath(image).split(osp.sep)[0] == osp.pardir:
        raise _wrong(
            path,
            line,
            f"has the path {shown(image)!r}",
            "a path below the list's folder: maps are found by relative paths",
        )
    if not row["pid"]:
        raise _wrong(path, line, "has no pid", "the person that the image shows")
    if row["split"] not in SPLITS:
        raise _wrong(path, line, f"has the split {shown(row['split'])!r}", f"one of {', '.join(SPLITS)}")
    return _Row(
        line=line,
        path=osp.normpath(image),
        pid=row["pid"],
        camid=row["camid"],
        clothes_id=row["clothes_id"],
        split=row["split"],
        tracklet=row.get(_TRACKLET, ""),
    )


def _kind(rows: list[_Row], path: str) -> LabelKind:
    return "labelled" if _all_or_none(rows, "clothes_id", path) else "absent"


def _all_or_none(rows: list[_Row], column: str, path: str) -> bool:
    """Whether all rows have a text in a column; refuses some that have and some that have not."""
    without = [row for row in rows if not getattr(row, column)]
    if without and len(without) < len(rows):
        raise _wrong(
            path,
            without[0].line,
            f"has no {column}, though {len(rows) - len(without):,} rows of "
            f"{'split train' if without[0].split == 'train' else 'query and gallery'} have one",
            f"a {column} in all of these rows or in none",
        )
    return not without and bool(rows)


def _wrong(path: str, line: int, found: str, expected: str) -> DatasetError:
    return DatasetError(f"{shown(path)}, line {line} {found}; expected {expected}.")
