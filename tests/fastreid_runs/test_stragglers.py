"""A process that the others wait for is told by name, and no other; in two processes, see test_processes.py."""

import pytest

from fastreid_runs.stragglers import Pace, straggler


def test_the_slowest_is_named_with_how_much_slower_it_is():
    paces = [Pace("a", 0.1, 0.01), Pace("a", 0.12, 0.01), Pace("b", 0.36, 0.25), Pace("b", 0.11, 0.01)]
    assert straggler(paces) == (
        "rank 2 on b is 3.3 times as slow as the others, which wait for it: 0.360 s a step before gradients are shared "
        "(0.250 s of it for its images), theirs 0.110 s"
    )


@pytest.mark.parametrize(
    "seconds",
    [(0.1, 0.1), (0.1, 0.12), (0.12, 0.1, 0.1), (0.001, 0.005), (0.0, 0.0)],
    ids=["as fast", "a fifth slower", "of three", "milliseconds", "nothing measured"],
)
def test_small_differences_are_not_told(seconds):
    assert straggler([Pace("a", each, 0.0) for each in seconds]) is None
