"""What a user can mend of an export."""

import importlib
from types import ModuleType

from datasets_ext import UserError


class ExportError(UserError, RuntimeError):
    """A model that cannot be exported, or would not rank as it does."""


def require_export_package(name: str) -> ModuleType:
    """Imports a package that only an export needs.

    Raises:
        ExportError: it is not installed; says what to install.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ExportError(
            f"An export needs the package {name}, which cannot be imported ({error}). Install it: pip install "
            '"fastreid-ifd[export]", or, in a clone of this project, pip install ".[export]"'
        ) from error
