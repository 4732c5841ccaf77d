"""Files that may be anything: only regular ones are opened, folders in themselves are told, names do no harm."""

import contextlib
import errno
import os
import re
import stat
import time
import uuid
from collections.abc import Callable, Iterator
from typing import IO, Any

from .command import printable
from .shards import in_shards

# No image or map of a person is larger. A sparse file may claim any size and cost nothing on disk.
_MOST_BYTES = 2**30

# No process takes so many seconds to write one.
_ABANDONED = 3600
_PART = re.compile(r"\.[0-9a-f]{32}\.part")

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def read_regular_file(path: str) -> bytes:
    """Reads a file whole, and nothing but a regular file: opening a named pipe would wait for ever.

    Args:
        path: of the file; symbolic links are followed. It may be inside of shards, see :mod:`datasets_ext.shards`.

    Raises:
        FileNotFoundError: there is nothing of this name.
        OSError: it is no regular file, is larger than 1 GiB, or cannot be read; see :func:`reason`.
    """
    if inside := in_shards(path):
        return inside.read()
    status = os.stat(path)
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, f"it is {_kind(status.st_mode)}", path)
    if status.st_size > _MOST_BYTES:
        raise OSError(errno.EFBIG, f"it has {status.st_size:,} bytes, more than any image of a person", path)
    with open(path, "rb") as file:
        return file.read()


def is_folder(path: str) -> bool:
    """Whether there is a folder of this name, on disk or inside of shards."""
    inside = in_shards(path)
    return inside.shards.is_folder(inside.name) if inside else os.path.isdir(path)


def is_there(path: str) -> bool:
    """Whether there is anything of this name, on disk or inside of shards."""
    if inside := in_shards(path):
        return inside.shards.is_file(inside.name) or inside.shards.is_folder(inside.name)
    return os.path.lexists(path)


def file_size(path: str) -> int:
    """Bytes of a file, on disk or inside of shards.

    Raises:
        OSError: there is none.
    """
    inside = in_shards(path)
    return inside.shards.size(inside.name) if inside else os.stat(path).st_size


def names_with_content(folder: str) -> set[str]:
    """Names of the files in a folder that are not empty, on disk or inside of shards; none where there is no folder."""
    try:
        if inside := in_shards(folder):
            below = inside.shards.files_below(inside.name)
            return {parts[0] for parts in below if len(parts) == 1}
        with os.scandir(folder) as entries:
            return {entry.name for entry in entries if entry.is_file() and entry.stat().st_size}
    except (FileNotFoundError, NotADirectoryError):
        return set()


def write_whole(
    path: str | os.PathLike[str],
    content: str | bytes | Callable[[IO[bytes]], Any],
    *,
    replace: bool = True,
    synced: bool = False,
) -> None:
    """Writes a file so that it is whole or absent, whenever the program ends; missing folders are made.

    What stood there before stays until the new one is complete.

    Args:
        path: of the file.
        content: of it, text in UTF-8; or what writes it to a file that is open for bytes.
        replace: whether a file of that name goes.
        synced: whether it is on the disk when this returns, so that it outlives the machine too.

    Raises:
        FileExistsError: there is such a file and ``replace`` is off.
        OSError: the file cannot be written.
        Exception: what a ``content`` that writes raises.
    """
    path = os.fspath(path)
    folder = os.path.dirname(path)
    os.makedirs(folder or ".", exist_ok=True)
    # Hidden, so that no listing takes it for a map, and short, whatever the file's name is.
    part = os.path.join(folder, f".{uuid.uuid4().hex}.part")
    try:
        with open(part, "wb") as file:
            if callable(content):
                content(file)
            else:
                file.write(content.encode() if isinstance(content, str) else content)
            if synced:
                file.flush()
                os.fsync(file.fileno())
        if replace:
            os.replace(part, path)
        else:
            _link(part, path)
    except OSError as error:
        if error.filename == part:
            # What a reader knows.
            error.filename = path
        raise
    finally:
        if os.path.lexists(part):
            os.remove(part)
    if synced:
        _sync_folder(folder or ".")


def is_part(name: str) -> bool:
    """Whether a file's name is one that :func:`write_whole` gives what is not complete yet."""
    return bool(_PART.fullmatch(name))


def _sync_folder(path: str) -> None:
    # A new name is on the disk once its folder is.
    if not hasattr(os, "O_DIRECTORY"):
        return
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def sweep(folder: str) -> None:
    """Removes what :func:`write_whole` left in a folder where its process was killed.

    Args:
        folder: to look in; it need not exist.
    """
    with contextlib.suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as entries:
        for entry in entries:
            if is_part(entry.name) and entry.stat(follow_symlinks=False).st_mtime < time.time() - _ABANDONED:
                os.remove(entry.path)


def _link(part: str, path: str) -> None:
    try:
        os.link(part, path)
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.ENOSYS):
            raise
        # A file system without hard links; all but for another process in this very moment.
        if os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path) from error
        os.replace(part, path)


def files_below(folder: str) -> Iterator[tuple[tuple[str, ...], str | None]]:
    """All files below a folder, and folders without any, in no order; what is hidden is passed over.

    Args:
        folder: to look in, on disk or inside of shards; links to folders are followed.

    Yields:
        names from ``folder`` down, the file's last; what it is where it is no regular file, else None.

    Raises:
        OSError: a folder cannot be listed, or is linked to from within itself.
    """
    if inside := in_shards(folder):
        yield from ((parts, None) for parts in inside.shards.files_below(inside.name))
    else:
        yield from _files_below(folder, (), frozenset())


def _files_below(
    folder: str, parts: tuple[str, ...], above: frozenset[tuple[int, int]]
) -> Iterator[tuple[tuple[str, ...], str | None]]:
    status = os.stat(folder)
    here = (status.st_dev, status.st_ino)
    if here in above:
        raise OSError(errno.ELOOP, "a link leads back to a folder that it lies in", folder)
    empty = True
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            empty = False
            below = (*parts, entry.name)
            if entry.is_dir():
                yield from _files_below(entry.path, below, above | {here})
            elif entry.is_file():
                yield below, None
            else:
                yield below, _kind_of(entry)
    if empty and parts:
        yield parts, _KINDS[stat.S_IFDIR]


def reason(error: OSError) -> str:
    """What an OSError says, without the name of the file."""
    return error.strerror or str(error)


def shown(path: str | os.PathLike[str]) -> str:
    """A path as it may be printed: control characters, line ends among them, and what is no text, as escapes."""
    return printable(os.fspath(path)).replace("\n", "\\n")


def _kind_of(entry: os.DirEntry[str]) -> str:
    try:
        return _kind(entry.stat().st_mode)
    except FileNotFoundError:
        return "a link to nothing"


def _kind(mode: int) -> str:
    return _KINDS.get(stat.S_IFMT(mode), "no regular file")
