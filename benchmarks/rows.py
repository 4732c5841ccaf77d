"""What a benchmark says: how long one thing takes beside another, measured in turns in one process."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Row:
    """One comparison.

    Attributes:
        case: sizes and kind of what was measured; with ``what`` it tells a row from others of its benchmark.
        what: the two that are compared, such as "our step / two steps of the host".
        ratio: ours to the other, of the processor's time: what other processes of the machine leave nearly untouched.
        wall_ratio: the same by the clock.
        seconds: ours, of the processor's time, one call.
        wall: ours, by the clock.
        goal: the ratio that is aimed at; None where there is none.
    """

    case: str
    what: str
    ratio: float
    wall_ratio: float
    seconds: float
    wall: float
    goal: float | None = None

    @property
    def name(self) -> str:
        """What tells it from the other rows of its benchmark."""
        return f"{self.case}: {self.what}"


class MissingError(Exception):
    """What a benchmark needs is not installed here."""


def compared(
    case: str,
    what: str,
    ours: Callable[[], Any],
    other: Callable[[], Any],
    *,
    turns: int,
    times_other: int = 1,
    goal: float | None = None,
) -> Row:
    """Runs two things in turns, after one call of each that does not count.

    Both ratios are the median of the ratios of neighbouring turns, so that a machine that slows down for a while slows
    down both sides of them.

    Args:
        case: see :class:`Row`.
        what: see :class:`Row`.
        ours: what is measured.
        other: what it is measured by.
        turns: at least 1.
        times_other: how many calls of ``other`` one of ``ours`` is compared with; one is made.
        goal: see :class:`Row`.
    """
    ours()
    other()
    pairs = [(_seconds(ours), _seconds(other)) for _ in range(turns)]
    cpu, wall = (
        statistics.median(mine[kind] / (times_other * theirs[kind]) for mine, theirs in pairs) for kind in (0, 1)
    )
    seconds, by_the_clock = (statistics.median(mine[kind] for mine, _ in pairs) for kind in (0, 1))
    return Row(case, what, cpu, wall, seconds, by_the_clock, goal)


def _seconds(run: Callable[[], Any]) -> tuple[float, float]:
    cpu, wall = time.process_time(), time.perf_counter()
    run()
    # A clock of coarse steps must not divide by zero.
    return max(time.process_time() - cpu, 1e-9), max(time.perf_counter() - wall, 1e-9)
