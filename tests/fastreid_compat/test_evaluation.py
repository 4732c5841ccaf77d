"""Evaluation of the host: without a compiler, without CUDA, without a warning."""

import sys
import warnings

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from fastreid.config import get_cfg
from fastreid.evaluation import ReidEvaluator, rank, rank_cylib, reid_evaluation
from fastreid.utils import compute_dist

from fastreid_compat import evaluation


def evaluate(*options):
    """Three people of clear features, seen four times by camera 2; each is asked for by camera 1."""
    cfg = get_cfg()
    cfg.merge_from_list(list(options))
    evaluator = ReidEvaluator(cfg, num_query=3)
    pids = torch.arange(15) % 3
    features = F.one_hot(pids, 4).float() + 0.01 * torch.arange(15)[:, None] * torch.tensor([[0.0, 0, 0, 1]])
    evaluator.process({"targets": pids, "camids": torch.tensor([1] * 3 + [2] * 12)}, features)
    return evaluator.evaluate()


def test_no_compiler_is_ever_called(monkeypatch):
    monkeypatch.setattr(rank_cylib, "__file__", "")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ReidEvaluator(get_cfg(), num_query=3)
        assert reid_evaluation.compile_helper() is None
    assert reid_evaluation.compile_helper is rank_cylib.compile_helper


@pytest.mark.filterwarnings("ignore:This overload of addmm_ is deprecated")
@pytest.mark.parametrize(
    "options",
    [
        [],
        ["TEST.METRIC", "euclidean"],
        ["TEST.AQE.ENABLED", True, "TEST.AQE.QE_K", 2],
        ["TEST.ROC.ENABLED", True],
        ["TEST.RERANK.ENABLED", True, "TEST.RERANK.K1", 4, "TEST.RERANK.K2", 2],
    ],
    ids=["cosine", "euclidean", "aqe", "roc", "rerank"],
)
def test_every_way_to_evaluate_runs(options):
    results = evaluate(*options)
    assert results["metric"] == results["mAP"] == results["Rank-1"] == 100
    assert ("TPR@FPR=1e-02" in results) == ("TEST.ROC.ENABLED" in options)


@pytest.mark.skipif(evaluation._searches_on_gpu(), reason="the search runs on the GPU")
@pytest.mark.parametrize("search_option", [0, 1, 2, 3])
def test_re_ranking_searches_on_the_cpu(search_option):
    features = torch.randn(12, 5, generator=torch.Generator().manual_seed(0))
    expected = compute_dist.compute_jaccard_distance.__wrapped__(features, k1=4, k2=2, search_option=3)
    distances = compute_dist.compute_jaccard_distance(features, k1=4, k2=2, search_option=search_option)
    np.testing.assert_array_equal(distances, expected)
    np.testing.assert_allclose(np.diag(distances), 0, atol=1e-6)


def test_faiss_for_the_cpu_beside_a_gpu_searches_on_the_cpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(evaluation, "faiss", object())
    assert not evaluation._searches_on_gpu()
    assert evaluation._re_ranking_fails()


@pytest.fixture
def _without_numpy_bool(monkeypatch):
    monkeypatch.setattr(rank, "np", np)
    monkeypatch.delattr(np, "bool", raising=False)


@pytest.mark.filterwarnings("ignore:In the future `np.bool`:FutureWarning")
@pytest.mark.usefixtures("_without_numpy_bool")
def test_single_gallery_shot_needs_no_numpy_bool():
    ids, cameras = np.array([0, 1, 2]), np.zeros(3)
    with pytest.raises(AttributeError, match="bool"):
        rank.eval_cuhk03(np.ones((3, 3)) - np.eye(3), ids, ids, cameras, cameras + 1, max_rank=3)
    assert evaluation._single_gallery_shot_fails()
    evaluation._apply_single_gallery_shot()
    assert not evaluation._single_gallery_shot_fails()
    assert not hasattr(np, "bool")
    cmc, average = rank.eval_cuhk03(np.ones((3, 3)) - np.eye(3), ids, ids, cameras, cameras + 1, max_rank=3)
    assert cmc.tolist() == [1, 1, 1]
    assert average == 1


def test_the_python_ranking_is_loaded_already():
    assert not rank.IS_CYTHON_AVAI or "fastreid.evaluation.rank_cylib.rank_cy" in sys.modules
    assert "fastreid.evaluation.roc" in sys.modules
