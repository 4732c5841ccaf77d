"""Evaluation without a compiler, and the parts of it that need CUDA or names that NumPy has removed."""

import functools
import importlib
import warnings
from types import SimpleNamespace
from unittest import mock

import faiss
import numpy as np
import torch
from fastreid.evaluation import rank_cylib, reid_evaluation
from fastreid.evaluation.reid_evaluation import ReidEvaluator
from fastreid.utils import comm, compute_dist

from .adaptation import Adaptation, ModuleView, rebind


def _compiler_is_called() -> bool:
    one_process = SimpleNamespace(is_main_process=lambda: True, synchronize=lambda: None)
    with (
        mock.patch.object(reid_evaluation, "compile_helper", create=True) as compiler,
        mock.patch.object(reid_evaluation, "comm", one_process),
    ):
        ReidEvaluator._compile_dependencies(SimpleNamespace())
    return compiler.called


def _apply_without_compiler() -> None:
    ReidEvaluator._compile_dependencies = lambda self: comm.synchronize()
    rebind(rank_cylib.compile_helper, lambda: None)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Cython .* unavailable", category=UserWarning)
        importlib.import_module("fastreid.evaluation.rank")
        importlib.import_module("fastreid.evaluation.roc")


def _single_gallery_shot_fails() -> bool:
    rank = importlib.import_module("fastreid.evaluation.rank")
    ids = np.array([0, 1])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        try:
            rank.eval_cuhk03(np.eye(2), ids, ids, np.zeros(2), np.ones(2), max_rank=2)
        except AttributeError:
            return True
    return False


def _apply_single_gallery_shot() -> None:
    vars(importlib.import_module("fastreid.evaluation.rank"))["np"] = ModuleView(np, bool=np.bool_)


def _searches_on_gpu() -> bool:
    return torch.cuda.is_available() and hasattr(faiss, "StandardGpuResources")


def _re_ranking_fails() -> bool:
    if _searches_on_gpu():
        return False
    if torch.cuda.is_available():
        # faiss-cpu beside a GPU; trying it would claim memory on the GPU.
        return True
    try:
        compute_dist.build_dist(torch.eye(2), torch.eye(2), metric="jaccard", k1=2, k2=1)
    except (AssertionError, AttributeError, RuntimeError):
        return True
    return False


_CPU_SEARCH = 3


def _apply_re_ranking() -> None:
    host_distance = compute_dist.compute_jaccard_distance

    @functools.wraps(host_distance)
    def compute_jaccard_distance(
        features: torch.Tensor, k1: int = 20, k2: int = 6, search_option: int = 0, fp16: bool = False
    ) -> np.ndarray:
        return host_distance(features, k1, k2, search_option if _searches_on_gpu() else _CPU_SEARCH, fp16)

    rebind(host_distance, compute_jaccard_distance)


ADAPTATIONS = (
    Adaptation(
        name="evaluation",
        reason="ReidEvaluator compiles Cython with make and exits the process where that fails; Python ranking is used",
        needed=_compiler_is_called,
        apply=_apply_without_compiler,
    ),
    Adaptation(
        name="single-gallery-shot",
        reason="the CUHK03 metric uses np.bool, which NumPy 1.24 to 1.26 do not have",
        needed=_single_gallery_shot_fails,
        apply=_apply_single_gallery_shot,
    ),
    Adaptation(
        name="re-ranking",
        reason="TEST.RERANK searches neighbours on the GPU; without CUDA, or with faiss-cpu, it searches on the CPU",
        needed=_re_ranking_fails,
        apply=_apply_re_ranking,
    ),
)
