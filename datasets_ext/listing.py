"""Listing the images of a split and reading their labels from their names."""

import io
import os
import re
from collections.abc import Iterator

from tqdm import tqdm

from .errors import DatasetError, DatasetNotFoundError
from .files import files_below, read_regular_file, reason, shown

IMAGE_SUFFIX = r"\.(?i:jpg|jpeg|png)"
_SIDE_FILES = {"Thumbs.db"}
_SHOWN = 5

# Labels go through 64-bit integers.
_MOST_DIGITS = 18
_TOO_MANY_DIGITS = re.compile(rf"\d{{{_MOST_DIGITS + 1}}}", re.ASCII)

# Seconds after which a listing shows that it goes on.
_QUIET = 2


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
        listed = tqdm(files_below(folder), f"listing {shown(folder)}", unit=" files", delay=_QUIET, leave=False)
        found = sorted(listed)
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
        elif _is_too_long(match):
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


def read_lines(path: str) -> Iterator[tuple[int, str]]:
    """The lines of a list file that are not blank, with their numbers from 1, without white space at their ends.

    Args:
        path: of the file.

    Raises:
        DatasetNotFoundError: there is no such file.
        DatasetError: it cannot be read, is no UTF-8, or has no line.
    """
    try:
        content = read_regular_file(path)
        content.decode()
    except FileNotFoundError as error:
        raise DatasetNotFoundError(
            f"{shown(path)}, a list of the data set, does not exist: unpack the data set again."
        ) from error
    except UnicodeDecodeError as error:
        raise DatasetError(f"{shown(path)}, a list of the data set, is no UTF-8 text: {error}.") from error
    except OSError as error:
        raise DatasetError(f"{shown(path)}, a list of the data set, cannot be read: {reason(error)}.") from error
    empty = True
    # One at a time: lists of frames have millions.
    for number, line in enumerate(io.BytesIO(content), 1):
        if text := line.decode().strip():
            empty = False
            yield number, text
    if empty:
        raise DatasetError(f"{shown(path)}, a list of the data set, is empty: unpack the data set again.")


def match_lines(path: str, pattern: str, expected: str) -> Iterator[tuple[int, re.Match[str]]]:
    """Matches every line of a list file as a whole, one after another.

    Args:
        path: of the file.
        pattern: regular expression for a line; ``\\d`` are the digits 0 to 9.
        expected: the same for a reader, named in the error.

    Yields:
        number of the line, from 1, and its match.

    Raises:
        DatasetError: as :func:`read_lines`, or a line does not match, which is shown.
    """
    compiled = re.compile(pattern, re.ASCII)
    for number, line in read_lines(path):
        match = compiled.fullmatch(line)
        if match is None or _is_too_long(match):
            raise DatasetError(f"{shown(path)}, line {number} is {shown(line[:200])!r}. Expected {expected}.")
        yield number, match


def _is_too_long(match: re.Match[str]) -> bool:
    # Of nearly all names the first question, which is quick, tells.
    if _TOO_MANY_DIGITS.search(match[0]) is None:
        return False
    return any(text is not None and len(text) > _MOST_DIGITS and text.isdigit() for text in match.groups())


def _first(lines: list[str]) -> str:
    shown_lines = "".join(f"\n  {line}" for line in lines[:_SHOWN])
    return shown_lines + (f"\n  and {len(lines) - _SHOWN:,} more" if len(lines) > _SHOWN else "")
