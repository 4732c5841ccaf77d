"""What a user of the engine can get wrong."""

from datasets_ext import UserError


class ConfigError(UserError, ValueError):
    """A config key with a value that cannot work, or a config file that is none."""


class OutputFolderError(UserError, FileExistsError):
    """OUTPUT_DIR cannot be written, or holds what would be overwritten."""


class TrainingError(UserError, RuntimeError):
    """A training that cannot go on: its losses left the numbers, or memory ran out."""
