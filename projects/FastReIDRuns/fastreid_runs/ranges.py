"""What a config key may be, in words and as a test."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

# Beyond it no image is resized in this field; one number too many would take the memory of the machine.
_LONGEST_SIDE = 4096


@dataclass(frozen=True)
class Range:
    """What a key may be.

    Attributes:
        expected: the same in words, after "expected".
        holds: whether a value, of the type that the key has, is in the range.
        where: another key, without which this one has no effect; empty: it always has.
    """

    expected: str
    holds: Callable[[Any], bool]
    where: str = ""

    def has(self, value: Any) -> bool:
        """Whether a value is in the range, whatever it is."""
        try:
            return bool(self.holds(value))
        except (TypeError, ValueError):  # a list of something else than numbers
            return False


def is_int(value: Any) -> bool:
    """Whether a value is a whole number, which a truth value is not."""
    return isinstance(value, int) and not isinstance(value, bool)


def at_least(least: int, words: str = "", where: str = "") -> Range:
    """A number from ``least``."""
    return Range(words or f"at least {least}", lambda value: value >= least, where)


def number(least: float, most: float = math.inf, *, above: bool = False, where: str = "") -> Range:
    """Finite, from ``least`` (or above it) to ``most``."""
    if most == math.inf:
        words = "a number above 0" if above else f"a number, at least {least:g}"
    else:
        words = f"a number above {least:g}, at most {most:g}" if above else f"a number from {least:g} to {most:g}"
    return Range(
        words,
        lambda value: math.isfinite(value) and (value > least if above else value >= least) and value <= most,
        where,
    )


def one_of(*names: str, where: str = "") -> Range:
    """One of some names."""
    return Range(f"one of {', '.join(names)}", lambda value: value in names, where)


def numbers(count: int, words: str, holds: Callable[[Any], bool], where: str = "") -> Range:
    """``count`` finite numbers, each of which ``holds``, which ``words`` say."""
    return Range(
        f"{count} numbers, {words}",
        lambda values: len(values) == count and all(math.isfinite(value) and holds(value) for value in values),
        where,
    )


def image_size(where: str = "") -> Range:
    """Height and width of an image."""
    return Range(
        f"[height, width] in pixels, each 1 to {_LONGEST_SIDE}",
        lambda sides: len(sides) == 2 and all(is_int(side) and 1 <= side <= _LONGEST_SIDE for side in sides),
        where,
    )


def name_list(words: str, holds: Callable[[Iterable[str]], bool] = lambda names: True) -> Range:
    """At least one name, each once, which together ``hold``; ``words`` say all of it."""
    return Range(
        words,
        lambda names: (
            not isinstance(names, str)
            and len(names) > 0
            and all(isinstance(name, str) for name in names)
            and len(set(names)) == len(names)
            and holds(names)
        ),
    )


SHARE = number(0, 1)
POSITIVE = number(0, above=True)
FINITE = Range("a finite number", math.isfinite)
