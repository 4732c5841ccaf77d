"""Which gallery images match a query and which are taken out of its ranking: the only place that says so.

For a query, a gallery image of another person is always a distractor. Of the same person:

    mode             counts as a match              is removed from the ranking
    general          other camera                   same camera
    same_clothing    other camera, same clothes     same camera; other clothes
    clothing_change  other camera, other clothes    same camera; same clothes

Everything else takes the two booleans of a pair from here and knows neither cameras nor clothes. Another protocol is
another Mode: with the tracklet in the camera's place, for one,

    Mode("other_tracklet", match=other("tracklet"), removed=same("tracklet"))

over labels of that name (``Labels.further``). A mode may be about some of the images alone, queries and gallery,

    Mode("cameras_2_3", match=other("camera"), removed=same("camera"), among=Among("camera_number", (2, 3)))

as if there were no others: they are no distractors either. Protocols of data sets have their names in PROTOCOL_MODES.
"""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from .labels import ImageLabels


@dataclass(frozen=True, eq=False)
class Condition:
    """What may hold of a query and an image of its person, made by ``same`` and ``other`` and combined by & and |.

    Attributes:
        columns: names of the labels that it compares.
        text: the condition in words.
        holds: takes name -> (P,) bool, whether the labels of that name agree, and returns (P,) bool.
    """

    columns: tuple[str, ...]
    text: str
    holds: Callable[[Mapping[str, np.ndarray]], np.ndarray]

    def __and__(self, also: "Condition") -> "Condition":
        return self._with(also, "and", np.logical_and)

    def __or__(self, also: "Condition") -> "Condition":
        return self._with(also, "or", np.logical_or)

    def _with(
        self, also: "Condition", word: str, combine: Callable[[np.ndarray, np.ndarray], np.ndarray]
    ) -> "Condition":
        return Condition(
            columns=tuple(dict.fromkeys((*self.columns, *also.columns))),
            text=" ".join((_in_brackets(self.text, word), word, _in_brackets(also.text, word))),
            holds=lambda agree: combine(self.holds(agree), also.holds(agree)),
        )


def _in_brackets(text: str, word: str) -> str:
    other_word = {"and": " or ", "or": " and "}[word]
    return f"({text})" if other_word in text else text


def same(column: str) -> Condition:
    """The labels of this name agree."""
    return Condition((column,), f"same {column}", lambda agree: agree[column])


def other(column: str) -> Condition:
    """The labels of this name differ."""
    return Condition((column,), f"other {column}", lambda agree: ~agree[column])


@dataclass(frozen=True)
class Among:
    """The images, queries and gallery of any person, that a mode is about.

    Attributes:
        column: name of the labels that are looked at.
        values: labels of the images that take part.
    """

    column: str
    values: tuple[int, ...]

    def chosen(self, labels: ImageLabels) -> np.ndarray:
        """Indices of the images that take part, (n,) int64, ascending; none where no image has such labels."""
        column = labels.columns.get(self.column)
        if column is None:
            return np.empty(0, np.int64)
        return np.flatnonzero(np.isin(column, self.values))


