"""Compilation of the evaluation's inner loops."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

import numba

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")


def compiled(function: Callable[_Arguments, _Result]) -> Callable[_Arguments, _Result]:
    """Decorator: numba.njit without the interpreter lock, its machine code kept on disk where that is possible."""
    try:
        return numba.njit(cache=True, nogil=True, error_model="numpy")(function)
    except (RuntimeError, OSError):
        # No place for the cache, as in a read-only installation: every process compiles for itself.
        return numba.njit(nogil=True, error_model="numpy")(function)
