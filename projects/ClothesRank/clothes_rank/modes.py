"""Which gallery images match a query and which are taken out of its ranking: the only place that says so.

For a query, a gallery image of another person is always a distractor. Of the same person:

    mode             counts as a match              is removed from the ranking
    general          other camera                   same camera
    same_clothing    other camera, same clothes     same camera; other clothes
    clothing_change  other camera, other clothes    same camera; same clothes

Everything else takes the two booleans of a pair from here and knows neither cameras nor clothes. Another protocol is
another Mode: with the tracklet in the camera's place, for one,

    Mode("other_tracklet", match=other("tracklet"), removed=same("tracklet"))

over labels of that name (``Labels.further``).
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


@dataclass(frozen=True, eq=False)
class Mode:
    """What counts in a ranking, for the images of the query's person.

    Attributes:
        name: what results are keyed by.
        match: makes an image a match.
        removed: takes an image out of the ranking. One that is neither stays in it as a distractor.

    Raises:
        ValueError: an image could be both.
    """

    name: str
    match: Condition
    removed: Condition

    def __post_init__(self) -> None:
        cases = np.array(list(itertools.product((False, True), repeat=len(self.columns)))).T
        agree = dict(zip(self.columns, cases, strict=True))
        if (self.match.holds(agree) & self.removed.holds(agree)).any():
            raise ValueError(
                f"mode {self.name}: an image can be both a match ({self.match.text}) and removed ({self.removed.text})"
            )

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the labels that the mode compares."""
        return tuple(dict.fromkeys((*self.match.columns, *self.removed.columns)))


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

ModeRequest = str | Mode | Sequence[str | Mode]


def requested_modes(modes: ModeRequest) -> dict[str, Mode]:
    """The modes of a request by name, in its order, each once.

    Args:
        modes: a name of MODES, a Mode, or a sequence of these.

    Raises:
        ValueError: there is none, one is not in MODES, or two have one name.
    """
    wanted = [modes] if isinstance(modes, (str, Mode)) else list(modes)
    if not wanted or any(isinstance(mode, str) and mode not in CLOTHES_MODES for mode in wanted):
        raise ValueError(f"mode is {modes!r}, expected one of {', '.join(MODES)}, or several of them")
    chosen: dict[str, Mode] = {}
    for mode in (CLOTHES_MODES[mode] if isinstance(mode, str) else mode for mode in wanted):
        if chosen.setdefault(mode.name, mode) is not mode:
            raise ValueError(f"two modes are named {mode.name}: results are keyed by name")
    return chosen


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
        queries, images: (P,) int64, indices into the query labels and into the gallery labels.
    """
    agree = {}
    for column in mode.columns:
        of_query, of_gallery = query.columns[column], gallery.columns[column]
        if of_query is None or of_gallery is None:
            agree[column] = np.zeros(len(queries), np.bool_)
        else:
            agree[column] = of_query[queries] == of_gallery[images]
    return Verdicts(mode.match.holds(agree), mode.removed.holds(agree))
