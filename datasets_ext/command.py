"""How every command ends: a user's mistake is one sentence, a fault of ours keeps its traceback."""

import errno
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from .errors import UserError

#: Exit code of a command that refuses what it was given; argparse's own.
REFUSED = 2

# What the file system says of a path that a user named. Written to, a full disk names no file.
_OF_A_PATH = {
    errno.EACCES, errno.EBUSY, errno.EDQUOT, errno.EEXIST, errno.EFBIG, errno.EINVAL, errno.EIO, errno.EISDIR,
    errno.ELOOP, errno.ENAMETOOLONG, errno.ENODEV, errno.ENOENT, errno.ENOSPC, errno.ENOTDIR, errno.ENOTEMPTY,
    errno.ENXIO, errno.EPERM, errno.EROFS, errno.ETXTBSY, errno.EXDEV,
}  # fmt: skip
_OF_A_DISK = {errno.EDQUOT, errno.EFBIG, errno.EIO, errno.ENOSPC, errno.EROFS}


def run(command: Callable[..., int | None], *arguments: Any) -> int:
    """Runs a command to its exit code: ``sys.exit(run(main, arguments()))``.

    Args:
        command: returns its exit code, or None for 0.
        *arguments: its own.

    Returns:
        What the command returns; 2 where it refuses what it was given, with ``error:`` and one sentence on stderr; 130
        where it was interrupted, 141 where nobody reads what it prints.

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
        sentence = user_sentence(error)
        if sentence is None:
            raise
        print(f"error: {sentence}", file=sys.stderr)
        return REFUSED


def user_sentence(error: BaseException) -> str | None:
    """What a user reads of an error in the place of a traceback; None where it is no mistake of a user.

    Args:
        error: a UserError, or what the operating system says of a path or a disk.
    """
    if isinstance(error, UserError):
        return printable(error.sentence)
    if isinstance(error, OSError) and error.errno is not None:
        if error.filename is not None and error.errno in _OF_A_PATH:
            name = os.fsdecode(error.filename) if isinstance(error.filename, str | bytes) else error.filename
            return printable(f"{name}: {error.strerror}")
        if error.errno in _OF_A_DISK:
            return printable(f"{error.strerror}: a file could not be written or read")
    return None


def printable(text: str) -> str:
    """The text with control characters, which could be a file's name, shown as escapes; line ends stay."""
    return "".join(
        letter if letter.isprintable() or letter == "\n" else letter.encode("unicode_escape").decode()
        for letter in text
    )
