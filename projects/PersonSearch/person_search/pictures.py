"""A picture of the gallery, what is known of it, and the row of the database that holds it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .errors import LabelsError
from .filters import NO_TIME
from .labels import TEXT_LABELS, PhotoLabels, as_datetime, clean_label, milliseconds
from .store import Row

#: What a row holds beside its id and vector.
FIELDS = (*TEXT_LABELS, "time", "source")
_LONGEST_SOURCE = 4096


@dataclass(frozen=True)
class Picture:
    """A picture of the gallery.

    Attributes:
        id: 32 hexadecimal digits that follow from its bytes.
        source: where it comes from: the path of its file; None where nobody said.
        camera, person, clothes, tracklet: see PhotoLabels; None where unknown.
        time: in UTC; None where unknown.
    """

    id: str
    source: str | None = None
    camera: str | None = None
    time: datetime | None = None
    person: str | None = None
    clothes: str | None = None
    tracklet: str | None = None


@dataclass(frozen=True)
class Entry:
    """What a gallery is to know of a photo beside its vector.

    Attributes:
        id: of the photo, see ``Photo.id``.
        source: where it comes from; empty where nobody said.
        labels: what is known of it.

    Raises:
        ValueError: another kind of id.
        LabelsError: a source that is too long, or not to be written in UTF-8.
    """

    id: str
    source: str = ""
    labels: PhotoLabels = field(default_factory=PhotoLabels)

    def __post_init__(self) -> None:
        check_ids([self.id])
        try:
            size = len(self.source.encode())
        except UnicodeEncodeError as error:
            raise LabelsError(f"The name of {self.source!r} holds bytes that are no UTF-8; rename it.") from error
        if size > _LONGEST_SOURCE:
            raise LabelsError(f"Path {self.source[:60]!r}... has {size} bytes; expected at most {_LONGEST_SOURCE}.")

    def row(self) -> Row:
        """What the database holds of it: FIELDS, with what is unknown as empty text and NO_TIME."""
        row: Row = {name: getattr(self.labels, name) or "" for name in TEXT_LABELS}
        return {**row, "time": NO_TIME if self.labels.time is None else self.labels.time, "source": self.source}


def picture_of(row: Row) -> Picture:
    """The picture that a row of the database stands for."""
    time = None if row["time"] == NO_TIME else as_datetime(row["time"])
    return Picture(row["id"], time=time, **{name: row[name] or None for name in (*TEXT_LABELS, "source")})


def entries(ids: Sequence[str], *, source: Any = None, time: Any = None, **labels: Any) -> list[Entry]:
    """Entries of N photos from columns.

    Args:
        ids: N.
        source, time, **labels: one value for all, or N of them; see ``Gallery.add``.

    Raises:
        LabelsError: a label is too long, or no time.
        ValueError: another number of them than N.
    """
    count = len(ids)
    texts = {
        name: [clean_label(value, name) for value in _each(values, count, name)] for name, values in labels.items()
    }
    times = [milliseconds(value) for value in _each(time, count, "time")]
    sources = ["" if value is None else str(value) for value in _each(source, count, "source")]
    return [
        Entry(
            ids[place],
            sources[place],
            PhotoLabels(time=times[place], **{name: column[place] for name, column in texts.items()}),
        )
        for place in range(count)
    ]


def check_ids(ids: Sequence[str]) -> list[str]:
    """The ids as a list.

    Raises:
        ValueError: one is not 32 hexadecimal digits.
    """
    for one in ids:
        if len(one) != 32 or not all(digit in "0123456789abcdef" for digit in one):
            raise ValueError(f"id {one!r}; expected 32 hexadecimal digits, a photo's id")
    return list(ids)


def _each(value: Any, count: int, what: str) -> Sequence[Any]:
    if value is None or isinstance(value, (str, int, float, datetime)):
        return [value] * count
    if len(value) != count:
        raise ValueError(f"{len(value)} values of {what} for {count} pictures; expected one for all, or one each")
    values: Sequence[Any] = value
    return values
