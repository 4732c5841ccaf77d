"""The host's trainer whose runs are written whole and go on, bit by bit, where they were stopped."""

import logging
import os
from collections.abc import Mapping
from functools import cached_property
from typing import Any, ClassVar

import torch
from fastreid.config import CfgNode
from fastreid.engine import DefaultTrainer, hooks
from fastreid.engine.train_loop import SimpleTrainer
from fastreid.utils import comm

from .checkpointer import BEST, CheckpointError, WholeCheckpointer, read_entries
from .hooks import CheckpointedEvaluation, EvaluationWriter
from .loader import StreamLoader
from .optimizers import in_one_pass
from .resuming import refuse_other_run, with_settled_seed
from .run_keys import PLAIN, RunKeys
from .run_record import RunRecord
from .seeding import MODEL, WEIGHTS, derived_seed, seed_process
from .steps import Steps, fit_for_training, parts_of_a_batch, settled_dtype, wants_bfloat16
from .stragglers import StragglerReport
from .train_loader import SeededDataset, build_loader
from .training_errors import in_a_sentence
from .whole_files import cut_log

logger = logging.getLogger("fastreid.runs")


class ResumableTrainer(DefaultTrainer):
    """Trains through the host's hooks, with a checkpointer whose files are whole and fit.

    Random numbers follow (seed, stage, epoch), so that a training that was stopped anywhere and resumed is, on the CPU,
    bit for bit the one that was not. The host's own RandomPatch is the exception: its pool of patches is not in a
    checkpoint.

    Args:
        cfg: full config of one stage. A negative seed is drawn here, the same in all processes; resuming takes that of
            the checkpoint.

    Attributes:
        keys: what the project's config keys mean to a run that goes on.
        checkpointer_class: of the run's checkpointer.
    """

    keys: ClassVar[RunKeys] = PLAIN
    checkpointer_class: ClassVar[type[WholeCheckpointer]] = WholeCheckpointer

    cfg: CfgNode
    checkpointer: WholeCheckpointer
    _trainer: SimpleTrainer

    def __init__(self, cfg: CfgNode):
        self._seed_is_drawn = self.keys.seed_of(cfg) < 0
        cfg = with_settled_seed(cfg, self.keys)
        seed_process(derived_seed(self.keys.seed_of(cfg), self.stage_number(cfg), WEIGHTS, comm.get_rank()))
        # The host's loop in mixed precision is float16's on CUDA alone.
        super().__init__(_with_amp(cfg, False) if wants_bfloat16(cfg) else cfg)
        if wants_bfloat16(cfg):
            self.cfg = _with_amp(self.cfg, True)
        parts = parts_of_a_batch(cfg)
        if parts > 1 or wants_bfloat16(cfg):
            self._trainer = Steps(self._trainer, parts, settled_dtype(cfg, self.model))

    @classmethod
    def stage_number(cls, cfg: CfgNode) -> int:
        """Which of a training's stages a config is of, from 1: stages of one seed draw other numbers."""
        return 1

    @classmethod
    def build_train_loader(cls, cfg: CfgNode) -> StreamLoader:
        """The host's data set and sampler; one that derives from this class and loads otherwise gives such a loader.

        Its ``dataset`` has a ``fingerprint()``.
        """
        train_set = SeededDataset(super().build_train_loader(cfg).dataset)
        return build_loader(cfg, train_set, seed=cls.keys.seed_of(cfg), stage=cls.stage_number(cfg))

    @classmethod
    def build_model(cls, cfg: CfgNode) -> torch.nn.Module:
        """The host's, whose training takes the memory, or the compiler, that the config says."""
        model: torch.nn.Module = super().build_model(cfg)
        fit_for_training(cfg, model)
        return model

    @classmethod
    def build_optimizer(cls, cfg: CfgNode, model: torch.nn.Module) -> tuple[torch.optim.Optimizer, Any]:
        """The host's, which updates all weights in one pass where it can."""
        optimizer, params = super().build_optimizer(cfg, model)
        in_one_pass(optimizer)
        return optimizer, params

    @classmethod
    def test(cls, cfg: CfgNode, model: torch.nn.Module) -> dict[str, Any]:
        """As the host's, with the statistics of the first process in all of them."""
        share_statistics(model)
        return super().test(cfg, model)

    def build_hooks(self) -> list[hooks.HookBase]:
        states = dict(self.checkpointer.checkpointables)
        if self.grad_scaler is not None:
            states["grad_scaler"] = self.grad_scaler
        self.checkpointer = self.checkpointer_class(
            self.checkpointer.model,
            self.checkpointer.save_dir,
            save_to_disk=self.checkpointer.save_to_disk,
            **states,
        )
        self.checkpointer.keep = self.keys.kept_checkpoints(self.cfg)
        self._evaluation = CheckpointedEvaluation(
            self.checkpointer, self._test_and_remember, self.cfg.SOLVER.CHECKPOINT_PERIOD, self.cfg.TEST.EVAL_PERIOD
        )
        built: list[hooks.HookBase] = []
        if comm.get_world_size() > 1:
            built.append(StragglerReport(self.model, self.optimizer))
        for hook in super().build_hooks():
            if isinstance(hook, hooks.EvalHook):
                built.append(self._evaluation)
            elif isinstance(hook, hooks.PeriodicWriter):
                built.append(EvaluationWriter.replacing(hook))
            elif not isinstance(hook, hooks.PeriodicCheckpointer):
                built.append(hook)
        return built

    def _test_and_remember(self) -> dict[str, Any]:
        self._last_eval_results = self.test(self.cfg, self.model)
        return self._last_eval_results

    @cached_property
    def record(self) -> RunRecord:
        """What this run is configured with and trained on."""
        data: Mapping[str, Any] = self.data_loader.dataset.fingerprint()
        return RunRecord.of(self.cfg, self.keys.seed_of(self.cfg), comm.get_world_size(), data, keys=self.keys)

    def resume_or_load(self, resume: bool = True) -> None:
        """As the host's; what is resumed is compared with the run that wrote the checkpoint first.

        Raises:
            CheckpointError: no checkpoint is whole, or what it was trained with is not what the config says now.
        """
        before = None
        path = self.checkpointer.get_checkpoint_file() if resume else ""
        if path:
            entries = read_entries(path)
            before = RunRecord.from_checkpoint(entries)
            if before is None:
                logger.warning("%s is of a version that kept no record of its run; nothing to compare with", path)
            else:
                if self._seed_is_drawn:
                    self._take_seed(before.seed)
                refuse_other_run(path, before, self.record, int(entries.get("epoch", -1)) + 1, self.keys)
        checkpoint = self.checkpointer.resume_or_load(self.cfg.MODEL.WEIGHTS, resume=resume)
        if not self.checkpointer.resumed_from:
            return
        self.start_epoch = checkpoint.get("epoch", -1) + 1
        self.data_loader.stream.first_epoch = self.start_epoch
        if comm.is_main_process():
            self._evaluation.best_metric = self._best_metric()
            written_again = self.start_epoch * self.iters_per_epoch
            if self._evaluation.evaluates_after(self.start_epoch - 1):
                written_again -= 1
            cut_log(os.path.join(self.cfg.OUTPUT_DIR, "metrics.json"), written_again)

    def train(self) -> dict[str, Any]:
        self.checkpointer.record = self.record
        return super().train()

    def before_epoch(self) -> None:
        # Whatever the model and its losses draw in an epoch follows from it, not from what was drawn before.
        seed = self.keys.seed_of(self.cfg)
        seed_process(derived_seed(seed, self.stage_number(self.cfg), MODEL, self.epoch, comm.get_rank()))
        super().before_epoch()

    def _take_seed(self, seed: int) -> None:
        self.cfg = self.keys.with_seed(self.cfg, seed)
        self.data_loader.stream.seed = seed

    def _best_metric(self) -> float:
        # The host forgets the best metric between runs and would replace model_best by a worse one.
        path = os.path.join(self.cfg.OUTPUT_DIR, f"{BEST}.pth")
        if not os.path.isfile(path):
            return -1.0
        try:
            entries = read_entries(path)
        except CheckpointError as error:
            logger.warning("%s; counting it as absent", error)
            return -1.0
        before = RunRecord.from_checkpoint(entries)
        if before is not None and not before.measures_alike(self.record, keys=self.keys):
            logger.warning("%s was chosen by another evaluation than this; the best is chosen anew", path)
            return -1.0
        return float(entries.get("metric", -1))


