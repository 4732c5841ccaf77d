"""Files that are whole or absent, whenever the process is killed, and that say so when a disk has changed them."""

import functools
import json
import math
import os
import zipfile
from collections.abc import Callable
from typing import IO, Any

#: What a file that is being written is called beside its final name.
PART = ".part"


def write_whole(path: str, write: Callable[[IO[bytes]], Any]) -> None:
    """Writes a file through a temporary one beside it; what stood there before stays until the new one is on the disk.

    Args:
        path: of the file.
        write: takes the temporary file, open for bytes.

    Raises:
        Exception: what ``write`` raises; the temporary file is gone then.
    """
    part = f"{path}{PART}"
    try:
        with open(part, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except Exception:
        if os.path.exists(part):
            os.remove(part)
        raise
    _sync_folder(os.path.dirname(os.path.abspath(path)))


def _sync_folder(path: str) -> None:
    # A new name is on the disk once its folder is.
    if not hasattr(os, "O_DIRECTORY"):
        return
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def damage(path: str) -> str:
    """What the checksums of a file of torch.save tell against it; empty where it is as it was written.

    The whole file is read, once as long as it does not change. Files of torch before 1.6 have no checksums.
    """
    status = os.stat(path)
    return _damage(path, status.st_mtime_ns, status.st_size)


@functools.lru_cache(maxsize=64)
def _damage(path: str, changed: int, size: int) -> str:
    if not zipfile.is_zipfile(path):
        return ""
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
    except Exception as error:
        # Damaged names and lengths bring zipfile to exceptions of many kinds.
        return f"its directory is damaged ({type(error).__name__}: {error})"
    return f"the checksum of its record {damaged} does not fit" if damaged else ""


def cut_log(path: str, iteration: int) -> None:
    """Takes out of a metrics.json what a training that goes on will write again, and what a kill cut short.

    Args:
        path: of a file with one JSON object a line, ``iteration`` among its entries; may be absent. It is cut in place,
            as a writer may hold it open.
        iteration: the first that will be written again.
    """
    if not os.path.isfile(path):
        return
    with open(path, "rb+") as file:
        kept = 0
        for line in file:
            if not line.endswith(b"\n") or _iteration(line) >= iteration:
                file.truncate(kept)
                return
            kept += len(line)


def _iteration(line: bytes) -> float:
    try:
        return json.loads(line)["iteration"]
    except (ValueError, KeyError, TypeError):
        return math.inf
