"""What tells the data of one training from that of another."""

import hashlib
import os
from collections.abc import Iterable, Sequence

from datasets_ext.files import file_size


def fingerprint(items: Sequence[tuple], beside: Iterable[Sequence[str]] | None = None) -> dict[str, int | str]:
    """What tells this data from other data, without reading an image: names below the common folder, labels, sizes.

    Args:
        items: (path, *labels) of each image.
        beside: for each item, paths of what else is read with it, such as its parsing map; None: nothing is.

    Returns:
        ``images``, their number, ``bytes`` of them and of what is beside them, and ``sha256`` of the whole list.

    Raises:
        OSError: a file is missing.
    """
    folder = os.path.commonpath([item[0] for item in items]) if items else ""
    digest, total = hashlib.sha256(), 0
    for item, more in zip(items, beside if beside is not None else [()] * len(items), strict=True):
        sizes = [file_size(path) for path in (item[0], *more)]
        total += sum(sizes)
        line = (os.path.relpath(item[0], folder).replace(os.sep, "/"), *map(str, item[1:]), *map(str, sizes))
        digest.update("\0".join(line).encode("utf-8", "surrogateescape") + b"\n")
    return {"images": len(items), "bytes": total, "sha256": digest.hexdigest()}
