"""What a training of IFD starts from: weights of a backbone, or a checkpoint."""

from fastreid.config import CfgNode
from fastreid.modeling.backbones import build_backbone

from fastreid_compat.table import random_state_kept
from fastreid_runs import ConfigError, starting_weights
from fastreid_runs.trial import silence
from timm_backbones import BackboneError, build_timm_backbone

from .checkpointer import read_model

_ATTENTION_STREAM, _MAIN_STREAM = "attention_stream.", "backbone."
_HINT = "projects/IFD/tools/extract_backbone.py makes such a file from a checkpoint"


def check_backbone_weights(cfg: CfgNode) -> None:
    """Loads what MODEL.BACKBONE.PRETRAIN asks for once, see :mod:`fastreid_runs.starting_weights`.

    Args:
        cfg: full config.

    Raises:
        ConfigError: the weights are missing or do not fill the backbone.
    """
    if build_timm_backbone.__name__ != cfg.MODEL.BACKBONE.NAME:
        starting_weights.check_backbone_weights(cfg, hint=_HINT)
    elif cfg.MODEL.BACKBONE.PRETRAIN:
        # These refuse by themselves what does not fit, whatever the kind of file.
        with random_state_kept(), silence():
            try:
                build_backbone(cfg)
            except BackboneError as error:
                raise ConfigError(str(error)) from error


def holds_attention_stream(path: str) -> bool:
    """Whether a checkpoint has an attention stream, so that stage 1 has nothing to do.

    Raises:
        CheckpointError: it cannot be read.
    """
    return _holds(path, _ATTENTION_STREAM)


def holds_main_stream(path: str) -> bool:
    """Whether a checkpoint has the backbone of a main stream.

    Raises:
        CheckpointError: it cannot be read.
    """
    return _holds(path, _MAIN_STREAM)


def _holds(path: str, part: str) -> bool:
    return any(name.removeprefix("module.").startswith(part) for name in read_model(path))
