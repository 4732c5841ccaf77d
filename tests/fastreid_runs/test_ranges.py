"""What a config key may be."""

import math

import pytest

from fastreid_runs.ranges import at_least, image_size, name_list, number, numbers, one_of


@pytest.mark.parametrize(
    ("allowed", "right", "wrong"),
    [
        (at_least(1), (1, 2.5), (0, -1, "1", None, [1])),
        (number(0), (0, 1e9), (-1e-9, math.inf, math.nan, "a")),
        (number(0, 1, above=True), (1e-9, 1), (0, 1.1, -1)),
        (number(0.5, 2), (0.5, 2), (0.4, 2.1)),
        (one_of("a", "b"), ("a", "b"), ("c", "", 1)),
        (numbers(2, "at most 1", lambda value: value <= 1), ([0, 1],), ([0], [0, 2], [0, math.nan], 1, ["a", "b"])),
        (image_size(), ([1, 4096],), ([0, 1], [1], [1.0, 2.0], [True, 2], [1, 4097], "ab")),
        (name_list("names"), (["a"], ("a", "b")), ([], "a", ["a", "a"], ["a", 1], None)),
        (name_list("names with a", lambda names: "a" in names), (["b", "a"],), (["b"],)),
    ],
)
def test_values_in_and_out_of_range(allowed, right, wrong):
    assert all(allowed.has(value) for value in right)
    assert not any(allowed.has(value) for value in wrong)


@pytest.mark.parametrize(
    ("allowed", "words"),
    [
        (at_least(3), "at least 3"),
        (at_least(0, "0 (all) or more"), "0 (all) or more"),
        (number(0), "a number, at least 0"),
        (number(0, above=True), "a number above 0"),
        (number(0.001, 100), "a number from 0.001 to 100"),
        (number(0, 1, above=True), "a number above 0, at most 1"),
        (one_of("a", "b"), "one of a, b"),
        (numbers(3, "RGB in 0-255", math.isfinite), "3 numbers, RGB in 0-255"),
        (image_size(), "[height, width] in pixels, each 1 to 4096"),
    ],
)
def test_words(allowed, words):
    assert allowed.expected == words
