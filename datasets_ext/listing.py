"""Listing the images of a split and reading their labels from their names."""

import os
import re

from .errors import DatasetError
from .files import files_below, reason, shown

IMAGE_SUFFIX = r"\.(?i:jpg|jpeg|png)"
_SIDE_FILES = {"Thumbs.db"}
_SHOWN = 5

# Labels go through 64-bit integers.
_MOST_DIGITS = 18


def list_images(folder: str, pattern: str, expected: str) -> list[tuple[str, re.Match[str]]]:
    """Lists every file below a folder and matches its name.

    Hidden files and folders and Thumbs.db are passed over; any other file has to match.

    Args:
        folder: of the split.
        pattern: regular expression for the path below ``folder``, parts joined by '/', matched as a whole; ``\\d`` are
            the digits 0 to 9.
        expected: the same for a reader, named in the error.

    Returns:
        paths and matches, sorted by the path below ``folder``, part by part.

    Raises:
        DatasetError: names do not match or hold numbers of more than 18 digits, what matches is no file (shows the
            first few), there is no file at all, or a folder cannot be listed.
    """
    compiled = re.compile(pattern, re.ASCII)
    matches, offending, others = [], [], []
    try:
        found = sorted(files_below(folder))
    except OSError as error:
        raise DatasetError(
            f"{shown(error.filename or folder)}, a folder of the data set, cannot be listed: {reason(error)}."
        ) from error
    for parts, kind in found:
        if parts[-1] in _SIDE_FILES:
            continue
        path = os.path.join(folder, *parts)
        match = compiled.fullmatch("/".join(parts))
        if kind == "a folder" and match is None:
            continue
        if kind is not None:
            others.append(f"{shown(path)}: it is {kind}")
        elif match is None:
            offending.append(shown(path))
        elif any(len(text or "") > _MOST_DIGITS for text in match.groups()):
            others.append(f"{shown(path)}: a number of more than {_MOST_DIGITS} digits")
        else:
            matches.append((path, match))
    if offending:
        raise DatasetError(
            f"{len(offending):,} file names below {shown(folder)} do not parse. Expected {expected}; found"
            f"{_first(offending)}\nRename these files or move them out of the data set."
        )
    if others:
        raise DatasetError(
            f"{len(others):,} images below {shown(folder)} do not serve:{_first(others)}\nExpected image files named "
            f"{expected}. Unpack the data set again, or move these out of it."
        )
    if not matches:
        raise DatasetError(f"There is no image below {shown(folder)}. Expected {expected}: unpack the data set again.")
    return matches


def _first(lines: list[str]) -> str:
    shown_lines = "".join(f"\n  {line}" for line in lines[:_SHOWN])
    return shown_lines + (f"\n  and {len(lines) - _SHOWN:,} more" if len(lines) > _SHOWN else "")
