from .checkpointer import CheckpointError, IFDCheckpointer
from .checks import ConfigError
from .seeds import run_seeds
from .setup import USER_ERRORS, argument_parser, load_config, setup
from .trainer import IFDTrainer
from .two_stage import evaluate, load_trained_model, train

__all__ = [
    "USER_ERRORS",
    "CheckpointError",
    "ConfigError",
    "IFDCheckpointer",
    "IFDTrainer",
    "argument_parser",
    "evaluate",
    "load_config",
    "load_trained_model",
    "run_seeds",
    "setup",
    "train",
]
