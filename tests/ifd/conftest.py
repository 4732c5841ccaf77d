"""Results made out of figures, and a checkpoint whose descriptors differ, for the tests that only look at them."""

import os
import types

import pytest
import torch
from fastreid.utils.events import EventStorage

from ifd.data import build_test_loader
from ifd.engine import load_trained_model
from ifd.evaluation import EvaluationResult
from ifd.evaluation.protocol import Checkpoint, Protocol
from ifd.evaluation.rank_scores import RANKS, RankScores
from ifd.evaluation.result import ModeResult


@pytest.fixture(scope="session")
def made_up():
    """Makes results out of figures: ``scores``, ``mode`` and ``result``."""

    def scores(rank1, mean_ap, mean_inp=0.25):
        # A curve that rises from rank-1 to 1.
        return RankScores({rank: rank1 if rank == 1 else 1.0 for rank in RANKS}, mean_ap, mean_inp)

    def mode(found, chance=None, **kwargs):
        # 7 queries with a match and 2 without; no scores: none with one.
        queries = 7 if found else 0
        return ModeResult(queries, 9 - queries, found, (chance or scores(0.1, 0.05)) if found else None, **kwargs)

    def result(modes, dataset="PRCC", metric_mode="clothing_change", **protocol):
        # Modes that are not given are without a pair.
        modes = {name: modes.get(name, mode(None)) for name in ("general", "same_clothing", "clothing_change")}
        told = {"metric": "cosine", "flip": False, "descriptor": "main", "checkpoint": Checkpoint.at(""), **protocol}
        return EvaluationResult(dataset, modes, Protocol(**told), metric_mode)

    return types.SimpleNamespace(scores=scores, mode=mode, result=result)


@pytest.fixture(scope="session")
def weights(finished, prcc_root, tmp_path_factory):
    """A checkpoint of the finished run whose normalisation fits its data.

    In so few steps the running statistics stay far from the features, and all photos get nearly one descriptor.
    """
    cfg = finished[0].clone()
    model = load_trained_model(cfg, os.path.join(cfg.OUTPUT_DIR, "model_final.pth")).train()
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = None
            module.reset_running_stats()
    with pytest.MonkeyPatch.context() as patch, EventStorage(), torch.no_grad():
        patch.setenv("FASTREID_DATASETS", str(prcc_root))
        for batch in build_test_loader(cfg, "PRCC")[0]:
            model({**batch, "targets": batch["targets"] % 6})
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            # A channel that hardly varies about its mean is nearly all rounding once its variance is 1.
            module.running_var.clamp_(min=module.running_mean.square())
    path = tmp_path_factory.mktemp("weights") / "model_final.pth"
    torch.save({"model": model.state_dict()}, path)
    return str(path)
