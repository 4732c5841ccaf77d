"""Files that lie in shards: tars with an index of where each file begins, so that any of them is read by itself.

A path that goes on with ``::`` after a folder of shards names a file, or a folder, inside of them:

    datasets/rendered_people/shards::prcc/rgb/train/001/A_cropped_rgb001.jpg

``os.path.join``, ``.relpath`` and ``.splitext`` treat such a path as any other. The folder holds ``index.npz``, with
the arrays ``paths`` (ascending), ``shard``, ``offset``, ``size`` and ``crc32`` of each file, and ``shards`` and
``shard_size`` of the tars beside it; projects/RenderedPeople writes both.
"""

import errno
import functools
import io
import os
import zipfile
import zlib
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

_MARK = "::"
_INDEX = "index.npz"
_ARRAYS = ("paths", "shard", "offset", "size", "crc32", "shards", "shard_size")
# Files of shards that a process holds open.
_OPEN = 64


class ShardError(OSError):
    """An index or a shard that is missing, cut short or damaged: ``filename`` names it, ``strerror`` says which."""


class InShards(NamedTuple):
    """A place in a folder of shards.

    Attributes:
        shards: the folder's index.
        name: of the file or folder inside, parts joined by '/'; empty: all of it.
    """

    shards: "ShardIndex"
    name: str

    def read(self) -> bytes:
        """The file's content.

        Raises:
            FileNotFoundError: there is no such file.
            ShardError: the shard that holds it is missing, cut short or damaged.
        """
        return self.shards.read(self.name)


def in_shards(path: str | os.PathLike[str]) -> InShards | None:
    """The place in a folder of shards that a path names; None where it names none.

    Raises:
        ShardError: the index is damaged, or a shard is missing or cut short.
    """
    path = os.fspath(path)
    if _MARK not in path:
        return None
    folder, _, name = path.partition(_MARK)
    if not has_shards(folder):
        return None
    name = os.path.normpath(name).replace(os.sep, "/").strip("/") if name else ""
    return InShards(_index(os.path.abspath(folder)), "" if name == "." else name)


def has_shards(folder: str) -> bool:
    """Whether a folder holds shards with their index."""
    return os.path.isfile(os.path.join(folder, _INDEX))


def shard_path(folder: str, name: str) -> str:
    """The path of a file or folder inside of a folder of shards."""
    return f"{folder}{_MARK}{name}"


@functools.lru_cache(maxsize=8)
def _index(folder: str) -> "ShardIndex":
    return ShardIndex(folder)


class ShardIndex:
    """Where each file of a folder of shards is, as arrays: processes that were forked share them.

    Args:
        folder: of the shards.

    Raises:
        ShardError: the index is damaged, or a shard is missing or not of its size.
    """

    def __init__(self, folder: str):
        self.folder = folder
        path = os.path.join(folder, _INDEX)
        try:
            with np.load(path, allow_pickle=False) as arrays:
                self._paths, self._shard, self._offset, self._size, self._crc32, shards, sizes = (
                    arrays[name] for name in _ARRAYS
                )
        except (KeyError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
            raise ShardError(errno.EIO, f"the index of shards is damaged ({error}): write them again", path) from error
        self._shards = [os.path.join(folder, os.fsdecode(bytes(name))) for name in shards]
        for shard, size in zip(self._shards, sizes, strict=True):
            found = os.path.getsize(shard) if os.path.isfile(shard) else None
            if found != size:
                what = "is missing" if found is None else f"has {found:,} bytes and not {size:,}"
                raise ShardError(errno.EIO, f"the shard {what}: copy it again, or write the shards again", shard)

    def read(self, name: str) -> bytes:
        """A file's content; errors as :meth:`InShards.read`."""
        position = self._find(name)
        shard, size = self._shards[self._shard[position]], int(self._size[position])
        try:
            content = _read_at(shard, int(self._offset[position]), size)
        except FileNotFoundError as error:
            raise ShardError(errno.EIO, "the shard is missing: copy it again", shard) from error
        if len(content) < size or zlib.crc32(content) != self._crc32[position]:
            raise ShardError(errno.EIO, f"the shard {shard} is damaged where it holds {name}: copy it again", shard)
        return content

    def size(self, name: str) -> int:
        """Bytes of a file.

        Raises:
            FileNotFoundError: there is no such file.
        """
        return int(self._size[self._find(name)])

    def is_file(self, name: str) -> bool:
        """Whether there is a file of this name."""
        position = self._position(name)
        return position < len(self._paths) and bytes(self._paths[position]) == os.fsencode(name)

    def is_folder(self, name: str) -> bool:
        """Whether there are files below this name."""
        return next(self._below(name), None) is not None

    def files_below(self, name: str) -> Iterator[tuple[str, ...]]:
        """Names of all files below a folder, part by part, ascending.

        Raises:
            FileNotFoundError: there is none.
        """
        length = len(os.fsencode(name)) + 1 if name else 0
        found = False
        for path in self._below(name):
            found = True
            yield tuple(os.fsdecode(path[length:]).split("/"))
        if not found:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), shard_path(self.folder, name))

    def _below(self, name: str) -> Iterator[bytes]:
        prefix = os.fsencode(name) + b"/" if name else b""
        for position in range(int(np.searchsorted(self._paths, prefix)), len(self._paths)):
            path = bytes(self._paths[position])
            if not path.startswith(prefix):
                return
            yield path

    def _position(self, name: str) -> int:
        return int(np.searchsorted(self._paths, os.fsencode(name)))

    def _find(self, name: str) -> int:
        if not self.is_file(name):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), shard_path(self.folder, name))
        return self._position(name)


def _read_at(path: str, offset: int, size: int) -> bytes:
    if hasattr(os, "pread"):
        # Reads without moving: threads, and processes that were forked, may share what is open.
        file = _opened(path)
        return os.pread(file.fileno(), size, offset)
    with open(path, "rb") as whole:
        whole.seek(offset)
        return whole.read(size)


@functools.lru_cache(maxsize=_OPEN)
def _opened(path: str) -> io.FileIO:
    # Closed as the cache lets go of it.
    return io.FileIO(path)
