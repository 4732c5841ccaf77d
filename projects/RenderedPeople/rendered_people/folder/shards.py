"""Shards: a benchmark in few large files instead of many small ones, as the WebDataset tools stream them.

A shard is an uncompressed tar, shards/<layout>-<part>-<number>.tar, with three members for each image:

    <path>.jpg or .png     the image, by its path in the layout
    <path>.parsing.png     its parsing map
    <path>.json            whom it shows, and the paths that image and map have in the layout

<part> is train, val (PRCC's layout), test or unseen. shards/information.tar holds what else belongs to the layouts, and
shards/index.npz where each of all these files begins, so that any of them is read without the others.
"""

import hashlib
import io
import json
import os
import tarfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from rendered_people.errors import RenderingError
from rendered_people.folder.files import WORKSHOP, Shelf
from rendered_people.folder.layouts import PARSING_TREES, person_files
from rendered_people.folder.parameters import BenchmarkParameters
from rendered_people.folder.shots import FilePair, Shot
from rendered_people.folder.sites import benchmark_sites

FOLDER = "shards"
INDEX = f"{FOLDER}/index.npz"
INFORMATION = f"{FOLDER}/information.tar"
_VALIDATION = "prcc/rgb/val/"
# An empty tar ends with two empty blocks, filled up to a record.
_END = bytes(2 * tarfile.BLOCKSIZE)


@dataclass(frozen=True)
class Chunk:
    """People whose images go into the same shards, one of each layout.

    Attributes:
        site: Position in `benchmark_sites`.
        people: Of the site, all trained on or all evaluated.
        part: "train", "test" or "unseen".
        number: Among the chunks of the part, from 0.
    """

    site: int
    people: range
    part: str
    number: int

    def files(self, parameters: BenchmarkParameters) -> Iterator[tuple[Shot, list[FilePair]]]:
        """Shots and the paths that they have in the layouts, in the order in which they are rendered."""
        site = benchmark_sites(parameters)[self.site]
        for person in self.people:
            yield from person_files(self.site, site, person, parameters)

    def shard_of(self, image_path: str, layouts: Mapping[str, str]) -> str:
        """Path of the shard that holds an image.

        Args:
            image_path: Of the layout.
            layouts: Name of each layout by the folder at its top.
        """
        part = "val" if image_path.startswith(_VALIDATION) else self.part
        return f"{FOLDER}/{layouts[PurePosixPath(image_path).parts[0]]}-{part}-{self.number:06d}.tar"

    def shards(self, parameters: BenchmarkParameters) -> list[str]:
        """Paths of all shards of the chunk."""
        layouts = layout_folders(parameters)
        found = {self.shard_of(image, layouts) for _, pairs in self.files(parameters) for image, _ in pairs}
        return sorted(found)


def part_of(shard: str) -> str:
    """The part that a shard's name says: "train", "val", "test" or "unseen"."""
    return PurePosixPath(shard).stem.split("-")[1]


