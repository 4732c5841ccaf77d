"""Compilation of the evaluation's inner loops."""

import numba


def compiled(function):
    """Decorator: numba.njit without the interpreter lock, its machine code kept on disk where that is possible."""
    options = {"nogil": True, "error_model": "numpy"}
    try:
        return numba.njit(cache=True, **options)(function)
    except (RuntimeError, OSError):
        # No place for the cache, as in a read-only installation: every process compiles for itself.
        return numba.njit(**options)(function)
