"""Ratios of made-up durations, by a clock that only the test moves."""

import pytest

from benchmarks import rows


class Clock:
    """Seconds of the processor and of the wall; what runs moves both."""

    def __init__(self):
        self.cpu = self.wall = 0.0

    def process_time(self):
        return self.cpu

    def perf_counter(self):
        return self.wall

    def taking(self, *durations):
        """Something whose calls take these seconds of the processor, and twice as long by the clock."""
        left = list(durations)

        def run():
            self.cpu += left[0]
            self.wall += 2 * left.pop(0)

        return run


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(rows, "time", clock)
    return clock


def test_a_ratio_is_the_median_of_neighbouring_turns(clock):
    # The first call of each does not count; in the second turn the machine is four times slower.
    ours, other = clock.taking(100, 3, 12, 5), clock.taking(1, 2, 8, 2)
    row = rows.compared("case", "a / b", ours, other, turns=3, goal=0.5)
    assert (row.ratio, row.wall_ratio, row.seconds, row.wall, row.goal) == (1.5, 1.5, 5, 10, 0.5)
    assert row.name == "case: a / b"


def test_the_other_may_count_several_times(clock):
    row = rows.compared("case", "a / 2 b", clock.taking(1, 3), clock.taking(1, 2), turns=1, times_other=2)
    assert row.ratio == 0.75


def test_nothing_takes_no_time(clock):
    row = rows.compared("case", "a / b", clock.taking(0, 0), clock.taking(0, 0), turns=1)
    assert row.ratio == 1
