"""The host's profiling hook asks for CUDA by an argument that torch has removed."""

import warnings
from types import SimpleNamespace
from unittest import mock

import torch
from fastreid.engine.hooks import AutogradProfiler
from torch.profiler import ProfilerActivity

from .adaptation import Adaptation


def _profiling_fails() -> bool:
    hook = AutogradProfiler(lambda trainer: True, "", use_cuda=False)
    hook.trainer = SimpleNamespace(iter=0)
    # Built but not started: a profiler writes to stderr, and there is nothing to profile.
    with (
        mock.patch.object(torch.autograd.profiler.profile, "__enter__"),
        mock.patch.object(torch.profiler.profile, "__enter__"),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        try:
            hook.before_step()
        except TypeError:
            return True
    return False


def _before_step(self: AutogradProfiler) -> None:
    self._profiler = None
    if self._enable_predicate(self.trainer):
        activities = [ProfilerActivity.CPU]
        if self._use_cuda and torch.cuda.is_available():
            activities.append(ProfilerActivity.CUDA)
        self._profiler = torch.profiler.profile(activities=activities)
        self._profiler.__enter__()


def _apply() -> None:
    AutogradProfiler.before_step = _before_step


ADAPTATIONS = (
    Adaptation(
        name="profiling",
        reason="AutogradProfiler names CUDA by an argument that torch's profiler no longer takes",
        needed=_profiling_fails,
        apply=_apply,
    ),
)
