"""Checkpoints with NumPy values, which torch.load refuses since it loads weights only by default."""

import functools
import pickle
import tempfile
from pathlib import Path

import numpy as np
import torch
from fastreid.utils.checkpoint import Checkpointer

from .adaptation import Adaptation


def _numpy_globals():
    """What pickled arrays and scalars of plain types name; object arrays stay refused, and so does all other code.

    NumPy 2 moved numpy.core to numpy._core, so a file names one or the other, whatever is installed.
    """
    functions = (np.float64(0).__reduce__()[0], np.zeros(0).__reduce__()[0])
    dtypes = {type(np.dtype(code)) for code in np.typecodes["All"] if code not in "OV"}
    return [
        np.ndarray,
        np.dtype,
        *dtypes,
        *(
            (function, f"numpy.{core}.multiarray.{function.__name__}")
            for function in functions
            for core in ("core", "_core")
        ),
    ]


def _numpy_checkpoint_fails():
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder, "checkpoint.pth"))
        torch.save({"model": {"weight": np.zeros(1)}, "metric": np.float64(0)}, path)
        try:
            Checkpointer(torch.nn.Identity())._load_file(path)
        except pickle.UnpicklingError:
            return True
    return False


def _apply():
    host_load_file = Checkpointer._load_file

    @functools.wraps(host_load_file)
    def _load_file(self, *args, **kwargs):
        with torch.serialization.safe_globals(_numpy_globals()):
            return host_load_file(self, *args, **kwargs)

    Checkpointer._load_file = _load_file


ADAPTATIONS = (
    Adaptation(
        name="checkpoints",
        reason="torch.load refuses the NumPy arrays and scalars that the host's checkpoints may hold",
        needed=_numpy_checkpoint_fails,
        apply=_apply,
    ),
)
