"""What is known of a photo beside its pixels: camera, time and, where somebody said so, person, clothes and tracklet.

They come from a photo's path by a pattern, from a CSV table, or are given.
"""

import csv
import os
import re
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta, timezone

from .errors import LabelsError

#: Longest label in bytes of UTF-8.
LONGEST = 512
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
# Of the year 30,000.
_MOST_SECONDS = 1e12
TEXT_LABELS = ("camera", "person", "clothes", "tracklet")


@dataclass(frozen=True)
class PhotoLabels:
    """Labels of one photo; None where unknown.

    Attributes:
        camera: name of the camera.
        time: when it was taken, milliseconds since 1970 in UTC.
        person: who it shows, where somebody said so.
        clothes: an outfit; the same text must mean the same outfit of the same person in all of a gallery.
        tracklet: a sequence of one person before one camera.
    """

    camera: str | None = None
    time: int | None = None
    person: str | None = None
    clothes: str | None = None
    tracklet: str | None = None

    def or_else(self, others: "PhotoLabels") -> "PhotoLabels":
        """These labels, and those of ``others`` where one is unknown."""
        unknown = {one.name: getattr(others, one.name) for one in fields(self) if getattr(self, one.name) is None}
        return replace(self, **unknown)


def clean_label(value: object, what: str) -> str | None:
    """A label as it is kept: text without blanks around it; None where nothing is left.

    Raises:
        LabelsError: longer than LONGEST bytes, or not to be written in UTF-8.
    """
    text = "" if value is None else str(value).strip()
    try:
        size = len(text.encode())
    except UnicodeEncodeError as error:
        raise LabelsError(f"{what} {text!r} holds bytes that are no UTF-8; rename it.") from error
    if size > LONGEST:
        raise LabelsError(f"{what} {text[:40]!r}... has {size} bytes; expected at most {LONGEST}.")
    return text or None


def natural_order(text: str) -> tuple[list[str | int], str]:
    """To sort by: camera 2 before camera 10."""
    # Texts and numbers take turns, a text first, so that like stands against like.
    parts = re.split(r"(\d+)", text)
    return [int(part) if place % 2 else part for place, part in enumerate(parts)], text


def milliseconds(time: "datetime | float | str | None", form: str | None = None) -> int | None:
    """Milliseconds since 1970 in UTC.

    Args:
        time: a datetime; seconds since 1970; or text: ISO 8601, seconds since 1970, or of the given form. Where no time
            zone is said, it is UTC.
        form: strptime's format of a text.

    Raises:
        LabelsError: a text that is no time of that kind.
    """
    if time is None:
        return None
    if isinstance(time, str):
        text = time.strip()
        if not text:
            return None
        time = _parsed(text, form)
    if isinstance(time, datetime):
        if time.tzinfo is None:
            time = time.replace(tzinfo=timezone.utc)
        # Not timestamp(), whose float loses the last milliseconds of far dates.
        return (time - _EPOCH) // timedelta(milliseconds=1)
    if not abs(time) < _MOST_SECONDS:
        raise LabelsError(f"Time {time} is no number of seconds since 1970.")
    return round(time * 1000)


def as_datetime(time: int | None) -> datetime | None:
    """The datetime in UTC of milliseconds since 1970; None for None and for years that a datetime cannot hold."""
    if time is None:
        return None
    try:
        return _EPOCH + timedelta(milliseconds=time)
    except OverflowError:
        return None


def _parsed(text: str, form: str | None) -> "datetime | float":
    if form is not None:
        try:
            return datetime.strptime(text, form)
        except ValueError as error:
            raise LabelsError(f"Time {text!r} is not of the form {form!r}.") from error
    try:
        return float(text)
    except ValueError:
        pass
    try:
        # Python 3.10 reads no Z.
        return datetime.fromisoformat(re.sub(r"[zZ]$", "+00:00", text))
    except ValueError as error:
        raise LabelsError(
            f"Time {text!r} is neither ISO 8601 (2026-11-24T15:30:00) nor seconds since 1970; name its form in the "
            "pattern, as {time:%Y%m%d-%H%M%S}."
        ) from error


# How many digits strptime's directives stand for in a file's name.
_DIRECTIVES = {
    "Y": r"\d{4}", "m": r"\d\d", "d": r"\d\d", "H": r"\d\d", "M": r"\d\d", "S": r"\d\d", "f": r"\d{1,6}",
    "y": r"\d\d", "j": r"\d{3}", "z": r"[+-]\d{4}|Z", "%": "%",
}  # fmt: skip
_PLACEHOLDER = re.compile(r"\{(\w*)(?::([^{}]*))?\}")


