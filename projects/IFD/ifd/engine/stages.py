"""The configs of the two stages."""

import os

from fastreid.config import CfgNode

from .starting_weights import holds_attention_stream, holds_main_stream

# Folder of stage 1 below OUTPUT_DIR.
STAGE1_FOLDER = "attention_stream"


def has_stage1(cfg: CfgNode) -> bool:
    """Whether the attention stream is trained alone first: there is one, and MODEL.WEIGHTS holds none, or it is anyway.

    Raises:
        CheckpointError: MODEL.WEIGHTS cannot be read.
    """
    return needs_attention_stream(cfg) and (cfg.IFD.STAGE1.ALWAYS or not starts_with_attention_stream(cfg))


def starts_with_attention_stream(cfg: CfgNode) -> bool:
    """Whether MODEL.WEIGHTS holds an attention stream.

    Raises:
        CheckpointError: it cannot be read.
    """
    return bool(cfg.MODEL.WEIGHTS) and holds_attention_stream(cfg.MODEL.WEIGHTS)


def needs_attention_stream(cfg: CfgNode) -> bool:
    """Whether the configured model has an attention stream beside the main stream."""
    return cfg.MODEL.META_ARCHITECTURE == "IFD" and cfg.IFD.IKT.ENABLED


def stage1_config(cfg: CfgNode) -> CfgNode:
    """The config of stage 1, in a folder of its own: the attention stream alone, from its backbone's or given weights.

    With IFD.STAGE1.MAX_EPOCH, all that is counted in epochs or iterations scales with it, so that the learning rate
    rises and decays over a short stage as over a long one. The host counts SOLVER.STEPS from the end of the warm-up:
    a warm-up of full length would take a short stage whole.

    Args:
        cfg: full config of the training; not changed.
    """
    stage1 = with_epochs(cfg, cfg.IFD.STAGE1.MAX_EPOCH or cfg.SOLVER.MAX_EPOCH)
    stage1.defrost()
    stage1.MODEL.META_ARCHITECTURE = "IFDAttentionStream"
    stage1.SOLVER.BASE_LR = cfg.IFD.STAGE1.BASE_LR or cfg.SOLVER.BASE_LR
    if not (cfg.IFD.STAGE1.ALWAYS and starts_with_attention_stream(cfg)):
        stage1.MODEL.WEIGHTS = ""
    stage1.OUTPUT_DIR = os.path.join(cfg.OUTPUT_DIR, STAGE1_FOLDER)
    stage1.freeze()
    return stage1


def stage2_config(cfg: CfgNode, stage1: CfgNode) -> tuple[CfgNode, str]:
    """The config of stage 2 after a stage 1, and the weights that are loaded after its own: the last word is theirs.

    Args:
        cfg: full config of the training; not changed.
        stage1: that of its stage 1.
    """
    made = os.path.join(stage1.OUTPUT_DIR, "model_final.pth")
    stage2 = cfg.clone()
    stage2.defrost()
    stage2.MODEL.WEIGHTS, more = (cfg.MODEL.WEIGHTS, made) if stage1.MODEL.WEIGHTS else (made, cfg.MODEL.WEIGHTS)
    if stage1.MODEL.WEIGHTS and holds_main_stream(cfg.MODEL.WEIGHTS):
        # The file's stays, and is not taken from stage 1's.
        stage2.IFD.STAGE1.START_MAIN_STREAM = stage2.IFD.STAGE1.START_MAIN_HEAD = False
    stage2.freeze()
    return stage2, more


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
