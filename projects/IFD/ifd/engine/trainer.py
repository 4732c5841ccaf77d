"""The host's trainer on data with clothes and parsing maps."""

import logging
import os
from collections import OrderedDict

import torch
from fastreid.data.datasets import DATASET_REGISTRY
from fastreid.engine import DefaultTrainer, hooks
from fastreid.evaluation import inference_on_dataset
from fastreid.utils import comm

from ..data import build_test_loader, build_train_loader
from ..evaluation import ClothesEvaluator
from .checkpointer import IFDCheckpointer
from .hooks import EvaluationWriter

logger = logging.getLogger("fastreid.ifd.engine")


class IFDTrainer(DefaultTrainer):
    """Trains and evaluates IFD (or any meta-architecture fed with image and mask) through the host's hooks.

    Only the host's extension points are overridden: loaders that read parsing maps, the clothes-aware evaluator, and a
    checkpointer whose files are whole and fit.
    """

    @classmethod
    def build_train_loader(cls, cfg):
        logger.info("Prepare training set")
        loader = build_train_loader(cfg)
        if len(loader.dataset) < cfg.SOLVER.IMS_PER_BATCH:
            raise ValueError(
                f"{len(loader.dataset)} training images do not fill one batch of SOLVER.IMS_PER_BATCH "
                f"{cfg.SOLVER.IMS_PER_BATCH}; lower it"
            )
        return loader

    @classmethod
    def build_test_loader(cls, cfg, dataset_name):
        return build_test_loader(cfg, dataset_name)

    @classmethod
    def build_evaluator(cls, cfg, dataset_name, output_dir=None):
        loader, num_query = cls.build_test_loader(cfg, dataset_name)
        single_shot_gallery = DATASET_REGISTRY.get(dataset_name).single_shot_gallery
        return loader, ClothesEvaluator(
            cfg, num_query, output_dir, dataset_name=dataset_name, single_shot_gallery=single_shot_gallery
        )

    @classmethod
    def test(cls, cfg, model):
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

    def build_hooks(self):
        self.checkpointer = IFDCheckpointer(
            self.checkpointer.model,
            self.checkpointer.save_dir,
            save_to_disk=self.checkpointer.save_to_disk,
            **self.checkpointer.checkpointables,
        )
        self.checkpointer.keep = self.cfg.IFD.KEEP_CHECKPOINTS
        return [
            EvaluationWriter.replacing(hook) if isinstance(hook, hooks.PeriodicWriter) else hook
            for hook in super().build_hooks()
        ]

    def resume_or_load(self, resume=True):
        super().resume_or_load(resume)
        best = os.path.join(self.cfg.OUTPUT_DIR, "model_best.pth")
        if resume and comm.is_main_process() and os.path.isfile(best):
            # The host forgets the best metric between runs and would replace model_best by a worse one.
            try:
                metric = torch.load(best, map_location="cpu", mmap=True, weights_only=True).get("metric", -1)
            except Exception as error:
                logger.warning("%s cannot be read (%s); counting it as absent", best, error)
                return
            for hook in self._hooks:
                if isinstance(hook, hooks.PeriodicCheckpointer):
                    hook.best_metric = metric

    def train(self):
        if self.start_epoch >= self.max_epoch:
            logger.info("All %d epochs are trained; evaluating", self.max_epoch)
            return self.test(self.cfg, self.model)
        return super().train()
