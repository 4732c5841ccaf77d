"""Whether parsing maps can be of a label system, by where on the person each label lies and how much of it it takes.

Read in another system than they were made in, most maps still hold only labels that exist: of an ATR map, LIP makes
sunglasses as large as a coat, and pants out of shoes. No single map proves it, since people bend, turn their backs and
stand behind things; but where maps are read as what they are such things are rare, and where they are not, the rule.
"""

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np

from .label_systems import LABEL_SYSTEMS, LabelSystem
from .tree_record import how_to_set

# Labels of each of these stand above those behind it, by their mean height, wherever both are seen.
_HEAD = ("Hat", "Hair", "Sunglasses", "Face")
_ARMS = ("Left-arm", "Right-arm", "Glove")
_UPPER = ("Scarf", "Upper-clothes", "Coat")
_WHOLE = ("Dress", "Jumpsuits")
_LOWER = ("Pants", "Skirt")
_LEGS = ("Left-leg", "Right-leg", "Socks")
_SHOES = ("Left-shoe", "Right-shoe")
_ABOVE = (
    (_HEAD, _ARMS + _UPPER + _WHOLE + _LOWER + _LEGS + _SHOES),
    (_UPPER, _LOWER + _LEGS + _SHOES),
    (_WHOLE + _LOWER, _LEGS + _SHOES),
    (_ARMS + ("Left-leg", "Right-leg"), _SHOES),
    (("Head",), ("Torso", "Upper Arms", "Lower Arms", "Upper Legs", "Lower Legs")),
    (("Torso",), ("Upper Legs", "Lower Legs")),
    (("Upper Arms", "Upper Legs"), ("Lower Legs",)),
)

# The most of a person, of 1, that these take.
_MOST = {
    "Sunglasses": 0.08,
    "Belt": 0.08,
    "Glove": 0.1,
    "Socks": 0.15,
    "Left-shoe": 0.3,
    "Right-shoe": 0.3,
    "Scarf": 0.3,
    "Upper Arms": 0.3,
    "Lower Arms": 0.3,
}

# A label below this share of the person, or a height that differs by less of the person's, is left to chance.
_SEEN = 0.01
_HIGHER = 0.02

# Maps of which so many cannot be in a system are of another one if there is one that a third as many cannot be in.
_REFUSED = 0.5
_FITTING = 0.35
# Of fewer maps than these, each may be the odd one.
_FEWEST = 5

# Of the smallest system, and of how many of its labels a map with nobody's face, arms, shoes and so on has to be.
_PARTS = LABEL_SYSTEMS["pascal"]
_SEVERAL = 4


class MapStatistics(NamedTuple):
    """What the judgement needs of one parsing map.

    Attributes:
        labels: that occur, ascending.
        counts: pixels of each.
        heights: mean row of each, from the person's top, 0, to the person's feet, 1.
    """

    labels: tuple[int, ...]
    counts: tuple[int, ...]
    heights: tuple[float, ...]


class Misreading(NamedTuple):
    """Maps that cannot be of the system they are read in.

    Attributes:
        system: that they are read in.
        share: of the maps that cannot be of it, 0 to 1.
        maps: number of maps with a person.
        fitting: the system that they can be of; None where there is none.
    """

    system: LabelSystem
    share: float
    maps: int
    fitting: LabelSystem | None

    def sentence(self) -> str:
        """What is wrong and what to do, to go behind 'The maps below ...'."""
        found = (
            f"cannot be of label system {self.system.name!r}: in {100 * self.share:.0f} % of the {self.maps:,} that "
            "were looked at, labels do not exist, lie where they cannot (a face below a coat), or take more of the "
            "person than they can (half of it shoes)."
        )
        if self.fitting is None:
            return f"{found} No other system fits either."
        return f"{found} They are {self.fitting.name!r}. {how_to_set(self.fitting.name)}"


