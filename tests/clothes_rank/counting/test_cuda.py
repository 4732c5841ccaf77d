"""The torch code beside the compiled one, on CPU tensors, and on a CUDA device where there is one."""

import numpy as np
import pytest
import torch

from clothes_rank import MODES, clothes_rank
from clothes_rank.counting import cpu, cuda
from clothes_rank.counting.workers import evaluation_workers


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("dim", [1, 2, 7, 63, 64, 65, 200])
def test_norms_have_the_same_bits(dim, dtype):
    features = np.random.default_rng(0).standard_normal((300, dim)).astype(dtype)
    with evaluation_workers() as workers:
        expected = cpu.norms(features, workers)
    np.testing.assert_array_equal(cuda.norms(features, torch.device("cpu")), expected)
    np.testing.assert_array_equal(cuda.norms(torch.from_numpy(features), torch.device("cpu")), expected)


def test_the_device_is_that_of_the_first_tensor():
    on_meta = torch.empty(1, device="meta")
    assert cuda.shared_device(np.empty(1), on_meta) == torch.device("meta")
    assert cuda.shared_device(np.empty(1), np.empty(1)) == torch.device("cpu")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("reduced", [False, True])
def test_cuda_agrees_to_the_last_bit(random_labels, monkeypatch, metric, reduced):
    generator = np.random.default_rng(10)
    query = generator.standard_normal((300, 256)).astype(np.float32)
    gallery = generator.standard_normal((5000, 256)).astype(np.float32)
    labels = random_labels(generator, 300, 5000, pids=60)
    on_cpu = clothes_rank(query, gallery, *labels, mode=MODES, metric=metric)
    monkeypatch.setattr(torch.backends.cuda.matmul, "allow_tf32", reduced)
    on_cuda = clothes_rank(
        torch.from_numpy(query).cuda(), torch.from_numpy(gallery).cuda(), *labels, mode=MODES, metric=metric
    )
    for mode in MODES:
        np.testing.assert_array_equal(on_cpu[mode].all_ap, on_cuda[mode].all_ap)
