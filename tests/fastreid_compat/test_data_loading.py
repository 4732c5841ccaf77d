"""The loader that stands in for the host's without CUDA."""

import itertools
import multiprocessing
import os
import warnings

import pytest
import torch
from fastreid.data import build, build_reid_test_loader, build_reid_train_loader, data_utils, samplers

from fastreid_compat import data_loading

pytestmark = pytest.mark.skipif(torch.cuda.is_available(), reason="the host's own loader serves CUDA")


class Items(torch.utils.data.Dataset):
    def __len__(self):
        return 10

    def __getitem__(self, index):
        return {"images": torch.full((3, 4, 2), float(index)), "targets": int(index), "img_paths": f"{index}.jpg"}


def test_the_host_uses_it_under_its_own_name():
    assert build.DataLoaderX is data_utils.DataLoaderX is data_loading.DataLoaderX


@pytest.mark.parametrize("workers", [0, 2])
def test_an_endless_sampler_gives_the_samplers_batches(workers):
    sampler = samplers.TrainingSampler(10, seed=3)
    # The host's samplers draw from NumPy's one global state, so theirs must be drawn before the loader draws.
    expected = list(itertools.islice(samplers.TrainingSampler(10, seed=3), 7 * 4))
    loader = build_reid_train_loader(Items(), sampler=sampler, total_batch_size=4, num_workers=workers)
    batches = iter(loader)
    for start in range(0, 7 * 4, 4):
        indices = expected[start : start + 4]
        batch = next(batches)
        assert batch["targets"].tolist() == indices
        assert batch["images"][:, 0, 0, 0].tolist() == indices
        assert batch["img_paths"] == [f"{index}.jpg" for index in indices]
        assert batch["images"].device.type == "cpu"
    loader.shutdown()
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize("workers", [0, 2])
def test_a_test_loader_gives_every_item_once_and_again(workers):
    loader, num_query = build_reid_test_loader(Items(), 4, 5, num_workers=workers)
    assert num_query == 5
    assert len(loader) == 3
    for _ in range(2):
        assert torch.cat([batch["targets"] for batch in loader]).tolist() == list(range(10))
    assert next(loader, None) is None


def test_the_hosts_own_arguments_give_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        loader, _ = build_reid_test_loader(Items(), 4, 5)
        next(iter(loader))
    assert not loader.pin_memory
    assert 1 <= loader.num_workers <= 4
    loader.shutdown()


@pytest.mark.filterwarnings("ignore:This DataLoader will create")
def test_no_more_workers_than_cores(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 3, 5}, raising=False)
    assert data_loading.DataLoaderX(0, dataset=Items(), num_workers=8).num_workers == 3
    assert data_loading.DataLoaderX(0, dataset=Items(), num_workers=2).num_workers == 2
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert data_loading.DataLoaderX(0, dataset=Items(), num_workers=8).num_workers == 1


def test_it_can_start_again_after_shutdown():
    loader = data_loading.DataLoaderX(0, dataset=Items(), batch_size=5)
    next(iter(loader))
    loader.shutdown()
    with pytest.raises(StopIteration):
        next(loader)
    assert len(list(loader)) == 2


def test_before_it_is_started_it_has_no_batch():
    with pytest.raises(StopIteration):
        next(data_loading.DataLoaderX(0, dataset=Items()))
