"""How a command ends: a user's mistake is one sentence and exit code 2, a fault of ours keeps its traceback.

As ``datasets_ext.command``, whose import brings the host and PyTorch along.
"""

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from .errors import PersonSearchError

#: Exit code of a command that refuses what it was given; argparse's own.
REFUSED = 2


def run(command: Callable[..., int | None], *arguments: Any) -> int:
    """Runs a command to its exit code.

    Args:
        command: returns its exit code, or None for 0.
        *arguments: its own.

    Returns:
        what the command returns; 2 where it refuses what it was given, with one sentence on stderr; 130 where it was
        interrupted, 141 where nobody reads what it prints.

    Raises:
        Exception: what is no mistake of the user.
    """
    try:
        return command(*arguments) or 0
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 128 + signal.SIGINT
    except BrokenPipeError:
        # Python flushes stdout once more on its way out.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except Exception as error:
        sentence = _sentence(error)
        if sentence is None:
            raise
        print(f"error: {sentence}", file=sys.stderr)
        return REFUSED


def _sentence(error: Exception) -> str | None:
    if isinstance(error, PersonSearchError):
        return printable(str(error))
    if isinstance(error, OSError) and error.filename is not None:
        return printable(f"{error.filename}: {error.strerror}")
    # What ifd and people_parsing raise, where they were imported at all.
    if "datasets_ext" in sys.modules:
        from datasets_ext.command import user_sentence

        return user_sentence(error)
    return None


def printable(text: str) -> str:
    """The text with control characters, which could be a file's name, shown as escapes; line ends stay."""
    return "".join(
        letter if letter.isprintable() or letter == "\n" else letter.encode("unicode_escape", "surrogatepass").decode()
        for letter in text
    )