def _with_amp(cfg: CfgNode, enabled: bool) -> CfgNode:
    changed = cfg.clone()
    changed.defrost()
    changed.SOLVER.AMP.ENABLED = enabled
    if cfg.is_frozen():
        changed.freeze()
    return changed


def share_statistics(model: torch.nn.Module) -> None:
    """Gives all processes the buffers of the first.

    The host lets each process keep BN statistics of its own; those of the first are the ones that are saved, so that
    all processes have to evaluate with them for a checkpoint to give the figures of its training.
    """
    if comm.get_world_size() > 1:
        for buffer in model.buffers():
            torch.distributed.broadcast(buffer, 0)


def run_stage(trainer: type[ResumableTrainer], cfg: CfgNode, *, resume: bool, more_weights: str = "") -> dict[str, Any]:
    """Trains one stage into OUTPUT_DIR, from MODEL.WEIGHTS or from where the folder stands.

    Args:
        trainer: of the stage.
        cfg: its full config.
        resume: go on where OUTPUT_DIR stands.
        more_weights: a checkpoint that is loaded after MODEL.WEIGHTS, for parts that this lacks; empty: none.

    Returns:
        the results of the last evaluation.

    Raises:
        UserError: what cannot be loaded or written, or stopped the training.
    """
    os.makedirs(cfg.OUTPUT_DIR, exist_ok=True)
    with in_a_sentence():
        run = trainer(cfg)
        run.resume_or_load(resume=resume)
        if not run.checkpointer.resumed_from:
            if more_weights:
                run.checkpointer.load(more_weights, checkpointables=[])
            if comm.is_main_process():
                # Of a start that failed before its first checkpoint.
                cut_log(os.path.join(cfg.OUTPUT_DIR, "metrics.json"), 0)
        return run.train()