def planned_chunks(parameters: BenchmarkParameters) -> list[Chunk]:
    """Who goes into which shards: as many people as make about the number of images asked for, at least one.

    Args:
        parameters: What the benchmark is made from; `shards` is 1 or more.
    """
    people = max(1, parameters.shards // parameters.images_of_a_person)
    chunks: list[Chunk] = []
    counts: dict[str, int] = {}
    for index, site in enumerate(benchmark_sites(parameters)):
        for part, members in (("train", site.train_people), ("test" if site.seen else "unseen", site.evaluated_people)):
            for first in range(members.start, members.stop, people):
                number = counts[part] = counts.get(part, -1) + 1
                chunks.append(Chunk(index, range(first, min(first + people, members.stop)), part, number))
    return chunks


def layout_folders(parameters: BenchmarkParameters) -> dict[str, str]:
    """Name of each layout written, by the folder at its top."""
    return {PurePosixPath(PARSING_TREES[layout]).parts[0]: layout for layout in parameters.layouts}


class ShardWriter:
    """Writes the shards of a chunk side by side; they are in place once all of them are whole.

    Args:
        shelf: The benchmark's folder.
    """

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._tars: dict[str, tuple[tarfile.TarFile, Path]] = {}

    def add(self, shard: str, name: str, content: bytes) -> None:
        """Appends a file to a shard."""
        if shard not in self._tars:
            partial = self._shelf.root / WORKSHOP / f"{os.getpid()}-{PurePosixPath(shard).name}"
            partial.parent.mkdir(parents=True, exist_ok=True)
            self._tars[shard] = tarfile.TarFile(partial, "w", format=tarfile.USTAR_FORMAT), partial
        # All else that a header says is left at what TarInfo has: nobody's, of no date.
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        self._tars[shard][0].addfile(entry, io.BytesIO(content))

    def finish(self) -> None:
        """Moves the shards into place."""
        for shard, (tar, partial) in self._tars.items():
            tar.close()
            target = self._shelf.root / shard
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(partial, target)

    def abandon(self) -> None:
        """Removes what was written."""
        for tar, partial in self._tars.values():
            tar.close()
            partial.unlink(missing_ok=True)


def sample_json(shot: Shot, pair: FilePair, part: str, parameters: BenchmarkParameters) -> bytes:
    """What a sample says of itself; numbers are those of the benchmark, from 0, and no two people share one."""
    site = benchmark_sites(parameters)[shot.site]
    image, parsing = pair
    told = {
        "image": image,
        "parsing": parsing,
        "part": part,
        "site": shot.site,
        "person": site.person_number(shot.person),
        "outfit": shot.outfit,
        "camera": site.camera_number(shot.camera),
        "frame": shot.frame,
        "label_system": "lip",
    }
    return json.dumps(told).encode()


def member_names(pair: FilePair) -> tuple[str, str, str]:
    """Names of image, map and JSON of a sample in its shard."""
    stem, suffix = os.path.splitext(pair[0])
    return stem + suffix, f"{stem}.parsing.png", f"{stem}.json"


def is_whole_shard(shelf: Shelf, shard: str) -> bool:
    """Whether there is a file of this name that begins and ends as a tar does."""
    if not shelf.has(shard):
        return False
    with open(shelf.root / shard, "rb") as file:
        head = file.read(tarfile.BLOCKSIZE)
        size = file.seek(0, os.SEEK_END)
        file.seek(max(size - len(_END), 0))
        return size % tarfile.RECORDSIZE == 0 and head[257:262] == b"ustar" and file.read() == _END


@dataclass(frozen=True)
class _Entry:
    path: str
    shard: int
    offset: int
    size: int
    crc32: int


def write_index(shelf: Shelf, shards: Iterable[str]) -> tuple[dict[str, str], dict[str, str]]:
    """Reads all shards and writes index.npz.

    Its arrays: `paths` (n,) bytes, ascending, of every file of the layouts; `shard` (n,) int32 into `shards` (m,)
    bytes, names beside the index; `offset` (n,) int64, `size` (n,) int64 and `crc32` (n,) uint32 of its content there;
    `shard_size` (m,) int64.

    Args:
        shelf: The benchmark's folder.
        shards: Paths of the shards, information.tar among them.

    Returns:
        SHA-256, in hexadecimal, of the files of the layouts by their paths there, and of shards and index by theirs.

    Raises:
        RenderingError: A shard is damaged.
    """
    entries: list[_Entry] = []
    files: dict[str, str] = {}
    whole: dict[str, str] = {}
    names, sizes = [], []
    for number, shard in enumerate(sorted(shards)):
        content = (shelf.root / shard).read_bytes()
        whole[shard] = hashlib.sha256(content).hexdigest()
        names.append(PurePosixPath(shard).name.encode())
        sizes.append(len(content))
        for path, offset, size in _members(shelf, shard, content):
            part = content[offset : offset + size]
            files[path] = hashlib.sha256(part).hexdigest()
            entries.append(_Entry(path, number, offset, size, zlib.crc32(part)))
    entries.sort(key=lambda entry: entry.path.encode())
    buffer = io.BytesIO()
    np.savez(
        buffer,
        paths=np.array([entry.path.encode() for entry in entries]),
        shard=np.array([entry.shard for entry in entries], dtype=np.int32),
        offset=np.array([entry.offset for entry in entries], dtype=np.int64),
        size=np.array([entry.size for entry in entries], dtype=np.int64),
        crc32=np.array([entry.crc32 for entry in entries], dtype=np.uint32),
        shards=np.array(names),
        shard_size=np.array(sizes, dtype=np.int64),
    )
    shelf.write(INDEX, buffer.getvalue())
    whole[INDEX] = hashlib.sha256(buffer.getvalue()).hexdigest()
    return files, whole


def _members(shelf: Shelf, shard: str, content: bytes) -> Iterator[tuple[str, int, int]]:
    """(path in the layout, offset, size) of images, maps and lists; what says so of the maps stands beside them."""
    paths: dict[str, str] = {}
    found: list[tarfile.TarInfo] = []
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as tar:
            for member in tar:
                if member.name.endswith(".json") and shard != INFORMATION:
                    told = json.loads(content[member.offset_data : member.offset_data + member.size])
                    stem = member.name.removesuffix(".json")
                    paths[f"{stem}.parsing.png"] = told["parsing"]
                else:
                    found.append(member)
    except (tarfile.TarError, ValueError, KeyError, EOFError) as error:
        raise RenderingError(f"{shelf.root / shard} is damaged ({error}); remove it and render again") from error
    for member in found:
        yield paths.get(member.name, member.name), member.offset_data, member.size
