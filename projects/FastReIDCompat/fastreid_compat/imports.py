"""The host's imports: names that torch and Python have removed, and clear words where a package is missing."""

import collections
import collections.abc
import contextlib
import importlib
import math
import sys
import types
from collections.abc import Iterator

from .adaptation import Adaptation

HOST_MISSING = (
    "fastreid, the toolbox that fastreid_compat adapts, is not installed. Install it with\n"
    "    pip install --no-deps fastreid==1.4.0\n"
    "(--no-deps because its metadata pins torch==1.13.1), or put a clone of fast-reid on PYTHONPATH."
)

# Everything else of the host imports without help once these are loaded.
_HOST_MODULES = ("fastreid.data", "fastreid.evaluation", "fastreid.engine")

_DISTRIBUTIONS = {
    "cv2": "opencv-python-headless",
    "faiss": "faiss-cpu",
    "PIL": "pillow",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}


def _import_host() -> None:
    try:
        for name in _HOST_MODULES:
            importlib.import_module(name)
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing == "fastreid":
            raise ImportError(HOST_MISSING, name="fastreid") from error
        if error.name != missing:
            raise
        raise ImportError(
            f"fastreid needs the Python package {missing!r}, which is not installed. "
            f"Install it with: pip install {_DISTRIBUTIONS.get(missing, missing)}",
            name=missing,
        ) from error


def _removed_names_missing() -> bool:
    try:
        _import_host()
    except ImportError as error:
        if error.name in ("torch._six", "collections"):
            return True
        raise
    return False


@contextlib.contextmanager
def _removed_names() -> Iterator[None]:
    """Gives torch._six and the abstract classes in `collections` back for as long as the host is being imported."""
    six = types.ModuleType("torch._six")
    vars(six).update(string_classes=(str, bytes), int_classes=int, container_abcs=collections.abc, inf=math.inf)
    added_six = sys.modules.setdefault("torch._six", six) is six
    added_classes = [name for name in collections.abc.__all__ if not hasattr(collections, name)]
    for name in added_classes:
        setattr(collections, name, getattr(collections.abc, name))
    try:
        yield
    finally:
        for name in added_classes:
            delattr(collections, name)
        if added_six:
            del sys.modules["torch._six"]


def _apply() -> None:
    with _removed_names():
        _import_host()


ADAPTATIONS = (
    Adaptation(
        name="imports",
        reason="fastreid.data and fastreid.evaluation import torch._six and collections.Mapping, which no longer exist",
        needed=_removed_names_missing,
        apply=_apply,
    ),
)
