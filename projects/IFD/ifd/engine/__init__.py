from .checkpointer import CheckpointError, IFDCheckpointer
from .errors import ConfigError, OutputFolderError, TrainingError
from .processes import launch
from .runner import run_all
from .runs import Run, RunError
from .seeds import run_seeds
from .setup import argument_parser, load_config, setup
from .trainer import IFDTrainer
from .two_stage import evaluate, load_trained_model, train

__all__ = [
    "CheckpointError",
    "ConfigError",
    "IFDCheckpointer",
    "IFDTrainer",
    "OutputFolderError",
    "Run",
    "RunError",
    "TrainingError",
    "argument_parser",
    "evaluate",
    "launch",
    "load_config",
    "load_trained_model",
    "run_all",
    "run_seeds",
    "setup",
    "train",
]