@dataclass(frozen=True, eq=False)
class Mode:
    """What counts in a ranking, for the images of the query's person.

    Attributes:
        name: what results are keyed by.
        match: makes an image a match.
        removed: takes an image out of the ranking. One that is neither stays in it as a distractor.
        among: the images that there are for it, of everybody; None: all.

    Raises:
        ValueError: an image could be both.
    """

    name: str
    match: Condition
    removed: Condition
    among: Among | None = None

    def __post_init__(self) -> None:
        compared = tuple(dict.fromkeys((*self.match.columns, *self.removed.columns)))
        cases = np.array(list(itertools.product((False, True), repeat=len(compared)))).T
        agree = dict(zip(compared, cases, strict=True))
        if (self.match.holds(agree) & self.removed.holds(agree)).any():
            raise ValueError(
                f"mode {self.name}: an image can be both a match ({self.match.text}) and removed ({self.removed.text})"
            )

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the labels that the mode compares or chooses images by."""
        among = () if self.among is None else (self.among.column,)
        return tuple(dict.fromkeys((*self.match.columns, *self.removed.columns, *among)))


CLOTHES_MODES: dict[str, Mode] = {
    mode.name: mode
    for mode in (
        Mode("general", match=other("camera"), removed=same("camera")),
        Mode(
            "same_clothing",
            match=other("camera") & same("clothes"),
            removed=same("camera") | other("clothes"),
        ),
        Mode(
            "clothing_change",
            match=other("camera") & other("clothes"),
            removed=same("camera") | same("clothes"),
        ),
    )
}
MODES: tuple[str, ...] = tuple(CLOTHES_MODES)


def _pair(column: str, values: tuple[int, ...]) -> tuple[Mode, Mode]:
    """The modes of the same and of another label, as clothing modes are; images whose label is unknown take no part."""
    among = Among(column, values)
    return (
        Mode(
            f"same_{column}",
            match=other("camera") & same(column),
            removed=same("camera") | other(column),
            among=among,
        ),
        Mode(
            f"other_{column}",
            match=other("camera") & other(column),
            removed=same("camera") | same(column),
            among=among,
        ),
    )


PROTOCOL_MODES: dict[str, Mode] = {
    mode.name: mode
    for mode in (
        # DeepChange: the tracklet takes the camera's place.
        Mode("other_tracklet", match=other("tracklet"), removed=same("tracklet")),
        # VC-Clothes's pairs of cameras, numbered from 1 as published; clothes have no part.
        *(
            Mode(
                f"cameras_{first}_{second}",
                match=other("camera"),
                removed=same("camera"),
                among=Among("camera_number", (first, second)),
            )
            for first, second in ((2, 3), (3, 4))
        ),
        # MEVID: indoors 0, outdoors 1; small 0, medium 1, large 2.
        *_pair("location", (0, 1)),
        *_pair("scale", (0, 1, 2)),
    )
}
"""Protocols of data sets that compare other labels than cameras and clothes, by name."""

_NAMED = {**CLOTHES_MODES, **PROTOCOL_MODES}

ModeRequest = str | Mode | Sequence[str | Mode]


def requested_modes(modes: ModeRequest) -> dict[str, Mode]:
    """The modes of a request by name, in its order, each once.

    Args:
        modes: a name of MODES or of PROTOCOL_MODES, a Mode, or a sequence of these.

    Raises:
        ValueError: there is none, a name is unknown, or two have one name.
    """
    wanted = [modes] if isinstance(modes, (str, Mode)) else list(modes)
    if not wanted or any(isinstance(mode, str) and mode not in _NAMED for mode in wanted):
        raise ValueError(f"mode is {modes!r}, expected one of {', '.join(_NAMED)}, or several of them")
    chosen: dict[str, Mode] = {}
    for mode in (_NAMED[mode] if isinstance(mode, str) else mode for mode in wanted):
        if chosen.setdefault(mode.name, mode) is not mode:
            raise ValueError(f"two modes are named {mode.name}: results are keyed by name")
    return chosen


def by_images(modes: Mapping[str, Mode]) -> dict[Among | None, dict[str, Mode]]:
    """The modes by the images that they are about."""
    groups: dict[Among | None, dict[str, Mode]] = {}
    for name, mode in modes.items():
        groups.setdefault(mode.among, {})[name] = mode
    return groups


def check_columns(modes: Mapping[str, Mode], labels: ImageLabels) -> None:
    """Raises: ValueError where a mode compares labels that are not there."""
    for mode in modes.values():
        missing = [column for column in mode.columns if column not in labels.columns]
        if missing:
            raise ValueError(
                f"mode {mode.name} compares {', '.join(missing)}, which the labels do not give; give those labels or "
                "leave the mode out"
            )


class Verdicts(NamedTuple):
    """What a mode makes of same-person pairs, never both.

    Attributes:
        is_match: (P,) bool.
        is_removed: (P,) bool.
    """

    is_match: np.ndarray
    is_removed: np.ndarray


def judge(mode: Mode, query: ImageLabels, gallery: ImageLabels, queries: np.ndarray, images: np.ndarray) -> Verdicts:
    """Applies a mode to pairs of one person.

    Args:
        queries, images: (P,) int64, indices into the query labels and into the gallery labels, of images that the mode
            is about.
    """
    agree = {}
    for column in dict.fromkeys((*mode.match.columns, *mode.removed.columns)):
        of_query, of_gallery = query.columns[column], gallery.columns[column]
        if of_query is None or of_gallery is None:
            agree[column] = np.zeros(len(queries), np.bool_)
        else:
            agree[column] = of_query[queries] == of_gallery[images]
    return Verdicts(mode.match.holds(agree), mode.removed.holds(agree))
