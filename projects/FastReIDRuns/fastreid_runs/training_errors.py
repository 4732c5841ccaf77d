"""What stops a training although its config was sound, in a sentence."""

import contextlib
import logging
from collections.abc import Iterator

import torch

from datasets_ext import UserError
from datasets_ext.command import user_sentence

from .errors import TrainingError
from .loader import dead_worker
from .processes import ProcessLostError, is_lost_peer

# Where the host logs what stopped a training, with a traceback.
_HOST_LOGGER = "fastreid.engine.train_loop"


def as_user_error(error: Exception) -> UserError | None:
    """The sentence that a user can act on; None for a fault of ours.

    Args:
        error: what a training or an evaluation raised.
    """
    if isinstance(error, UserError):
        return error
    if isinstance(error, FloatingPointError):
        return TrainingError(
            f"{' '.join(str(error).split())}. Lower SOLVER.BASE_LR, or lengthen SOLVER.WARMUP_ITERS; with mixed "
            "precision, try SOLVER.AMP.ENABLED False"
        )
    if isinstance(error, torch.OutOfMemoryError | MemoryError) or "can't allocate memory" in str(error):
        return TrainingError(
            "memory ran out. Lower SOLVER.IMS_PER_BATCH (in an evaluation, TEST.IMS_PER_BATCH), INPUT.SIZE_TRAIN, or "
            f"DATALOADER.NUM_WORKERS ({' '.join(str(error).split())[:200]})"
        )
    if is_lost_peer(error):
        return ProcessLostError("another process of this training ended before its time; its own words say why")
    ended = dead_worker(error)
    if ended is not None:
        return ended
    sentence = user_sentence(error)
    return None if sentence is None else TrainingError(sentence)


@contextlib.contextmanager
def in_a_sentence() -> Iterator[None]:
    """Raises what :func:`as_user_error` makes of an error inside in its place."""
    try:
        yield
    except Exception as error:
        known = as_user_error(error)
        if known is None or known is error:
            raise
        raise known from error


def without_tracebacks() -> None:
    """Lets the host log a user's mistake as the sentence it is; a second call does nothing."""
    logging.getLogger(_HOST_LOGGER).addFilter(_drop_traceback)


def _drop_traceback(record: logging.LogRecord) -> bool:
    if record.exc_info and isinstance(record.exc_info[1], Exception):
        known = as_user_error(record.exc_info[1])
        if known is not None:
            record.msg, record.args = "Training stops: %s", (known.sentence,)
            record.exc_info = record.exc_text = None
    return True
