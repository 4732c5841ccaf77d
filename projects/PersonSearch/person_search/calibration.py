"""Which similarities mean something: measured on people who are labelled."""

from collections.abc import Sequence

import numpy as np

from .decisions import KINDS, Decisions
from .errors import DecisionsError

RATES = (1e-4, 1e-3, 1e-2)
#: Pairs of different people that a false positive rate must stand for, so that chance does not place its similarity.
FEWEST_ACCEPTED = 10
_ROWS = 1024


def calibrate(
    vectors: np.ndarray,
    people: Sequence[str],
    clothes: Sequence[str | None] | None = None,
    cameras: Sequence[str | None] | None = None,
    *,
    fingerprint: str,
    rates: Sequence[float] = RATES,
    source: str = "",
) -> Decisions:
    """The similarities that given shares of the pairs of different people reach, and how many pairs of one person do.

    Every two pictures are a pair. Pairs of one person before one camera take no part, as in ranking: they are seconds
    apart. Those of unknown clothes count for neither kind.

    Args:
        vectors: (N, D) float32 of length 1.
        people: N labels.
        clothes, cameras: N labels each, None where unknown.
        fingerprint: of the model.
        rates: false positive rates, each in 0 to 1. One that stands for fewer than FEWEST_ACCEPTED pairs is left out.
        source: of the people, for the record.

    Raises:
        DecisionsError: fewer than two rates are left, or no person was seen by two cameras.
        ValueError: lengths differ, or a rate is outside 0 to 1.
    """
    count = len(vectors)
    columns = [people, clothes or [None] * count, cameras or [None] * count]
    if any(len(column) != count for column in columns):
        raise ValueError(
            f"{[len(column) for column in columns]} labels of people, clothes, cameras for {count} vectors"
        )
    if not rates or not all(0 < rate < 1 for rate in rates):
        raise ValueError(f"rates {list(rates)}; expected numbers between 0 and 1")
    person, outfit, camera = (_numbers(column) for column in columns)
    sizes = np.bincount(person) if count else np.zeros(0, np.int64)
    different = (count**2 - int((sizes**2).sum())) // 2
    measured = [rate for rate in sorted(set(rates)) if rate * different >= FEWEST_ACCEPTED]
    if len(measured) < 2:
        raise DecisionsError(
            f"{len(sizes)} people in {count} pictures give {different:,} pairs of different people; the two loosest of "
            f"the rates {', '.join(f'{rate:g}' for rate in sorted(rates))} need "
            f"{int(np.ceil(FEWEST_ACCEPTED / sorted(rates)[-2:][0])):,}. Label more people."
        )
    strangers, same = _scores(vectors, person, outfit, camera, int(measured[-1] * different) + 1)
    if not any(len(scores) for scores in same.values()):
        raise DecisionsError("No person was seen by two cameras in known clothes: there is nothing to recognise.")
    # Just above the first pair that would be one too many.
    similarity = {rate: float(np.nextafter(strangers[int(rate * different)], np.float32(np.inf))) for rate in measured}
    return Decisions(
        fingerprint=fingerprint,
        similarity=similarity,
        accepted={
            kind: {rate: float((scores >= similarity[rate]).mean()) for rate in measured}
            for kind, scores in same.items()
            if len(scores)
        },
        pairs={"different_people": different, **{kind: len(scores) for kind, scores in same.items()}},
        people=len(sizes),
        source=source,
    )


def _scores(
    vectors: np.ndarray, person: np.ndarray, outfit: np.ndarray, camera: np.ndarray, most: int
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """The ``most`` largest similarities of different people, in falling order, and all of one person, by kind."""
    strangers = np.empty(0, np.float32)
    same: dict[str, list[np.ndarray]] = {kind: [] for kind in KINDS}
    for start in range(0, len(vectors), _ROWS):
        rows = slice(start, start + _ROWS)
        scores = vectors[rows] @ vectors[start:].T
        # Each pair once, none with itself.
        later = np.triu(np.ones(scores.shape, bool), 1)
        one_person = person[rows, None] == person[None, start:]
        strangers = np.concatenate([strangers, scores[later & ~one_person]])
        if len(strangers) > most:
            strangers = np.partition(strangers, -most)[-most:]
        known = (outfit[rows, None] >= 0) & (outfit[None, start:] >= 0)
        one_camera = (camera[rows, None] == camera[None, start:]) & (camera[rows, None] >= 0)
        one_outfit = outfit[rows, None] == outfit[None, start:]
        counted = later & one_person & known & ~one_camera
        same["same_clothes"].append(scores[counted & one_outfit])
        same["other_clothes"].append(scores[counted & ~one_outfit])
    return -np.sort(-strangers), {kind: np.concatenate(blocks) for kind, blocks in same.items()}


def _numbers(labels: Sequence[str | None]) -> np.ndarray:
    """(N,) int64: equal labels have equal numbers, unknown ones -1."""
    seen: dict[str, int] = {}
    return np.array([-1 if label is None else seen.setdefault(label, len(seen)) for label in labels], np.int64)
