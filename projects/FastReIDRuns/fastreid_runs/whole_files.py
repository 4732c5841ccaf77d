"""Files of a run: checkpoints that say so where a disk has changed them, logs that end where a run goes on."""

import functools
import json
import math
import os
import zipfile


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
