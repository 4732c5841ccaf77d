"""How a run that was stopped goes on: with the seed it began with, on the data and config it began with."""

import logging
import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from fastreid.config import CfgNode
from fastreid.utils import comm

from .checkpointer import FINAL, CheckpointError, last_whole_checkpoint, read_entries
from .run_keys import RunKeys
from .run_record import RunRecord

logger = logging.getLogger("fastreid.runs")


def with_settled_seed(cfg: CfgNode, keys: RunKeys, folders: Iterable[str] = ()) -> CfgNode:
    """A config whose seed is not negative: its own, or that of a run in one of the folders, or a drawn one.

    Args:
        cfg: full config; not changed.
        keys: of the project.
        folders: of the stages of a run that is to go on, the last one first.

    Returns:
        The same in all processes; frozen where ``cfg`` is.
    """
    if keys.seed_of(cfg) >= 0:
        return cfg
    # Drawn anyway, so that no process waits for another.
    seed = comm.shared_random_seed()
    for folder in folders:
        path = last_whole_checkpoint(folder, logger.debug)
        record = RunRecord.from_checkpoint(read_entries(path)) if path else None
        if record is not None:
            return keys.with_seed(cfg, record.seed)
    logger.info("%s is %d, drawn for this run", keys.seed, seed)
    return keys.with_seed(cfg, seed)


def is_trained(stage: CfgNode, keys: RunKeys, next_folder: str, fingerprint: Callable[[], Mapping[str, Any]]) -> bool:
    """Whether a stage is at its end, so that a run that goes on need not train it.

    Args:
        stage: config of the stage.
        keys: of the project.
        next_folder: of the stage that starts from it; where that has begun, nothing is asked of this one any more.
        fingerprint: of the data that the stage would be trained on, see :func:`fastreid_runs.fingerprint`.

    Raises:
        CheckpointError: the stage was trained with another config or on other data.
    """
    if last_whole_checkpoint(next_folder, logger.debug):
        return True
    path = os.path.join(stage.OUTPUT_DIR, f"{FINAL}.pth")
    if not os.path.isfile(path):
        return False
    try:
        entries = read_entries(path)
    except CheckpointError as error:
        logger.warning("%s; training its last epochs again", error)
        return False
    before = RunRecord.from_checkpoint(entries)
    if before is not None:
        now = RunRecord.of(stage, keys.seed_of(stage), comm.get_world_size(), fingerprint(), keys=keys)
        refuse_other_run(path, before, now, int(entries.get("epoch", -1)) + 1, keys, finished=True)
    return True


def refuse_other_run(
    path: str, before: RunRecord, now: RunRecord, epochs: int, keys: RunKeys, *, finished: bool = False
) -> None:
    """Compares a run that is to go on with the one that wrote a checkpoint.

    Args:
        path: of the checkpoint.
        before: its record.
        now: that of the run that is to go on.
        epochs: that the checkpoint has trained.
        keys: of the project.
        finished: whether its stage is at its end.

    Raises:
        CheckpointError: something differs that would be ignored, or make another training of it; all of it is named.
    """
    differences = before.refused(now, epochs, finished, keys=keys)
    if differences:
        raise CheckpointError(
            f"{path} cannot go on with another config or other data: {'; '.join(map(str, differences))}. Resume with "
            "what it was begun with (config.yaml beside it), or start another training in another OUTPUT_DIR; "
            "MODEL.WEIGHTS takes its weights along"
        )
    for difference in before.told(now, keys=keys):
        logger.warning("Going on although %s: the result will not be the same to the last bit", difference)
