"""The table of adaptations and the record of what was done with each."""

import contextlib
import os
import random
from collections.abc import Iterator, Sequence

import numpy as np
import torch

from . import imports
from .adaptation import Adaptation

SKIP_VARIABLE = "FASTREID_COMPAT_SKIP"

_record: list[tuple[str, str, str]] = []


def adaptations() -> list[tuple[str, str, str]]:
    """What was done.

    Returns:
        (name, reason, status) of each adaptation, in order; status is "applied", "not needed" or "skipped".
    """
    return list(_record)


def apply() -> None:
    """Adapts the host where it needs it; a second call does nothing.

    The environment variable FASTREID_COMPAT_SKIP (names with commas between) leaves adaptations out, to find a fault.

    Raises:
        ImportError: fastreid or one of its dependencies is missing.
        ValueError: a name to skip is unknown.
    """
    if _record:
        return
    skipped = {name.strip() for name in os.environ.get(SKIP_VARIABLE, "").split(",") if name.strip()}
    with random_state_kept():
        record = [_adapt(adaptation, skipped) for adaptation in imports.ADAPTATIONS]
        others = _host_adaptations()
        _refuse_unknown(skipped, [adaptation.name for adaptation in (*imports.ADAPTATIONS, *others)])
        record += [_adapt(adaptation, skipped) for adaptation in others]
    _record.extend(record)


def _host_adaptations() -> list[Adaptation]:
    # These modules import the host, which works only once its imports are adapted.
    from . import (
        backbones,
        batch_norm,
        checkpoints,
        data_loading,
        device,
        evaluation,
        launch,
        profiling,
        safe_loading,
        samplers,
        solver,
        transforms,
    )

    modules = (
        device,
        data_loading,
        transforms,
        samplers,
        backbones,
        batch_norm,
        solver,
        safe_loading,
        checkpoints,
        evaluation,
        launch,
        profiling,
    )
    return [adaptation for module in modules for adaptation in module.ADAPTATIONS]


def _refuse_unknown(skipped: set[str], known: Sequence[str]) -> None:
    unknown = sorted(skipped - set(known))
    if unknown:
        raise ValueError(f"{SKIP_VARIABLE} names {', '.join(unknown)}; there are: {', '.join(known)}")


def _adapt(adaptation: Adaptation, skipped: set[str]) -> tuple[str, str, str]:
    if adaptation.name in skipped:
        status = "skipped"
    elif adaptation.needed():
        adaptation.apply()
        status = "applied"
    else:
        status = "not needed"
    return adaptation.name, adaptation.reason, status


@contextlib.contextmanager
def random_state_kept() -> Iterator[None]:
    """What is drawn or seeded inside, by some of the host's parts too, does not change what is drawn afterwards."""
    python_state, numpy_state = random.getstate(), np.random.get_state()  # noqa: NPY002
    try:
        with torch.random.fork_rng(devices=[]):
            yield
    finally:
        random.setstate(python_state)
        np.random.set_state(numpy_state)  # noqa: NPY002
