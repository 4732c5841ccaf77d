"""The trainer on the host's Baseline; that it goes on bit by bit is shown by the README's script."""

import logging

import numpy as np
import pytest
import torch
from fastreid.engine import hooks
from fastreid.utils import comm
from fastreid.utils.events import EventStorage

from fastreid_runs import ResumableTrainer, run_keys, trainer
from fastreid_runs.hooks import CheckpointedEvaluation
from fastreid_runs.train_loader import SeededDataset


@pytest.fixture
def cfg(pytestconfig, prcc_root, tmp_path, monkeypatch):
    monkeypatch.setattr("fastreid.data.build._root", str(prcc_root))
    cfg = run_keys.run_config()
    cfg.merge_from_file(str(pytestconfig.rootpath / "tests" / "fastreid_compat" / "baseline_r18.yml"))
    cfg.merge_from_list(["MODEL.DEVICE", "cpu", "DATASETS.NAMES", ("PRCC",), "DATASETS.TESTS", ("PRCC",)])
    cfg.merge_from_list(
        ["RUN.SEED", 3, "SOLVER.MAX_EPOCH", 2, "SOLVER.AMP.ENABLED", False, "OUTPUT_DIR", str(tmp_path / "run")]
    )
    (tmp_path / "run").mkdir()
    return cfg


def test_what_it_is_built_of(cfg):
    first, second = ResumableTrainer(cfg), ResumableTrainer(cfg)
    for one, other in zip(first.model.parameters(), second.model.parameters(), strict=True):
        assert torch.equal(one, other)
    assert isinstance(first.data_loader.dataset, SeededDataset)
    batches = [next(iter(one.data_loader))["images"] for one in (first, second)]
    assert torch.equal(*batches)
    kinds = [type(hook) for hook in first._hooks]
    assert kinds.count(CheckpointedEvaluation) == 1
    assert not {hooks.EvalHook, hooks.PeriodicCheckpointer} & set(kinds)
    other_seed = cfg.clone()
    other_seed.RUN.SEED = 4
    changed = ResumableTrainer(other_seed)
    assert not torch.equal(next(changed.model.parameters()), next(first.model.parameters()))
    assert not torch.equal(next(iter(changed.data_loader))["images"], batches[0])

    # An epoch draws what follows from the seed and its number, whatever was drawn before.
    drawn = []
    for run, epoch in ((first, 1), (second, 1), (second, 2), (changed, 1)):
        run.epoch, run.storage = epoch, EventStorage()
        torch.rand(3)
        run.before_epoch()
        drawn.append((torch.rand(1).item(), np.random.rand()))  # noqa: NPY002
    assert drawn[0] == drawn[1]
    assert len(set(drawn)) == 3


def test_the_best_figure_of_a_run_is_that_of_its_file(cfg, caplog):
    run = ResumableTrainer(cfg)
    path = f"{cfg.OUTPUT_DIR}/model_best.pth"
    assert run._best_metric() == -1
    torch.save({"model": {}, "metric": 61.5, "run": run.record.state()}, path)
    assert run._best_metric() == 61.5
    other = cfg.clone()
    other.TEST.METRIC = "euclidean"
    with caplog.at_level(logging.WARNING):
        assert ResumableTrainer(other)._best_metric() == -1
        assert "was chosen by another evaluation than this" in caplog.text
        torch.save([], path)
        assert run._best_metric() == -1
    assert "counting it as absent" in caplog.text


def test_mixed_precision_is_switched_in_a_copy(cfg):
    cfg.SOLVER.AMP.ENABLED = True
    cfg.freeze()
    off = trainer._with_amp(cfg, False)
    assert (cfg.SOLVER.AMP.ENABLED, off.SOLVER.AMP.ENABLED, off.is_frozen()) == (True, False, True)


def test_statistics_are_the_first_processs(monkeypatch):
    model = torch.nn.BatchNorm1d(2)
    sent = []
    monkeypatch.setattr(torch.distributed, "broadcast", lambda values, source: sent.append((values, source)))
    trainer.share_statistics(model)
    assert sent == []
    monkeypatch.setattr(comm, "get_world_size", lambda: 2)
    trainer.share_statistics(model)
    assert [source for _, source in sent] == [0, 0, 0]
    assert all(values is buffer for (values, _), buffer in zip(sent, model.buffers(), strict=True))
