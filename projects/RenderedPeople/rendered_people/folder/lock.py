"""One run at a time in a folder."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import filelock

from rendered_people.errors import RenderingError
from rendered_people.folder.files import WORKSHOP, Shelf

_NAME = "lock"


@contextmanager
def locked(shelf: Shelf) -> Iterator[None]:
    """Holds a benchmark's folder; makes it where there is none.

    The operating system frees the lock of a process that dies.

    Raises:
        RenderingError: Another process holds it.
        OSError: The folder cannot be made or written to.
    """
    workshop = shelf.root / WORKSHOP
    workshop.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(workshop / _NAME)
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        raise RenderingError(
            f"another process is rendering into {shelf.root}; wait until it has ended, or name another output folder"
        ) from None
    try:
        yield
    finally:
        # Before the lock is free, so that nobody else's is removed; what is not ours to remove stays.
        with suppress(OSError):
            (workshop / _NAME).unlink()
        lock.release()
        with suppress(OSError):
            workshop.rmdir()


@contextmanager
def locked_and_swept(shelf: Shelf) -> Iterator[None]:
    """As `locked`, without what a killed run left halfway: before, and after however the work ends."""
    with locked(shelf):
        shelf.sweep()
        try:
            yield
        finally:
            shelf.sweep()
