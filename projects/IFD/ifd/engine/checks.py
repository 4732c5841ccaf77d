"""What is refused before the first step is spent."""

import os

import torch
from fastreid.data.datasets import DATASET_REGISTRY
from fastreid.modeling.backbones import build_backbone
from fastreid.modeling.meta_arch import META_ARCH_REGISTRY
from fastreid.utils import comm

from datasets_ext import UserError, check_clothing

from ..arguments import ArgumentError, naming
from ..data import build_masked_transforms
from ..evaluation import MODES


class ConfigError(UserError, ValueError):
    """A config key with a value that cannot work, or a config file that is none."""


class OutputFolderError(UserError, FileExistsError):
    """OUTPUT_DIR cannot be written, or holds what would be overwritten."""


def check_config(cfg) -> None:
    """Builds what the config names once, on the CPU and without pre-trained weights, so that a bad value shows at once.

    Otherwise a wrong key of stage 2 would show after all of stage 1.

    Raises:
        ConfigError: a key has a value that cannot work; the message names the key and what is expected.
    """
    if cfg.IFD.METRIC_MODE not in MODES:
        raise ConfigError(f"IFD.METRIC_MODE is {cfg.IFD.METRIC_MODE!r}; expected one of {', '.join(MODES)}")
    if cfg.IFD.KEEP_CHECKPOINTS < 0:
        raise ConfigError(f"IFD.KEEP_CHECKPOINTS is {cfg.IFD.KEEP_CHECKPOINTS}; expected 0 (all) or more")
    if cfg.TEST.EVAL_PERIOD < 1:
        raise ConfigError(f"TEST.EVAL_PERIOD is {cfg.TEST.EVAL_PERIOD}; expected a number of epochs, at least 1")
    if cfg.SOLVER.HEADS_LR_FACTOR != 1.0 and cfg.IFD.IKT.ENABLED:
        raise ConfigError(
            f"SOLVER.HEADS_LR_FACTOR is {cfg.SOLVER.HEADS_LR_FACTOR}, but the host applies it to the main stream's "
            "head alone and not to the attention stream's; leave it at 1.0 or switch IFD.IKT.ENABLED off"
        )
    if cfg.IFD.CBD.ENABLED and cfg.DATALOADER.NUM_INSTANCE < 2:
        raise ConfigError(
            f"DATALOADER.NUM_INSTANCE is {cfg.DATALOADER.NUM_INSTANCE}, but the clothing loss of IFD.CBD compares "
            "images of one person; set it to at least 2"
        )
    for name in (*cfg.DATASETS.NAMES, *cfg.DATASETS.TESTS):
        try:
            DATASET_REGISTRY.get(name)
        except KeyError as error:
            raise ConfigError(
                f"DATASETS names {name!r}, which is not registered with fast-reid; this project registers PRCC, LTCC, "
                "RenderedPeoplePRCCLayout and RenderedPeopleLTCCLayout"
            ) from error

    trial = cfg.clone()
    trial.defrost()
    trial.MODEL.BACKBONE.PRETRAIN = False
    trial.MODEL.HEADS.NUM_CLASSES = 1
    try:
        architecture = META_ARCH_REGISTRY.get(cfg.MODEL.META_ARCHITECTURE)
        with naming(getattr(architecture, "config_keys", {})):
            model = architecture(trial)
        _check_frozen_layers(cfg, model)
        _check_backbone_weights(cfg, trial)
        check_clothing(cfg.IFD.PARSING.SYSTEM, list(cfg.IFD.PARSING.CLOTHING) or None)
        build_masked_transforms(cfg)
    except ConfigError:
        raise
    except ArgumentError as error:
        raise ConfigError(str(error)) from error
    except (KeyError, ValueError, AssertionError) as error:
        raise ConfigError(error.args[0] if error.args else repr(error)) from error


def _check_frozen_layers(cfg, model) -> None:
    """The host logs which of MODEL.FREEZE_LAYERS it does not find, and trains them."""
    parts = [name for name, _ in model.named_children()]
    for name in cfg.MODEL.FREEZE_LAYERS if cfg.SOLVER.FREEZE_ITERS > 0 else ():
        if name not in parts:
            raise ConfigError(f"MODEL.FREEZE_LAYERS names {name!r}; the model's parts are {', '.join(parts)}")


def _check_backbone_weights(cfg, without_weights) -> None:
    """The host logs which weights of MODEL.BACKBONE.PRETRAIN_PATH it leaves out, and goes on without any of them.

    Args:
        cfg: full config.   without_weights: the same with MODEL.BACKBONE.PRETRAIN off.
    """
    path = cfg.MODEL.BACKBONE.PRETRAIN_PATH
    if not (cfg.MODEL.BACKBONE.PRETRAIN and path):
        return
    hint = "projects/IFD/tools/extract_backbone.py makes such a file from a checkpoint"
    if not os.path.isfile(path):
        raise ConfigError(f"MODEL.BACKBONE.PRETRAIN_PATH {path} does not exist; {hint}")
    weights = build_backbone(without_weights).state_dict()
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise ConfigError(f"MODEL.BACKBONE.PRETRAIN_PATH {path} cannot be read ({error}); {hint}") from error
    # Some of the host's backbones read published files whose weights lie one level down, under names of their own.
    if not isinstance(found, dict) or {"state_dict", "model"} & set(found):
        return
    shapes = {name: getattr(value, "shape", None) for name, value in found.items()}
    if not any(weights[name].shape == shape for name, shape in shapes.items() if name in weights):
        raise ConfigError(
            f"nothing in MODEL.BACKBONE.PRETRAIN_PATH {path} fits the backbone {cfg.MODEL.BACKBONE.NAME} "
            f"{cfg.MODEL.BACKBONE.DEPTH}: it holds {', '.join(list(found)[:3])}, "
            f"expected {', '.join(list(weights)[:3])}; {hint}"
        )


def refuse_overwriting(output_dir: str) -> None:
    """Raises OutputFolderError where a folder holds a run already.

    Only the first process looks; the others wait for it, so that none takes what another one writes for an old run.
    """
    found = [
        name
        for name in ("last_checkpoint", "metrics.json", "attention_stream")
        if os.path.exists(os.path.join(output_dir, name))
    ]
    if found and comm.is_main_process():
        raise OutputFolderError(
            f"{output_dir} holds a run already ({', '.join(found)}). Go on with it: --resume. "
            "Start another: OUTPUT_DIR some/other/folder at the end of the command."
        )
    comm.synchronize()
