"""Features and labels from a file that anybody may have written: everything in it is looked at before it is believed.

Either one ``.npz`` archive with the keys of KEYS, or an ``.npy`` array of features with a table beside it, ``.csv`` or
``.parquet``, that has the columns of COLUMNS and a row for each of the array's. No file runs code: pickled objects are
refused.
"""

import csv
import io
import lzma
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from .labels import Labels

_LABELS = ("pids", "camids", "clothes")
KEYS = tuple(f"{side}_{what}" for what in ("features", *_LABELS) for side in ("query", "gallery"))
COLUMNS = ("split", "pid", "camid", "clothes_id")
_SIDES = ("query", "gallery")
_INT64 = np.iinfo(np.int64)
# What a damaged archive or array raises, beside ValueError.
_DAMAGE = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, tokenize.TokenError, EOFError, OSError, RuntimeError,
    SyntaxError, TypeError, UnicodeError,
)  # fmt: skip


class FeatureFileError(ValueError):
    """A file that cannot be scored: says what was found, what was expected and what to do."""


@dataclass(frozen=True, eq=False)
class FeatureFile:
    """What a file holds. Arrays are as they were found; their shapes and numbers are for Retrieval to check.

    Attributes:
        query_features, gallery_features: arrays without objects.
        query_labels, gallery_labels: of the same kinds on both sides.
        unused: names of the keys or columns that were not looked at.
    """

    query_features: np.ndarray
    gallery_features: np.ndarray
    query_labels: Labels
    gallery_labels: Labels
    unused: tuple[str, ...]

    @property
    def has_cameras(self) -> bool:
        """Whether cameras are known."""
        return self.query_labels.camids is not None

    @property
    def has_clothes(self) -> bool:
        """Whether clothes are known."""
        return self.query_labels.clothes is not None


def read_feature_file(path: str | Path, labels: str | Path | None = None) -> FeatureFile:
    """Reads features with their labels.

    Args:
        path: an .npz with everything, or an .npy of features, (N, D).
        labels: table of the .npy's rows; None: the .csv or .parquet of its name beside it.

    Raises:
        FeatureFileError: a file is absent, damaged or of another kind, a key or column is missing, or objects or text
            stand where numbers should.
    """
    path = Path(path)
    if path.suffix == ".npz":
        if labels is not None:
            raise FeatureFileError(f"{path} holds labels itself: leave the table {labels} out, or give an .npy")
        return _from_archive(path)
    if path.suffix == ".npy":
        return _from_array(path, _table_beside(path) if labels is None else Path(labels))
    if path.suffix in (".csv", ".parquet"):
        raise FeatureFileError(f"{path} is a table of labels: give the .npy of features first, and this with --labels")
    raise FeatureFileError(f"{path} ends in {path.suffix or 'nothing'!r}, expected an .npz archive or an .npy array")


def _check_file(path: Path) -> None:
    try:
        if path.is_dir():
            raise FeatureFileError(f"{path} is a folder, expected a file")
        if not path.exists():
            raise FeatureFileError(f"{path} does not exist")
        # A pipe or a device could be waited for without end.
        if not path.is_file():
            raise FeatureFileError(f"{path} is no regular file")
        if path.stat().st_size == 0:
            raise FeatureFileError(f"{path} is empty")
        with path.open("rb"):
            pass
    except (OSError, ValueError) as error:
        if isinstance(error, FeatureFileError):
            raise
        raise FeatureFileError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from None


def _from_archive(path: Path) -> FeatureFile:
    _check_file(path)
    if not zipfile.is_zipfile(path):
        raise FeatureFileError(f"{path} is no whole .npz archive; write it with numpy.savez(path, {KEYS[0]}=..., ...)")
    try:
        with zipfile.ZipFile(path) as archive:
            names = {name.removesuffix(".npy"): name for name in archive.namelist()}
            _check_keys(path, names)
            found = {}
            for key in (key for key in KEYS if key in names):
                with archive.open(names[key]) as member:
                    found[key] = _read_array(member, f"{key} in {path}", archive.getinfo(names[key]).file_size)
    except _DAMAGE as error:
        raise FeatureFileError(f"{path} is damaged ({error or type(error).__name__}); write it again") from None
    query, gallery = (
        Labels(found[f"{side}_pids"], found.get(f"{side}_camids"), found.get(f"{side}_clothes")) for side in _SIDES
    )
    return FeatureFile(
        query_features=found["query_features"],
        gallery_features=found["gallery_features"],
        query_labels=query,
        gallery_labels=gallery,
        unused=tuple(name for name in names if name not in KEYS),
    )