class LabelPattern:
    """Reads labels from the paths of photos: ``{camera}/{person}_{clothes}_{time:%Y%m%d-%H%M%S}_{}``.

    A placeholder stands for the shortest text that fits, within one folder's or file's name: ``{camera}``, ``{time}``,
    ``{person}``, ``{clothes}``, ``{tracklet}``, or ``{}`` for what does not matter. ``{time:...}`` gives strptime's
    format; ``{time}`` is ISO 8601 or seconds since 1970. The ending of the file's name is left out. ``**/`` in front
    stands for any folders. Clothes in a path are told apart by person: outfit 1 of person 7 becomes ``7/1`` where both
    are in the pattern.

    Args:
        pattern: for the whole path below the folder, '/' between its parts.

    Raises:
        LabelsError: an unknown placeholder, one that comes twice, or an unknown directive of a time.
    """

    def __init__(self, pattern: str):
        self.pattern = pattern
        self._time_form: str | None = None
        text, regex, position = pattern, "", 0
        if text.startswith("**/"):
            text, regex = text[3:], r"(?:.*/)?"
        seen: set[str] = set()
        for found in _PLACEHOLDER.finditer(text):
            regex += re.escape(text[position : found.start()]) + self._group(found[1], found[2], seen)
            position = found.end()
        rest = text[position:]
        if "{" in rest or "}" in rest:
            raise LabelsError(f"Pattern {pattern!r} has a brace without its partner.")
        self._regex = re.compile(regex + re.escape(rest), re.DOTALL)

    def _group(self, name: str, form: str | None, seen: set[str]) -> str:
        if not name:
            return r"[^/]*?"
        if name != "time" and name not in TEXT_LABELS:
            raise LabelsError(
                f"Pattern {self.pattern!r} has {{{name}}}; expected {', '.join(f'{{{one}}}' for one in TEXT_LABELS)}, "
                "{time} or {}."
            )
        if name in seen:
            raise LabelsError(f"Pattern {self.pattern!r} has {{{name}}} twice.")
        if form is not None and name != "time":
            raise LabelsError(f"Pattern {self.pattern!r} gives {{{name}}} a form; only {{time:...}} has one.")
        seen.add(name)
        if form is None:
            return rf"(?P<{name}>[^/]+?)"
        self._time_form = form
        return f"(?P<time>{self._time_regex(form)})"

    def _time_regex(self, form: str) -> str:
        regex, characters = "", iter(form)
        for character in characters:
            if character != "%":
                regex += re.escape(character)
                continue
            directive = next(characters, "")
            if directive not in _DIRECTIVES:
                raise LabelsError(
                    f"Pattern {self.pattern!r} has %{directive} in its time; expected one of "
                    f"{', '.join(f'%{one}' for one in _DIRECTIVES)}."
                )
            regex += f"(?:{_DIRECTIVES[directive]})"
        return regex

    def __call__(self, path: str) -> PhotoLabels:
        """The labels in a photo's path.

        Args:
            path: below the folder, '/' between its parts.

        Raises:
            LabelsError: the path does not fit the pattern, or what stands for the time is none.
        """
        found = self._regex.fullmatch(os.path.splitext(path)[0])
        if found is None:
            raise LabelsError(f"Path {path} does not fit the pattern {self.pattern!r}.")
        texts = found.groupdict()
        labels = {name: clean_label(texts[name], f"{name} of {path},") for name in TEXT_LABELS if name in texts}
        if labels.get("person") and labels.get("clothes"):
            labels["clothes"] = clean_label(f"{labels['person']}/{labels['clothes']}", f"clothes of {path},")
        return PhotoLabels(**labels, time=milliseconds(texts.get("time"), self._time_form))


def read_label_table(path: str | os.PathLike[str]) -> dict[str, PhotoLabels]:
    """Labels of photos from a CSV file with a header.

    Args:
        path: of the file, UTF-8. Column ``path`` is a photo's below the folder, '/' between its parts; ``camera``,
            ``time`` (ISO 8601 or seconds since 1970), ``person``, ``clothes``, ``tracklet`` as far as there are.

    Returns:
        labels by path, in the order of the file.

    Raises:
        LabelsError: the file cannot be read, has no column ``path``, an unknown one, a path twice, or a label that
            cannot be.
    """
    path = os.fspath(path)
    known = ("path", "time", *TEXT_LABELS)
    table: dict[str, PhotoLabels] = {}
    try:
        # Written by a spreadsheet, a CSV file may begin with a mark of its encoding.
        with open(path, encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            columns = reader.fieldnames or ()
            if "path" not in columns or any(column not in known for column in columns):
                raise LabelsError(
                    f"Table {path} has the columns {', '.join(map(str, columns)) or 'of an empty file'}; expected path "
                    f"and, of the others, {', '.join(known[1:])}."
                )
            for row in reader:
                where = f"line {reader.line_num} of {path},"
                photo = (row["path"] or "").replace("\\", "/").removeprefix("./")
                if not photo or photo in table or None in row:
                    raise LabelsError(f"Photo {photo!r}, {where} stands there twice, has no path or too many columns.")
                if ".." in photo.split("/"):
                    raise LabelsError(f"Photo {photo!r}, {where} leads out of the folder; expected a path below it.")
                table[photo] = PhotoLabels(
                    **{name: clean_label(row.get(name), f"{name} in {where}") for name in TEXT_LABELS},
                    time=milliseconds(row.get("time")),
                )
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise LabelsError(f"Table {path} cannot be read ({error}); expected a CSV file in UTF-8.") from error
    return table
