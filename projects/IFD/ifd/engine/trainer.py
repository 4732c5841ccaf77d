"""The host's trainer on data with clothes and parsing maps."""

import logging
import os
from collections import OrderedDict
from functools import cached_property
from typing import Any

import torch
from fastreid.config import CfgNode
from fastreid.data.datasets import DATASET_REGISTRY
from fastreid.engine import DefaultTrainer, hooks
from fastreid.evaluation import inference_on_dataset
from fastreid.utils import comm
from torch.utils.data import DataLoader

from ..data import StreamLoader, build_test_loader, build_train_loader
from ..data.region_sample import read_region_sample
from ..data.seeding import MODEL, WEIGHTS, derived_seed, seed_process, stage_number
from ..evaluation import ClothesEvaluator
from .checkpointer import BEST, CheckpointError, IFDCheckpointer, read_entries
from .epoch_report import EpochReport
from .hooks import CheckpointedEvaluation, EvaluationWriter
from .resuming import refuse_other_run, with_seed, with_settled_seed
from .run_record import RunRecord
from .whole_files import cut_log

logger = logging.getLogger("fastreid.ifd.engine")


class IFDTrainer(DefaultTrainer):
    """Trains and evaluates IFD (or any meta-architecture fed with image and mask) through the host's hooks.

    Only the host's extension points are overridden: loaders that read parsing maps, the clothes-aware evaluator, a
    checkpointer whose files are whole and fit, and random numbers that follow (IFD.SEED, stage, epoch), so that a
    training that was stopped anywhere and resumed is, on the CPU, bit for bit the one that was not.

    Args:
        cfg: full config of one stage. A negative IFD.SEED is drawn here, the same in all processes; resuming takes that
            of the checkpoint.
    """

    cfg: CfgNode
    checkpointer: IFDCheckpointer

    def __init__(self, cfg: CfgNode):
        self._seed_is_drawn = cfg.IFD.SEED < 0
        cfg = with_settled_seed(cfg)
        seed_process(derived_seed(cfg.IFD.SEED, stage_number(cfg), WEIGHTS, comm.get_rank()))
        super().__init__(cfg)

    @classmethod
    def build_train_loader(cls, cfg: CfgNode) -> StreamLoader:
        logger.info("Prepare training set")
        return build_train_loader(cfg)

    @classmethod
    def build_test_loader(cls, cfg: CfgNode, dataset_name: str) -> tuple[DataLoader, int]:
        return build_test_loader(cfg, dataset_name)

    @classmethod
    def build_evaluator(
        cls, cfg: CfgNode, dataset_name: str, output_dir: str | None = None
    ) -> tuple[DataLoader, ClothesEvaluator]:
        loader, num_query = cls.build_test_loader(cfg, dataset_name)
        single_shot_gallery = DATASET_REGISTRY.get(dataset_name).single_shot_gallery
        return loader, ClothesEvaluator(
            cfg, num_query, output_dir, dataset_name=dataset_name, single_shot_gallery=single_shot_gallery
        )

    @classmethod
    def test(cls, cfg: CfgNode, model: torch.nn.Module) -> dict[str, Any]:
        """Evaluates on every data set of DATASETS.TESTS; the evaluator prints its own table of modes.

        Returns:
            dict of metrics with ``metric``; by data set name where there are several.
        """
        if comm.get_world_size() > 1:
            # The host lets each process keep BN statistics of its own; those of the first are the ones that are saved,
            # so that all processes have to evaluate with them for a checkpoint to give the figures of its training.
            for buffer in model.buffers():
                torch.distributed.broadcast(buffer, 0)
        if model.training:
            # What is evaluated is the network of this training, not the file that it started from.
            cfg = cfg.clone()
            cfg.defrost()
            cfg.MODEL.WEIGHTS = ""
        results = OrderedDict()
        for name in cfg.DATASETS.TESTS:
            logger.info("Prepare testing set %s", name)
            loader, evaluator = cls.build_evaluator(cfg, name, cfg.OUTPUT_DIR)
            results[name] = inference_on_dataset(model, loader, evaluator, flip_test=cfg.TEST.FLIP.ENABLED)
        return next(iter(results.values())) if len(results) == 1 else results

    def build_hooks(self) -> list[hooks.HookBase]:
        states = dict(self.checkpointer.checkpointables)
        if self.grad_scaler is not None:
            states["grad_scaler"] = self.grad_scaler
        self.checkpointer = IFDCheckpointer(
            self.checkpointer.model,
            self.checkpointer.save_dir,
            save_to_disk=self.checkpointer.save_to_disk,
            **states,
        )
        self.checkpointer.keep = self.cfg.IFD.KEEP_CHECKPOINTS
        self._evaluation = CheckpointedEvaluation(
            self.checkpointer, self._test_and_remember, self.cfg.SOLVER.CHECKPOINT_PERIOD, self.cfg.TEST.EVAL_PERIOD
        )
        report = EpochReport(self.model, lambda: read_region_sample(self.cfg, self.data_loader.dataset))
        built: list[hooks.HookBase] = [report]
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
        data = self.data_loader.dataset.fingerprint()
        return RunRecord.of(self.cfg, self.cfg.IFD.SEED, comm.get_world_size(), data)

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
                refuse_other_run(path, before, self.record, int(entries.get("epoch", -1)) + 1)
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
        seed_process(derived_seed(self.cfg.IFD.SEED, stage_number(self.cfg), MODEL, self.epoch, comm.get_rank()))
        super().before_epoch()

    def _take_seed(self, seed: int) -> None:
        self.cfg = with_seed(self.cfg, seed)
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
        if before is not None and not before.measures_alike(self.record):
            logger.warning("%s was chosen by another evaluation than this; the best is chosen anew", path)
            return -1.0
        return float(entries.get("metric", -1))
