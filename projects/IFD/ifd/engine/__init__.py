from .checkpointer import CheckpointError, IFDCheckpointer
from .checks import ConfigError
from .setup import USER_ERRORS, load_config, setup
from .trainer import IFDTrainer
from .two_stage import evaluate, load_trained_model, train

__all__ = [
    "USER_ERRORS",
    "CheckpointError",
    "ConfigError",
    "IFDCheckpointer",
    "IFDTrainer",
    "evaluate",
    "load_config",
    "load_trained_model",
    "setup",
    "train",
]
