"""Batches are joined in order and let go of; over two processes, see tests/fastreid_runs/test_processes.py."""

import torch

from clothes_evaluation import gathering
from clothes_evaluation.gathering import gather_rows


def test_batches_are_joined_in_order_and_let_go_of():
    batches = [torch.arange(6.0).reshape(3, 2), torch.zeros(0, 2), torch.arange(6.0, 10.0).reshape(2, 2)]
    assert torch.equal(gather_rows(batches), torch.arange(10.0).reshape(5, 2))
    assert batches == []


def test_a_first_process_without_any_receives_all(monkeypatch):
    theirs = [torch.ones(2, 3, dtype=torch.int64), torch.full((1, 3), 2)]
    shares = [([], None), ([2, 1], (theirs[0].shape[1:], torch.int64))]
    monkeypatch.setattr(gathering.comm, "gather", lambda own, dst: shares)
    monkeypatch.setattr(gathering.comm, "_get_global_gloo_group", lambda: None)
    sent = iter(theirs)
    monkeypatch.setattr(gathering.dist, "recv", lambda place, rank, group: place.copy_(next(sent)))
    assert gather_rows([]).tolist() == [[1, 1, 1], [1, 1, 1], [2, 2, 2]]
