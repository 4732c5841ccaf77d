"""Fast-reid trainings that are checked before they start, written whole, resumed bit by bit, and run several at a time.

Knows the host, ``fastreid_compat`` and the errors and files of ``datasets_ext``; no method and no data set. A project
says what its config keys mean to a run with :class:`RunKeys`, and derives its trainer from :class:`ResumableTrainer`.
"""

import fastreid_compat  # noqa: F401  (first: it makes fastreid importable)

from .accepted_weights import AcceptsWeights
from .checkpointer import CheckpointError, WholeCheckpointer
from .command_line import argument_parser, load_config
from .errors import ConfigError, OutputFolderError, TrainingError
from .fingerprint import fingerprint
from .processes import launch
from .run_keys import PLAIN, RunKeys, run_config
from .runner import run_all
from .runs import Run, RunError
from .trainer import ResumableTrainer, run_stage

__all__ = [
    "PLAIN",
    "AcceptsWeights",
    "CheckpointError",
    "ConfigError",
    "OutputFolderError",
    "ResumableTrainer",
    "Run",
    "RunError",
    "RunKeys",
    "TrainingError",
    "WholeCheckpointer",
    "argument_parser",
    "fingerprint",
    "launch",
    "load_config",
    "run_all",
    "run_config",
    "run_stage",
]
