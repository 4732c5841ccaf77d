"""The configs of the two stages."""

import os

from fastreid.config import CfgNode

from .starting_weights import holds_attention_stream

# Folder of stage 1 below OUTPUT_DIR.
STAGE1_FOLDER = "attention_stream"


def has_stage1(cfg: CfgNode) -> bool:
    """Whether the attention stream has to be trained alone first: there is one, and MODEL.WEIGHTS holds none.

    Raises:
        CheckpointError: MODEL.WEIGHTS cannot be read.
    """
    return needs_attention_stream(cfg) and not (cfg.MODEL.WEIGHTS and holds_attention_stream(cfg.MODEL.WEIGHTS))


def needs_attention_stream(cfg: CfgNode) -> bool:
    """Whether the configured model has an attention stream beside the main stream."""
    return cfg.MODEL.META_ARCHITECTURE == "IFD" and cfg.IFD.IKT.ENABLED


def stage1_config(cfg: CfgNode) -> CfgNode:
    """The config of stage 1: the attention stream alone, from its backbone's weights, in a folder of its own.

    With IFD.STAGE1.MAX_EPOCH, all that is counted in epochs or iterations scales with it, so that the learning rate
    rises and decays over a short stage as over a long one. The host counts SOLVER.STEPS from the end of the warm-up:
    a warm-up of full length would take a short stage whole.

    Args:
        cfg: full config of the training; not changed.
    """
    stage1 = with_epochs(cfg, cfg.IFD.STAGE1.MAX_EPOCH or cfg.SOLVER.MAX_EPOCH)
    stage1.defrost()
    stage1.MODEL.META_ARCHITECTURE = "IFDAttentionStream"
    stage1.MODEL.WEIGHTS = ""
    stage1.OUTPUT_DIR = os.path.join(cfg.OUTPUT_DIR, STAGE1_FOLDER)
    stage1.freeze()
    return stage1


def with_epochs(cfg: CfgNode, epochs: int) -> CfgNode:
    """The config of a training of so many epochs, whose learning rate rises and decays at the same shares of it.

    Args:
        cfg: full config; not changed.
        epochs: at least 1.
    """
    scale = epochs / cfg.SOLVER.MAX_EPOCH
    scaled = cfg.clone()
    scaled.defrost()
    solver = scaled.SOLVER
    solver.MAX_EPOCH = epochs
    solver.STEPS = sorted({max(1, round(step * scale)) for step in cfg.SOLVER.STEPS})
    solver.WARMUP_ITERS = round(cfg.SOLVER.WARMUP_ITERS * scale)
    solver.DELAY_EPOCHS = round(cfg.SOLVER.DELAY_EPOCHS * scale)
    solver.FREEZE_ITERS = round(cfg.SOLVER.FREEZE_ITERS * scale)
    scaled.freeze()
    return scaled
