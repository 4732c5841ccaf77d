"""Errors that a user can mend: each says what was found, what was expected and what to do."""

import importlib
from types import ModuleType


class PersonSearchError(RuntimeError):
    """What a user got wrong; commands show its message as one sentence. Any other exception is a fault of ours."""


class PhotoError(PersonSearchError):
    """A photo or a parsing map is missing, damaged, too large, no image, or of another kind than expected."""


class LabelsError(PersonSearchError):
    """A camera, time or other label, or the pattern or table that gives them, cannot be read."""


class ModelFileError(PersonSearchError):
    """A model cannot be loaded, is of another form than expected, or lacks the parsing maps that it needs."""


class EngineError(PersonSearchError):
    """Workers of many machines that do not start."""


class GalleryError(PersonSearchError):
    """A gallery cannot be opened, reached or created, or what is asked of it cannot be."""


class OtherModelError(GalleryError):
    """Vectors of one model are to be compared with those of another, which means nothing."""


class DecisionsError(PersonSearchError):
    """Similarities cannot be turned into decisions: too few labelled people, or a file of another model."""


class MissingPackageError(PersonSearchError):
    """A package is not installed that only some users need."""


def require_package(name: str, extra: str, purpose: str) -> ModuleType:
    """Imports a package that only some users need.

    Args:
        name: of the module.
        extra: of this distribution that brings it.
        purpose: what needs it, the beginning of the error's sentence.

    Raises:
        MissingPackageError: it is not installed; says what to install.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise MissingPackageError(
            f"{purpose} needs the package {name}, which cannot be imported ({error}). Install it: pip install "
            f'"fastreid-ifd[{extra}]", or, in a clone of this project, pip install ".[{extra}]"'
        ) from error
