"""Times how long the data sets take to list a million images with their labels, beside the bare listing.

    python -m benchmarks listing
    python -m benchmarks.listing
    python -m benchmarks.listing --images 200000 --readers VCClothes MEVID

The first has the rows of :mod:`benchmarks`, of smaller trees. For each reader a tree of empty files with its names and
lists is made in a temporary folder, which takes longer than reading it, and read once by a process of its own until
every item has its labels: seconds on the clock and of the processor (equal on an idle machine), with the file system's
names in the system's cache, and by how much the process grew at its peak. The bare listing, in the same process after
it, walks the tree, sorts the names and splits the lists into lines, or cells; the ratio is of the processor's seconds.
MEVID's reader and that of a CSV list look at no file but the lists, so that none are made for them.
"""

import argparse
import csv
import multiprocessing
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

from datasets_ext import ClothesImageDataset, dataset_class, every_path, register_csv

from .rows import Row, compared

IMAGES_A_PERSON = 40
FRAMES_A_TRACKLET = 120
LIST = "list.csv"
TURNS = 5


class Measurement(NamedTuple):
    """One reading.

    Attributes:
        images: images and frames that were found.
        seconds: of the reader's constructor, on the clock.
        processor: the same of the processor, the system's part among them.
        bare: the processor's seconds of the bare listing.
        mib: growth of the process at its peak, in MiB; 0 where the system does not tell.
    """

    images: int
    seconds: float
    processor: float
    bare: float
    mib: float


def splits(images: int) -> Iterator[tuple[str, Iterable[int]]]:
    """Half of the people to train on; of the others every tenth image is a query."""
    half = images // IMAGES_A_PERSON // 2 * IMAGES_A_PERSON
    yield "train", range(half)
    yield "query", range(half, images, 10)
    yield "gallery", (image for image in range(half, images) if image % 10)


def person(image: int) -> int:
    return image // IMAGES_A_PERSON + 1


def vc_clothes(images: int) -> Iterator[str]:
    for split, of_split in splits(images):
        for image in of_split:
            yield f"VC-Clothes/{split}/{person(image):06d}-{image % 4 + 1:02d}-{image % 3 + 1:02d}-{image:07d}.jpg"


def ltcc(images: int) -> Iterator[str]:
    for split, of_split in splits(images):
        folder = {"gallery": "test"}.get(split, split)
        for image in of_split:
            yield f"LTCC_ReID/{folder}/{person(image):06d}_{image % 3 + 1}_c{image % 12 + 1}_{image:07d}.png"


def last(images: int) -> Iterator[str]:
    for split, of_split in splits(images):
        for image in of_split:
            of_person = f"{person(image):06d}"
            folder = {"train": f"train/{of_person}", "query": "test/query"}.get(split, f"test/gallery/{of_person}")
            yield f"last/{folder}/{of_person}_{image % 200:03d}_{image:07d}_0000_01_{image % 3:03d}.jpg"


def deep_change(images: int) -> Iterator[str]:
    for split, of_split in splits(images):
        folder = "train-set" if split == "train" else f"test-set-{split}"
        for image in of_split:
            name = f"P{person(image)}_C{image % 17 + 1}_202006{image % 30 + 1:02d}_{image:07d}.jpg"
            yield f"DeepChangeDataset/{folder}/{name}"


def ccvid(images: int) -> Iterator[str]:
    for image in range(images):
        tracklet, frame = divmod(image, FRAMES_A_TRACKLET)
        yield f"CCVID/session{tracklet % 3 + 1}/{tracklet // 3 + 1:06d}_01/{frame + 1:05d}.jpg"


def deep_change_lists(root: Path, images: int) -> None:
    lines: dict[str, list[str]] = {}
    for path in deep_change(images):
        folder, name = path.split("/")[1:]
        lines.setdefault(folder, []).append(f"{name},{name[:-12]}\n")
    for folder, of_folder in lines.items():
        (root / "DeepChangeDataset" / f"{folder}-bbox.txt").write_text("".join(of_folder))