def map_statistics(labels: np.ndarray) -> MapStatistics:
    """Statistics of a parsing map.

    Args:
        labels: (H, W) uint8.
    """
    flat = labels.ravel()
    counts = np.bincount(flat)
    rows = np.bincount(flat, weights=np.repeat(np.arange(labels.shape[0]), labels.shape[1]))
    person = np.flatnonzero(labels.any(axis=1))
    top, height = (person[0], person[-1] - person[0] + 1) if len(person) else (0, 1)
    present = np.flatnonzero(counts)
    heights = (rows[present] / counts[present] - top) / height
    return MapStatistics(tuple(present.tolist()), tuple(counts[present].tolist()), tuple(heights.tolist()))


def misreading(statistics: Sequence[MapStatistics], system: LabelSystem) -> Misreading | None:
    """Judges whether maps can be of a label system.

    Args:
        statistics: of the maps, or of a sample; those without a person say nothing.
        system: that they are read in.

    Returns:
        None where they can be, or are fewer than five; else how many cannot, and the system that fits.
    """
    people = [of_map for of_map in statistics if any(of_map.labels)]
    if len(people) < _FEWEST:
        return None
    table = _table(people)
    share = _impossible(table, system)
    if share < _REFUSED:
        return None
    others = {name: _impossible(table, other) for name, other in LABEL_SYSTEMS.items() if name != system.name}
    best = min(others, key=lambda name: others[name])
    return Misreading(system, share, len(people), LABEL_SYSTEMS[best] if others[best] <= _FITTING * share else None)


def impossible_share(statistics: Sequence[MapStatistics], system: LabelSystem) -> float:
    """Share of maps that cannot be of a label system, 0 to 1.

    Args:
        statistics: of maps with a person, at least one.
        system: that they are read in.
    """
    return _impossible(_table(statistics), system)


def _table(people: Sequence[MapStatistics]) -> tuple[np.ndarray, np.ndarray]:
    """(N, L + 1) counts and heights by label; labels that no system has come together in the last column."""
    beyond = max(map(len, LABEL_SYSTEMS.values()))
    counts = np.zeros((len(people), beyond + 1))
    heights = np.full((len(people), beyond + 1), np.nan)
    for row, of_map in enumerate(people):
        for label, count, height in zip(*of_map, strict=True):
            counts[row, min(label, beyond)] += count
            heights[row, min(label, beyond)] = height
    return counts, heights


def _impossible(table: tuple[np.ndarray, np.ndarray], system: LabelSystem) -> float:
    counts, heights = table
    above, most = _expectations(system.name)
    size = len(system)
    shares = counts[:, :size] / counts[:, 1:].sum(axis=1, keepdims=True)
    outside = counts[:, size:].any(axis=1)
    too_large = (shares[:, 1:] > most[1:]).any(axis=1)
    seen = shares >= _SEEN
    inverted = np.zeros(len(counts), dtype=bool)
    for upper, lower in zip(*np.nonzero(above), strict=True):
        lower_is_above = heights[:, upper] > heights[:, lower] + _HIGHER
        inverted |= seen[:, upper] & seen[:, lower] & lower_is_above
    impossible = outside | too_large | inverted
    if size > len(_PARTS):
        kinds = (counts[:, 1 : len(_PARTS)] > 0).sum(axis=1)
        impossible |= (kinds >= _SEVERAL) & ~counts[:, len(_PARTS) :].any(axis=1)
    return float(impossible.mean())


@cache
def _expectations(name: str) -> tuple[np.ndarray, np.ndarray]:
    """(C, C) whether one label lies above another, (C,) the most that each takes of a person."""
    names = LABEL_SYSTEMS[name].names
    above = np.zeros((len(names), len(names)), dtype=bool)
    for upper, lower in _ABOVE:
        above |= np.isin(names, upper)[:, None] & np.isin(names, lower)
    return above, np.array([_MOST.get(label, 1.0) for label in names])
