"""The host's trainer on data with clothes and parsing maps."""

import logging
from collections import OrderedDict
from typing import Any

import torch
from fastreid.config import CfgNode
from fastreid.engine import hooks
from fastreid.evaluation import inference_on_dataset
from torch.utils.data import DataLoader

from fastreid_runs import ResumableTrainer
from fastreid_runs.loader import StreamLoader
from fastreid_runs.trainer import share_statistics

from ..data import TestFacts, build_test_loader, build_train_loader, count_outfits, stage_number
from ..data.region_sample import read_region_sample
from ..evaluation import ClothesEvaluator
from .checkpointer import IFDCheckpointer
from .epoch_report import EpochReport
from .run_keys import KEYS

logger = logging.getLogger("fastreid.ifd.engine")


class IFDTrainer(ResumableTrainer):
    """Trains and evaluates IFD (or any meta-architecture fed with image and mask) through the host's hooks.

    Loaders that read parsing maps and the clothes-aware evaluator, in runs that go on bit by bit where they were
    stopped, see :class:`fastreid_runs.ResumableTrainer`.

    Args:
        cfg: full config of one stage. A negative IFD.SEED is drawn here, the same in all processes; resuming takes that
            of the checkpoint.
    """

    keys = KEYS
    checkpointer_class = IFDCheckpointer

    def __init__(self, cfg: CfgNode):
        super().__init__(_with_counted_outfits(cfg))

    @classmethod
    def stage_number(cls, cfg: CfgNode) -> int:
        """1 for the attention stream alone, 2 for everything else that is trained."""
        return stage_number(cfg)

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
        facts: TestFacts = loader.dataset.facts  # type: ignore[attr-defined]  # of build_test_loader
        return loader, ClothesEvaluator(
            cfg,
            num_query,
            output_dir,
            dataset_name=dataset_name,
            single_shot_gallery=facts.single_shot_gallery,
            modes=facts.modes,
            label_kind=facts.label_kind,
            camera_kind=facts.camera_kind,
            further_labels=facts.further_labels,
        )

    @classmethod
    def test(cls, cfg: CfgNode, model: torch.nn.Module) -> dict[str, Any]:
        """Evaluates on every data set of DATASETS.TESTS; the evaluator prints its own table of modes.

        Returns:
            dict of metrics with ``metric``; by data set name where there are several.
        """
        share_statistics(model)
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
        report = EpochReport(self.model, lambda: read_region_sample(self.cfg, self.data_loader.dataset))
        return [report, *super().build_hooks()]


def _with_counted_outfits(cfg: CfgNode) -> CfgNode:
    """The config with IFD.OUTFITS.COUNT, where the model has a class for each outfit."""
    if cfg.MODEL.META_ARCHITECTURE != "IFD" or not cfg.IFD.CAL.ENABLED or cfg.IFD.OUTFITS.COUNT:
        return cfg
    counted = cfg.clone()
    counted.defrost()
    counted.IFD.OUTFITS.COUNT = count_outfits(cfg)
    if cfg.is_frozen():
        counted.freeze()
    return counted
