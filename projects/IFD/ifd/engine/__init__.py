from .checkpointer import CheckpointError, IFDCheckpointer
from .checks import ConfigError, OutputFolderError
from .processes import launch
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
    "argument_parser",
    "evaluate",
    "launch",
    "load_config",
    "load_trained_model",
    "run_seeds",
    "setup",
    "train",
]