def ccvid_lists(root: Path, images: int) -> None:
    lines: dict[str, list[str]] = {"train": [], "query": [], "gallery": []}
    for tracklet in range(-(-images // FRAMES_A_TRACKLET)):
        session, of_person = tracklet % 3 + 1, tracklet // 3 + 1
        split = "train" if of_person % 2 else "query" if session == 1 else "gallery"
        lines[split].append(f"session{session}/{of_person:06d}_01\t{of_person:06d}\tu{session}\n")
    for split, of_split in lines.items():
        (root / "CCVID" / f"{split}.txt").write_text("".join(of_split))


def mevid_lists(root: Path, images: int) -> None:
    folder = root / "mevid"
    for name in ("bbox_train", "bbox_test"):
        (folder / name).mkdir(parents=True)
    names: dict[str, list[str]] = {"train": [], "test": []}
    rows: dict[str, list[str]] = {"train": [], "test": []}
    for tracklet in range(-(-images // FRAMES_A_TRACKLET)):
        split = "train" if tracklet % 2 else "test"
        of_person, outfit, camera = tracklet // 80 % 10000, tracklet // 2 % 5, 300 + tracklet // 2 % 33
        start = len(names[split])
        names[split] += [
            f"{of_person:04d}O{outfit:03d}C{camera}T{tracklet:05d}F{frame:05d}.jpg\n"
            for frame in range(min(FRAMES_A_TRACKLET, images - tracklet * FRAMES_A_TRACKLET))
        ]
        values = (start, len(names[split]) - 1, of_person, outfit, camera)
        rows[split].append(" ".join(f"{value:.18e}" for value in values) + "\n")
    for split in names:
        (folder / f"{split}_name.txt").write_text("".join(names[split]))
        (folder / f"track_{split}_info.txt").write_text("".join(rows[split]))
    (folder / "query_IDX.txt").write_text("".join(f"{row:.18e}\n" for row in range(0, len(rows["test"]), 5)))


def csv_list(root: Path, images: int) -> None:
    with open(root / LIST, "w") as file:
        file.write("path,pid,camid,clothes_id,split\n")
        for split, of_split in splits(images):
            file.writelines(
                f"{split}/{image:07d}.jpg,person {person(image)},camera {image % 12},outfit {image % 3},{split}\n"
                for image in of_split
            )


class Reader(NamedTuple):
    """How a data set's tree comes about: names of its files, and what writes its lists."""

    names: Callable[[int], Iterable[str]] | None = None
    lists: Callable[[Path, int], None] | None = None


READERS = {
    "VCClothes": Reader(vc_clothes),
    "LTCC": Reader(ltcc),
    "LaST": Reader(last),
    "DeepChange": Reader(deep_change, deep_change_lists),
    "CCVID": Reader(ccvid, ccvid_lists),
    "MEVID": Reader(lists=mevid_lists),
    "a CSV list": Reader(lists=csv_list),
}


def make_tree(root: Path, reader: Reader, images: int) -> None:
    made: set[str] = set()
    for path in reader.names(images) if reader.names else ():
        folder = path.rpartition("/")[0]
        if folder not in made:
            made.add(folder)
            os.makedirs(root / folder, exist_ok=True)
        os.close(os.open(root / path, os.O_CREAT | os.O_WRONLY))
    if reader.lists:
        reader.lists(root, images)


def read(name: str, root: Path) -> ClothesImageDataset:
    """Lists and parses all that there is."""
    kind: type[ClothesImageDataset]
    kind = register_csv(f"OneList={root / LIST}") if name == "a CSV list" else dataset_class(name)
    return kind(root=root, verbose=False)


def measured(name: str, root: Path) -> Measurement:
    """Reads once, in the process that this is called in."""
    before = memory("VmRSS")
    start, busy = time.perf_counter(), time.process_time()
    dataset = read(name, root)
    seconds, processor = time.perf_counter() - start, time.process_time() - busy
    grown = memory("VmHWM") - before
    images = sum(1 for items in dataset.splits.values() for _ in every_path(items))
    busy = time.process_time()
    list_bare(root)
    return Measurement(images, seconds, processor, time.process_time() - busy, grown)


def list_bare(root: Path) -> int:
    """Walks, sorts and splits, and says how many names and lines there were."""
    names = sorted(os.path.join(folder, name) for folder, _, files in os.walk(root) for name in files)
    lines = 0
    for name in names:
        if name.endswith(".csv"):
            with open(name, newline="") as file:
                lines += len(list(csv.reader(file)))
        elif name.endswith(".txt"):
            lines += len(Path(name).read_text().splitlines())
    return len(names) + lines


def measure(quick: bool) -> list[Row]:
    """See :mod:`benchmarks`."""
    images = 2_000 if quick else 50_000
    rows = []
    for name, reader in READERS.items():
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            make_tree(root, reader, images)
            rows.append(
                compared(
                    f"{name}, {images:,} images",
                    "items with labels / names and lines listed",
                    lambda name=name, root=root: read(name, root),
                    lambda root=root: list_bare(root),
                    turns=TURNS,
                )
            )
    return rows


def memory(field: str) -> float:
    """MiB of this process, now (VmRSS) or at its peak (VmHWM); 0 where the system does not tell."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(field))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=1_000_000, metavar="N", help="file names of each tree")
    parser.add_argument("--readers", nargs="+", default=list(READERS), choices=READERS, metavar="NAME",
                        help=f"some of: {', '.join(READERS)}")  # fmt: skip
    parser.add_argument("--folder", help="where the trees are made, each for as long as it is read (default: /tmp)")
    options = parser.parse_args()
    print(f"Python {platform.python_version()}, {sys.platform}, {os.cpu_count()} cores")
    print("| reader | images and frames | seconds | of the processor | bare listing | ratio | memory |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for name in options.readers:
        with tempfile.TemporaryDirectory(dir=options.folder) as folder:
            make_tree(Path(folder), READERS[name], options.images)
            with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
                found = pool.submit(measured, name, Path(folder)).result()
        seconds = f"{found.seconds:.1f} | {found.processor:.1f} | {found.bare:.1f} | {found.processor / found.bare:.1f}"
        print(f"| {name} | {found.images:,} | {seconds} | {found.mib:.0f} MiB |", flush=True)


if __name__ == "__main__":
    main()
