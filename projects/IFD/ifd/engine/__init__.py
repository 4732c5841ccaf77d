from fastreid_runs import CheckpointError, ConfigError, OutputFolderError, Run, RunError, TrainingError, launch, run_all

from .checkpointer import IFDCheckpointer
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
