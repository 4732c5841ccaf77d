"""IFD's training in two stages as two runs of one trainer (ICASSP 2025, training)."""

import logging
import os

import torch
from fastreid.config import CfgNode

from fastreid_runs import ConfigError, run_stage
from fastreid_runs.arguments import ArgumentError, architecture_keys, naming
from fastreid_runs.resuming import is_trained, with_settled_seed
from fastreid_runs.run_folder import occupied, refuse_overwriting
from fastreid_runs.training_errors import in_a_sentence

from ..data import build_train_set
from .checkpointer import IFDCheckpointer, num_training_identities
from .checks import check_config, check_data
from .run_keys import KEYS
from .stages import STAGE1_FOLDER, has_stage1, needs_attention_stream, stage1_config, stage2_config
from .trainer import IFDTrainer

logger = logging.getLogger("fastreid.ifd.engine")


def train(cfg: CfgNode, *, resume: bool = False, trainer: type[IFDTrainer] = IFDTrainer, checked: bool = False) -> dict:
    """Trains as the config says: the attention stream alone first where IFD has one, then both streams.

    Stage 1 writes to OUTPUT_DIR/attention_stream, stage 2 to OUTPUT_DIR. MODEL.WEIGHTS is a checkpoint to start from:

    - it holds an attention stream: stage 1 is skipped, and stage 2 starts from all that the file holds; with
      IFD.STAGE1.ALWAYS it is trained on alone before;
    - it holds none (the baseline's, or that of IFD without knowledge transfer): stage 1 trains one, and stage 2's main
      stream starts from the file.

    Args:
        cfg: full config.
        resume: go on where OUTPUT_DIR stands, in whichever stage that is.
        trainer: IFDTrainer or a subclass.
        checked: whether the config is of :func:`ifd.engine.setup`, which has checked the data sets already.

    Returns:
        The results of the last evaluation, see :class:`ifd.evaluation.ClothesEvaluator`.

    Raises:
        ConfigError: a key has a value that cannot work.
        DatasetError: something of a data set is missing.
        CheckpointError: MODEL.WEIGHTS cannot be read, or is of another model; what is resumed was another run, or is
            damaged; a checkpoint cannot be written.
        OutputFolderError: OUTPUT_DIR holds a run and ``resume`` is off, or another process trains into it.
        TrainingError: losses are no numbers any more, or memory ran out.
    """
    if not resume:
        refuse_overwriting(cfg.OUTPUT_DIR, [STAGE1_FOLDER])
    check_config(cfg)
    if not checked:
        check_data(cfg)
    with occupied(cfg.OUTPUT_DIR, [STAGE1_FOLDER]):
        return _train_stages(cfg, resume, trainer)


def _train_stages(cfg: CfgNode, resume: bool, trainer: type[IFDTrainer]) -> dict:
    stage1_folder = os.path.join(cfg.OUTPUT_DIR, STAGE1_FOLDER)
    cfg = with_settled_seed(cfg, KEYS, (cfg.OUTPUT_DIR, stage1_folder) if resume else ())
    more_weights = ""
    # Once stage 1 is begun, what it began from is not asked again.
    begun = resume and os.path.isdir(stage1_folder)
    if needs_attention_stream(cfg) and (begun or has_stage1(cfg)):
        stage1 = stage1_config(cfg)
        if resume and is_trained(stage1, KEYS, cfg.OUTPUT_DIR, lambda: build_train_set(stage1).fingerprint()):
            logger.info("Stage 1 is trained: %s", os.path.join(stage1.OUTPUT_DIR, "model_final.pth"))
        else:
            logger.info("Stage 1 of 2: the attention stream alone, %d epochs", stage1.SOLVER.MAX_EPOCH)
            if stage1.MODEL.WEIGHTS:
                logger.info("Both streams start from %s", cfg.MODEL.WEIGHTS)
            elif cfg.MODEL.WEIGHTS:
                logger.info("%s holds no attention stream; stage 2's main stream starts from it", cfg.MODEL.WEIGHTS)
            run_stage(trainer, stage1, resume=resume)
        cfg, more_weights = stage2_config(cfg, stage1)
        logger.info("Stage 2 of 2: both streams, %d epochs", cfg.SOLVER.MAX_EPOCH)
    elif needs_attention_stream(cfg):
        logger.info("Stage 1 is skipped: %s holds an attention stream", cfg.MODEL.WEIGHTS)
    return run_stage(trainer, cfg, resume=resume, more_weights=more_weights)


def evaluate(cfg: CfgNode, *, trainer: type[IFDTrainer] = IFDTrainer) -> dict:
    """Evaluates the checkpoint MODEL.WEIGHTS.

    Returns:
        The same results as the evaluation at the end of its training.

    Raises:
        ConfigError: a key has a value that cannot work.
        CheckpointError: there is none, or it is of another model.
        OutputFolderError: another process writes to OUTPUT_DIR.
    """
    check_config(cfg, train=False)
    model = load_trained_model(cfg, cfg.MODEL.WEIGHTS, trainer=trainer)
    with occupied(cfg.OUTPUT_DIR), in_a_sentence():
        return trainer.test(cfg, model)


def load_trained_model(cfg: CfgNode, weights: str, *, trainer: type[IFDTrainer] = IFDTrainer) -> torch.nn.Module:
    """The configured model with the weights of a checkpoint, in evaluation mode on MODEL.DEVICE.

    The weights of its convolutions lie as its images do, channels last. In training they cannot: the host keeps all
    weights in one buffer.

    Raises:
        CheckpointError: the weights cannot be read, or are of another model.
        ConfigError: keys contradict each other.
    """
    cfg = cfg.clone()
    cfg.defrost()
    cfg.MODEL.HEADS.NUM_CLASSES = num_training_identities(cfg, weights)
    cfg.MODEL.BACKBONE.PRETRAIN = False
    try:
        with naming(architecture_keys(cfg)):
            model = trainer.build_model(cfg)
    except ArgumentError as error:
        raise ConfigError(f"the model cannot be built: {error}") from error
    IFDCheckpointer(model).load(weights)
    return model.to(memory_format=torch.channels_last).eval()
