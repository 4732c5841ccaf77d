from types import SimpleNamespace

import numpy as np
import pytest

from clothes_rank.counting import backend as backend_module
from clothes_rank.counting.cuda import TorchDistances, TorchFeatures


def rank_slowly(distances, labels, mode, max_rank=50):
    """Scores from the definitions, one gallery image at a time; `labels` as clothes_rank takes them."""
    query_pids, gallery_pids, query_camids, gallery_camids, query_clothes, gallery_clothes = labels
    aps, inps, first_ranks, used = [], [], [], []
    for q in range(len(query_pids)):
        ranking = []
        for g in range(len(gallery_pids)):
            if gallery_pids[g] != query_pids[q]:
                ranking.append((float(distances[q][g]), g, False))
                continue
            other_camera = gallery_camids[g] != query_camids[q]
            same_clothes = gallery_clothes[g] == query_clothes[q]
            is_match = {
                "general": other_camera,
                "same_clothing": other_camera and same_clothes,
                "clothing_change": other_camera and not same_clothes,
            }[mode]
            if is_match:
                ranking.append((float(distances[q][g]), g, True))
        ranking.sort()
        match_ranks = [rank for rank, (_, _, is_match) in enumerate(ranking, start=1) if is_match]
        if not match_ranks:
            continue
        precisions = [count / rank for count, rank in enumerate(match_ranks, start=1)]
        aps.append(sum(precisions) / len(precisions))
        inps.append(len(match_ranks) / match_ranks[-1])
        first_ranks.append(match_ranks[0])
        used.append(q)
    num = len(used) or np.nan
    return SimpleNamespace(
        cmc=np.array([sum(rank <= k for rank in first_ranks) / num for k in range(1, max_rank + 1)]),
        mean_ap=sum(aps) / num,
        mean_inp=sum(inps) / num,
        all_ap=np.array(aps),
        all_inp=np.array(inps),
        first_ranks=np.array(first_ranks, int),
        query_indices=np.array(used, int),
    )


@pytest.fixture(scope="session")
def slow_rank():
    return rank_slowly


@pytest.fixture(scope="session")
def random_labels():
    def draw(generator, num_query, num_gallery, *, pids=4, cameras=3, outfits=2):
        return tuple(
            generator.integers(0, kinds, size)
            for kinds in (pids, cameras, outfits)
            for size in (num_query, num_gallery)
        )

    return draw


@pytest.fixture(scope="session")
def assert_same_scores():
    def check(result, expected):
        np.testing.assert_array_equal(result.query_indices, expected.query_indices)
        np.testing.assert_array_equal(result.first_ranks, expected.first_ranks)
        np.testing.assert_allclose(result.all_ap, expected.all_ap, rtol=0, atol=1e-12)
        np.testing.assert_allclose(result.all_inp, expected.all_inp, rtol=0, atol=1e-12)
        np.testing.assert_allclose(result.cmc, expected.cmc, rtol=0, atol=1e-12)
        assert result.mean_ap == pytest.approx(expected.mean_ap, abs=1e-12, nan_ok=True)
        assert result.mean_inp == pytest.approx(expected.mean_inp, abs=1e-12, nan_ok=True)
        assert result.num_queries == len(expected.query_indices)

    return check


def every_backend(monkeypatch):
    """Yields under the CPU's loops, then under the CUDA path's code on CPU tensors."""
    yield "compiled"
    monkeypatch.setattr(backend_module, "CpuFeatures", TorchFeatures)
    monkeypatch.setattr(backend_module, "CpuDistances", TorchDistances)
    yield "torch"
    monkeypatch.undo()


@pytest.fixture(scope="session")
def backends():
    return every_backend


@pytest.fixture(params=["compiled", "torch"])
def backend(request, monkeypatch):
    """Both sets of code: the CPU's loops, and what CUDA tensors are ranked with, on CPU tensors."""
    for name in every_backend(monkeypatch):
        if name == request.param:
            yield name


@pytest.fixture(params=range(4))
def clusters(request):
    """Queries and gallery scattered around a few centres, so that neighbourhoods are shared."""
    generator = np.random.default_rng(request.param)
    centres = generator.standard_normal((5, 6))
    return tuple(
        (centres[generator.integers(0, 5, size)] + 0.6 * generator.standard_normal((size, 6))).astype(np.float32)
        for size in (7, 30)
    )
