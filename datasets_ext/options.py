"""Numbers of a command's options, as argparse's ``type``."""

import argparse
from collections.abc import Callable


def count(text: str) -> int:
    """A whole number from 0."""
    if int(text) < 0:
        raise ValueError
    return int(text)


def positive(text: str) -> int:
    """A whole number above 0."""
    if int(text) < 1:
        raise ValueError
    return int(text)


def whole_number(least: int, most: int | None = None) -> Callable[[str], int]:
    """A whole number from ``least`` to ``most``, where None is without end."""

    def read(text: str) -> int:
        expected = f"a whole number from {least}" + ("" if most is None else f" to {most}")
        try:
            number = int(text)
        except ValueError:
            number = least - 1
        if number < least or (most is not None and number > most):
            raise argparse.ArgumentTypeError(f"expected {expected}, found {text!r}")
        return number

    return read
