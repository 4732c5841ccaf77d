"""Checkpoints with NumPy values, which torch.load refuses since it loads weights only by default."""

import functools
import pickle
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from fastreid.utils.checkpoint import Checkpointer

from .adaptation import Adaptation
from .plain_arrays import stand_ins, unpack


def _numpy_checkpoint_fails() -> bool:
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder, "checkpoint.pth"))
        torch.save({"model": {"weight": np.zeros(1)}, "metric": np.float64(0)}, path)
        try:
            Checkpointer(torch.nn.Identity())._load_file(path)
        except pickle.UnpicklingError:
            return True
    return False


def _apply() -> None:
    host_load_file = Checkpointer._load_file

    @functools.wraps(host_load_file)
    def _load_file(self: Checkpointer, *args: Any, **kwargs: Any) -> Any:
        with torch.serialization.safe_globals(stand_ins()):
            checkpoint = host_load_file(self, *args, **kwargs)
        return unpack(checkpoint)

    Checkpointer._load_file = _load_file


ADAPTATIONS = (
    Adaptation(
        name="checkpoints",
        reason="torch.load refuses the NumPy arrays and scalars that the host's checkpoints may hold",
        needed=_numpy_checkpoint_fails,
        apply=_apply,
    ),
)
