"""Listing the images of a split and reading their labels from their names."""

import os
import re

from .errors import DatasetError

IMAGE_SUFFIX = r"\.(?i:jpg|jpeg|png)"
_SIDE_FILES = {"Thumbs.db"}
_SHOWN = 5


def list_images(folder, pattern, expected):
    """Lists every file below a folder and matches its name.

    Hidden files and folders and Thumbs.db are passed over; any other file has to match.

    Args:
        folder: of the split.
        pattern: regular expression for the path below `folder`, parts joined by '/', matched as a whole.
        expected: the same for a reader, named in the error.
    Returns: list of (path, re.Match), sorted by the path below `folder`, part by part.
    Raises: DatasetError where names do not match (shows the first few), or where there is no file at all.
    """
    pattern = re.compile(pattern)
    matches, offending = [], []
    for parts in sorted(_files_below(folder)):
        path = os.path.join(folder, *parts)
        match = pattern.fullmatch("/".join(parts))
        if match is None:
            offending.append(path)
        else:
            matches.append((path, match))
    if offending:
        shown = "".join(f"\n  {path}" for path in offending[:_SHOWN])
        more = f"\n  and {len(offending) - _SHOWN:,} more" if len(offending) > _SHOWN else ""
        raise DatasetError(
            f"{len(offending):,} file names below {folder} do not parse. Expected {expected}; found{shown}{more}\n"
            "Rename these files or move them out of the data set."
        )
    if not matches:
        raise DatasetError(f"There is no image below {folder}. Expected {expected}: unpack the data set again.")
    return matches


def _files_below(folder, parts=()):
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(".") or entry.name in _SIDE_FILES:
                continue
            if entry.is_dir():
                yield from _files_below(entry.path, (*parts, entry.name))
            else:
                yield (*parts, entry.name)
