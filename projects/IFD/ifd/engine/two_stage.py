"""IFD's training in two stages as two runs of one trainer (ICASSP 2025, training)."""

import logging
import os

from .checkpointer import IFDCheckpointer, num_training_identities
from .checks import check_config, refuse_overwriting
from .trainer import IFDTrainer

logger = logging.getLogger("fastreid.ifd.engine")

# Folder of stage 1 below OUTPUT_DIR.
STAGE1_FOLDER = "attention_stream"


def train(cfg, *, resume: bool = False, trainer=IFDTrainer) -> dict:
    """Trains as the config says: the attention stream alone first where IFD has one, then both streams.

    Stage 1 writes to OUTPUT_DIR/attention_stream, stage 2 to OUTPUT_DIR. MODEL.WEIGHTS, a checkpoint that holds the
    attention stream, skips stage 1.

    Args:
        cfg: full config.
        resume: go on where OUTPUT_DIR stands, in whichever stage that is.
        trainer: IFDTrainer or a subclass.

    Returns:
        The results of the last evaluation, see :class:`ifd.evaluation.ClothesEvaluator`.

    Raises:
        ConfigError: a key has a value that cannot work.
        OutputFolderError: OUTPUT_DIR holds a run and ``resume`` is off.
    """
    check_config(cfg)
    if not resume:
        refuse_overwriting(cfg.OUTPUT_DIR)
    if has_stage1(cfg):
        stage1 = stage1_config(cfg)
        weights = os.path.join(stage1.OUTPUT_DIR, "model_final.pth")
        if resume and os.path.isfile(weights):
            logger.info("Stage 1 is trained: %s", weights)
        else:
            logger.info("Stage 1 of 2: the attention stream alone, %d epochs", stage1.SOLVER.MAX_EPOCH)
            _run(stage1, resume, trainer)
        cfg = cfg.clone()
        cfg.defrost()
        cfg.MODEL.WEIGHTS = weights
        cfg.freeze()
        logger.info("Stage 2 of 2: both streams, %d epochs", cfg.SOLVER.MAX_EPOCH)
    return _run(cfg, resume, trainer)


def evaluate(cfg, *, trainer=IFDTrainer) -> dict:
    """Evaluates the checkpoint MODEL.WEIGHTS.

    Returns:
        The same results as the evaluation at the end of its training.

    Raises:
        CheckpointError: there is none, or it is of another model.
    """
    model = load_trained_model(cfg, cfg.MODEL.WEIGHTS, trainer=trainer)
    return trainer.test(cfg, model)


def load_trained_model(cfg, weights: str, *, trainer=IFDTrainer):
    """The configured model with the weights of a checkpoint, in evaluation mode on MODEL.DEVICE."""
    cfg = cfg.clone()
    cfg.defrost()
    cfg.MODEL.HEADS.NUM_CLASSES = num_training_identities(cfg, weights)
    cfg.MODEL.BACKBONE.PRETRAIN = False
    model = trainer.build_model(cfg)
    IFDCheckpointer(model).load(weights)
    return model.eval()


def has_stage1(cfg) -> bool:
    """Whether the attention stream has to be trained alone first."""
    return cfg.MODEL.META_ARCHITECTURE == "IFD" and cfg.IFD.IKT.ENABLED and not cfg.MODEL.WEIGHTS


def stage1_config(cfg):
    """The config of stage 1: the attention stream alone, in a folder of its own, with its length and steps."""
    epochs = cfg.IFD.STAGE1.MAX_EPOCH or cfg.SOLVER.MAX_EPOCH
    scale = epochs / cfg.SOLVER.MAX_EPOCH
    stage1 = cfg.clone()
    stage1.defrost()
    stage1.MODEL.META_ARCHITECTURE = "IFDAttentionStream"
    stage1.OUTPUT_DIR = os.path.join(cfg.OUTPUT_DIR, STAGE1_FOLDER)
    stage1.SOLVER.MAX_EPOCH = epochs
    stage1.SOLVER.STEPS = [max(1, round(step * scale)) for step in cfg.SOLVER.STEPS]
    stage1.freeze()
    return stage1


def _run(cfg, resume: bool, trainer) -> dict:
    os.makedirs(cfg.OUTPUT_DIR, exist_ok=True)
    run = trainer(cfg)
    run.resume_or_load(resume=resume)
    return run.train()
