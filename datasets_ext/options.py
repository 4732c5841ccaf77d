"""Numbers of a command's options, as argparse's ``type``."""


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