def _check_keys(path: Path, names: Iterable[str]) -> None:
    there = set(names)
    missing = [key for key in KEYS[:4] if key not in there]
    # Cameras and clothes may be unknown, but then of both sides.
    missing += [
        f"{side}_{label}"
        for label in _LABELS[1:]
        for side, other in (_SIDES, _SIDES[::-1])
        if f"{side}_{label}" not in there and f"{other}_{label}" in there
    ]
    if missing:
        raise FeatureFileError(
            f"{path} lacks {', '.join(missing)}: it holds {', '.join(sorted(there)) or 'nothing'}; expected "
            f"{', '.join(KEYS[:4])}, and where they are known {', '.join(KEYS[4:])}"
        )


def _read_array(file: IO[bytes], name: str, size: int) -> np.ndarray:
    # The header is looked at first: the array that it promises must be the one that is there.
    try:
        version = np.lib.format.read_magic(file)
        read_header = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
        if version not in read_header:
            raise FeatureFileError(f"{name} has fields, expected a plain array of numbers")
        shape, _, dtype = read_header[version](file)
        if dtype.hasobject:
            raise FeatureFileError(
                f"{name} has dtype {dtype}: Python objects, which are not read because they could run code; expected "
                "an array of numbers, such as numpy.asarray(values, numpy.float32)"
            )
        expected = int(np.prod([int(length) for length in shape], dtype=object)) * dtype.itemsize
        if expected != size - file.tell():
            raise FeatureFileError(
                f"{name} is damaged: its header promises shape {shape} of {dtype}, {expected} bytes, and "
                f"{size - file.tell()} are there"
            )
        file.seek(0)
        array = np.lib.format.read_array(file, allow_pickle=False)
    except MemoryError:
        raise FeatureFileError(f"{name} does not fit into memory") from None
    except ValueError as error:
        if isinstance(error, FeatureFileError):
            raise
        raise FeatureFileError(f"{name} is no whole array of NumPy's format ({error}); write it again") from None
    if array.dtype.kind not in "biuf":
        raise FeatureFileError(f"{name} has dtype {array.dtype} and shape {array.shape}, expected numbers")
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def _table_beside(path: Path) -> Path:
    beside = [path.with_suffix(suffix) for suffix in (".csv", ".parquet")]
    found = [table for table in beside if table.exists()]
    if len(found) != 1:
        raise FeatureFileError(
            f"{path} needs a table of labels: {' and '.join(map(str, beside))} {'both' if found else 'do not'} exist; "
            "give one with --labels"
        )
    return found[0]


def _from_array(path: Path, table: Path) -> FeatureFile:
    _check_file(path)
    try:
        with path.open("rb") as file:
            features = _read_array(file, str(path), path.stat().st_size)
    except _DAMAGE as error:
        raise FeatureFileError(f"{path} is damaged ({error or type(error).__name__}); write it again") from None
    _check_file(table)
    if table.suffix == ".csv":
        columns, unused = _read_csv(table)
    elif table.suffix == ".parquet":
        columns, unused = _read_parquet(table)
    else:
        raise FeatureFileError(f"{table} ends in {table.suffix or 'nothing'!r}, expected a .csv or .parquet table")
    rows = len(columns["split"])
    if features.ndim != 2 or len(features) != rows:
        raise FeatureFileError(
            f"{path} has shape {features.shape} and {table} {rows} rows, expected ({rows}, dimensions): a row of "
            "labels for each row of features"
        )
    sides = np.array(columns.pop("split"))
    for row in np.flatnonzero(~np.isin(sides, _SIDES))[:1]:
        raise FeatureFileError(f"{table}, row {row + 1}: split is {str(sides[row])!r}, expected query or gallery")
    numbered = {name: _numbered(values, f"{table}, column {name}") for name, values in columns.items()}
    labels = {}
    for side in _SIDES:
        of_side = {name: column[sides == side] for name, column in numbered.items()}
        labels[side] = Labels(of_side["pid"], of_side.get("camid"), of_side.get("clothes_id"))
    return FeatureFile(
        query_features=features[sides == "query"],
        gallery_features=features[sides == "gallery"],
        query_labels=labels["query"],
        gallery_labels=labels["gallery"],
        unused=unused,
    )


