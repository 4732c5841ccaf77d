"""Loaders that start when they are asked, workers that fit into shared memory, and workers that die."""

import os
import signal
from types import SimpleNamespace

import pytest
import torch
from fastreid.data import build_reid_train_loader
from fastreid.utils import comm

from datasets_ext.command import user_sentence
from fastreid_runs.loader import dead_worker, detach_from_process, workers_that_fit
from ifd.data import EpochStream, LoaderError, StreamLoader, build_test_loader, build_train_loader

MEGABYTE = 2**20


class Numbers(torch.utils.data.Dataset):
    def __len__(self):
        return 8

    def __getitem__(self, index):
        return {"index": int(index), "seed": index.seed}


def loader(workers=0):
    stream = EpochStream(lambda seed: iter(lambda: seed % 8, None), 4, 0, 1)
    host = build_reid_train_loader(Numbers(), sampler=stream, total_batch_size=2, num_workers=workers)
    return StreamLoader(detach_from_process(host), stream), stream


@pytest.mark.parametrize("workers", [0, 2])
def test_it_starts_at_its_first_batch_with_the_epoch_set_by_then(workers):
    batches, stream = loader(workers)
    expected = stream.epoch(7)
    iterator = iter(batches)
    stream.first_epoch = 7
    drawn = [next(iterator) for _ in range(2)]
    assert [seed for batch in drawn for seed in batch["seed"].tolist()] == [index.seed for index in expected]
    batches.shutdown()
    stream.first_epoch = 7
    assert next(iterator)["seed"].tolist() == [index.seed for index in expected[:2]]
    batches.shutdown()
    batches.shutdown()


def test_starting_draws_nothing_from_the_process():
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    next(loader()[0])
    assert torch.rand(1) == expected


@pytest.fixture
def memory(monkeypatch, tmp_path):
    """Shared memory of so many free megabytes, in a folder that is there."""

    def give(free):
        space = SimpleNamespace(f_bavail=free * MEGABYTE, f_frsize=1)
        monkeypatch.setattr(os, "statvfs", lambda path: space)
        return str(tmp_path)

    return give


@pytest.mark.parametrize(("free", "fit"), [(1000, 8), (260, 8), (259, 7), (64, 1), (50, 1), (49, 0), (0, 0)])
def test_as_many_workers_as_fit(memory, free, fit, caplog):
    # Batches of 10 MB: three a worker, and two in use.
    assert workers_that_fit(8, 10 * MEGABYTE, memory(free)) == fit
    said = [record.getMessage() for record in caplog.records]
    assert bool(said) == (fit < 8)
    if said:
        assert f"{free} MB free" in said[0]
        assert "8 workers take 260 MB" in said[0]
        assert "--shm-size" in said[0]
        assert ("the main process" in said[0]) == (fit == 0)


def test_the_processes_of_a_machine_share_its_memory(memory, monkeypatch):
    monkeypatch.setattr(comm, "get_local_size", lambda: 4)
    assert workers_that_fit(8, 10 * MEGABYTE, memory(260)) == 1


def test_without_shared_memory_or_workers_nothing_is_asked(memory, tmp_path):
    memory(0)
    assert workers_that_fit(8, MEGABYTE, str(tmp_path / "absent")) == 8
    assert workers_that_fit(0, MEGABYTE) == 0
    assert workers_that_fit(-1, MEGABYTE) == 0


def test_the_loaders_ask_for_what_their_batches_take(tiny_config, monkeypatch):
    asked = []
    for module in ("fastreid_runs.train_loader", "ifd.data.build"):
        monkeypatch.setattr(f"{module}.workers_that_fit", lambda wanted, size: asked.append((wanted, size)) or 0)
    tiny_config.DATALOADER.NUM_WORKERS = 3
    tiny_config.INPUT.SIZE_TEST = [32, 16]
    build_train_loader(tiny_config)
    build_test_loader(tiny_config, "PRCC")
    # Four channels of float32.
    assert asked == [(3, 16 * 4 * 64 * 32 * 4), (3, 128 * 4 * 32 * 16 * 4)]


class Killed(torch.utils.data.Dataset):
    """Its worker is ended from outside, as by the kernel when memory runs out."""

    def __len__(self):
        return 4

    def __getitem__(self, index):
        os.kill(os.getpid(), signal.SIGKILL)


def test_a_dead_worker_is_told_in_a_sentence():
    with pytest.raises(RuntimeError) as told:
        next(iter(torch.utils.data.DataLoader(Killed(), num_workers=1)))
    error = dead_worker(told.value)
    assert isinstance(error, LoaderError)
    assert "a process that loads images was ended from outside" in user_sentence(error)
    assert "DATALOADER.NUM_WORKERS" in user_sentence(error)


def test_only_dead_workers_are():
    assert dead_worker(ValueError("DataLoader worker (pid 3) exited unexpectedly")) is None
    assert dead_worker(RuntimeError("size mismatch")) is None
    assert "outside;" in str(dead_worker(RuntimeError("DataLoader worker (pid(s) 3, 4) exited unexpectedly")))
    killed = RuntimeError("DataLoader worker (pid 3) is killed by signal: Killed. ")
    assert "outside (Killed); where memory ran out" in str(dead_worker(killed))
    bus = RuntimeError("DataLoader worker (pid 3) is killed by signal: Bus error. It is possible that dataloader's ...")
    assert "/dev/shm is full" in str(dead_worker(bus))
