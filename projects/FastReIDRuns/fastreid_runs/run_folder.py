"""OUTPUT_DIR belongs to one run, and to one process at a time."""

import contextlib
import errno
import fcntl
import logging
import os
import re
import socket
from collections.abc import Iterator, Sequence

from fastreid.utils import comm

from datasets_ext.files import is_part

from .checkpointer import checkpoint_names
from .errors import OutputFolderError

logger = logging.getLogger("fastreid.runs")

LOCK = "process.lock"
# What versions before 0.2 called files that they were writing.
_FORMER_PART = re.compile(r"(model_\w+\.pth|last_checkpoint|results_.+)\.part")
_RESULTS = re.compile(r"results_.+\.json")
# Folders that this process keeps, with the open lock file.
_kept: dict[str, int] = {}


@contextlib.contextmanager
def occupied(output_dir: str, stages: Sequence[str] = ()) -> Iterator[None]:
    """Keeps a folder for what is inside: no other process trains or evaluates into it meanwhile.

    Args:
        output_dir: made where it is absent; empty: nothing is kept.
        stages: folders below it of a training's earlier stages.

    Raises:
        OutputFolderError: another process has it; the message names it.
    """
    kept_already = os.path.realpath(output_dir) in _kept
    occupy(output_dir, stages)
    try:
        yield
    finally:
        if not kept_already:
            leave(output_dir)


def occupy(output_dir: str, stages: Sequence[str] = ()) -> None:
    """Keeps a folder, as :func:`occupied`, until `leave` or the end of the process, however it ends; may be repeated.

    Of several processes of one training the first keeps it, and the others wait for it.
    """
    if output_dir and comm.is_main_process() and os.path.realpath(output_dir) not in _kept:
        os.makedirs(output_dir, exist_ok=True)
        _lock(output_dir)
        _clear_parts(output_dir, stages)
    comm.synchronize()


def leave(output_dir: str) -> None:
    """Gives a folder up that `occupy` kept."""
    lock = _kept.pop(os.path.realpath(output_dir), None)
    if lock is not None:
        os.close(lock)


def refuse_overwriting(output_dir: str, stages: Sequence[str] = ()) -> None:
    """Refuses a folder that holds a run already: a checkpoint or results, of any stage.

    What a start that failed leaves (a log, a config) is not yet a run. Only the first process looks; the others wait
    for it, so that none takes what another one writes for an old run.

    Args:
        output_dir: of the run; need not exist.
        stages: as of :func:`occupied`.

    Raises:
        OutputFolderError: says how to go on with that run, or to start another.
    """
    found = []
    if comm.is_main_process():
        for stage in ("", *stages):
            folder = os.path.join(output_dir, stage)
            names = os.listdir(folder) if os.path.isdir(folder) else []
            results = sorted(name for name in names if _RESULTS.fullmatch(name))
            found += [os.path.join(stage, name) for name in (*checkpoint_names(folder), *results)]
    if found:
        more = f" and {len(found) - 3} more" if len(found) > 3 else ""
        raise OutputFolderError(
            f"{output_dir} holds a run already ({', '.join(found[:3])}{more}). Go on with it: --resume. "
            "Start another: OUTPUT_DIR some/other/folder at the end of the command."
        )
    comm.synchronize()


def _lock(output_dir: str) -> None:
    # A lock of the process (POSIX): unlike flock's it is not inherited by workers, which outlive a killed training.
    lock = os.open(os.path.join(output_dir, LOCK), os.O_RDWR | os.O_CREAT, 0o666)
    try:
        fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        holder = os.pread(lock, 256, 0).decode("utf-8", "replace").strip()
        os.close(lock)
        if error.errno in (errno.EACCES, errno.EAGAIN):
            raise OutputFolderError(
                f"{output_dir} is in use by {holder or 'another process'}, which trains or evaluates into it. Wait for "
                "it or end it, or name another OUTPUT_DIR"
            ) from None
        logger.warning("%s is on a file system without locks (%s): start nothing else into it", output_dir, error)
        return
    os.ftruncate(lock, 0)
    os.pwrite(lock, f"process {os.getpid()} on {socket.gethostname()}\n".encode(), 0)
    _kept[os.path.realpath(output_dir)] = lock


def _clear_parts(output_dir: str, stages: Sequence[str]) -> None:
    for folder in (output_dir, *(os.path.join(output_dir, stage) for stage in stages)):
        for name in os.listdir(folder) if os.path.isdir(folder) else []:
            if is_part(name) or _FORMER_PART.fullmatch(name):
                os.remove(os.path.join(folder, name))