def _check_columns(table: Path, names: Sequence[str]) -> None:
    missing = [name for name in COLUMNS[:2] if name not in names]
    if missing:
        raise FeatureFileError(
            f"{table} lacks column {', '.join(missing)}: it has {', '.join(map(str, names)) or 'none'}; expected "
            f"{', '.join(COLUMNS)}, the last two where they are known"
        )
    twice = [name for name in COLUMNS if list(names).count(name) > 1]
    if twice:
        raise FeatureFileError(f"{table} has column {twice[0]} twice")


def _read_csv(table: Path) -> tuple[dict[str, list[str]], tuple[str, ...]]:
    try:
        with table.open(newline="", encoding="utf-8-sig") as file:
            lines = csv.reader(file, strict=True)
            names = [name.strip() for name in next(lines, [])]
            _check_columns(table, names)
            columns: dict[str, list[str]] = {name: [] for name in COLUMNS if name in names}
            for line in filter(None, lines):
                if len(line) != len(names):
                    raise FeatureFileError(
                        f"{table}, line {lines.line_num}: {len(line)} values, expected {len(names)} as in the first"
                    )
                for name, values in columns.items():
                    cell = line[names.index(name)].strip()
                    if not cell:
                        raise FeatureFileError(f"{table}, line {lines.line_num}: {name} is empty")
                    values.append(cell)
    except UnicodeDecodeError:
        raise FeatureFileError(f"{table} is no text in UTF-8, expected comma-separated values") from None
    except csv.Error as error:
        raise FeatureFileError(f"{table}, line {lines.line_num}: {error}; expected comma-separated values") from None
    return columns, tuple(name for name in names if name not in COLUMNS)


def _read_parquet(table: Path) -> tuple[dict[str, list[Any]], tuple[str, ...]]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise FeatureFileError(
            f"{table} needs pyarrow to be read: pip install 'fastreid-ifd[parquet]', or write a .csv"
        ) from None
    damage = (pyarrow.ArrowException, OSError, UnicodeDecodeError, MemoryError)
    try:
        file = parquet.ParquetFile(io.BytesIO(table.read_bytes()))
        names = file.schema_arrow.names
    except damage as error:
        raise FeatureFileError(f"{table} is no whole Parquet file ({error})") from None
    _check_columns(table, names)
    try:
        found = file.read([name for name in COLUMNS if name in names])
        columns = {name: found[name].to_pylist() for name in found.column_names}
    except damage as error:
        raise FeatureFileError(f"{table} is no whole Parquet file ({error})") from None
    for name, values in columns.items():
        for row, value in enumerate(values):
            if isinstance(value, bool) or not isinstance(value, (int, str)) or value == "":
                raise FeatureFileError(f"{table}, row {row + 1}: {name} is {value!r}, expected an integer or text")
    return columns, tuple(name for name in names if name not in COLUMNS)


def _numbered(values: Sequence[int | str], name: str) -> np.ndarray:
    """Labels as int64: the integers where all are integers, else each different text by a number of its own."""
    try:
        numbers = [int(value) for value in values]
    except ValueError:
        return np.unique(np.array([str(value) for value in values]), return_inverse=True)[1].reshape(-1)
    outside = [number for number in numbers if not _INT64.min <= number <= _INT64.max]
    if outside:
        raise FeatureFileError(f"{name} holds {outside[0]}, expected integers of 64 bits, or text")
    return np.array(numbers, np.int64)
