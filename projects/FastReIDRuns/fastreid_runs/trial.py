"""One training step and one evaluation on made-up input, before hours are spent on real input."""

import contextlib
import logging
import os
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from fastreid.config import CfgNode
from fastreid.data.transforms import build_transforms
from fastreid.evaluation import ReidEvaluator
from fastreid.modeling.meta_arch import META_ARCH_REGISTRY
from fastreid.solver import build_lr_scheduler, build_optimizer
from fastreid.utils.events import EventStorage
from PIL import Image

from datasets_ext import UserError
from fastreid_compat.table import random_state_kept

from .arguments import architecture_keys, naming
from .checkpointer import WholeCheckpointer
from .compiling import check_compiler
from .errors import ConfigError
from .run_keys import value_of
from .steps import fit_for_training


@dataclass(frozen=True)
class MadeUp:
    """What a project makes up to try a config on.

    Attributes:
        images: of (config, whether they are for training), float (N, C, H, W) as a loader gives them, N at least 4.
        labels: of a training batch, values for each image by the loader's names; ``targets`` among them.
        build_evaluator: builds the project's evaluator from a config and lets go of it.
        checkpointer: class of the project's.
        norms: config keys, beside the host's, of norm layers that may be synchronised.
    """

    images: Callable[[CfgNode, bool], torch.Tensor]
    labels: Mapping[str, Sequence[Any]]
    build_evaluator: Callable[[CfgNode], Any]
    checkpointer: type[WholeCheckpointer] = WholeCheckpointer
    norms: tuple[str, ...] = ()


def try_config(cfg: CfgNode, made_up: MadeUp, *, train: bool = True, weights: str = "") -> None:
    """Builds what a config names, on the CPU and without pre-trained weights, and runs it once.

    Transforms, model, losses, optimiser, scheduler and evaluator are built; images in the configured sizes go through
    one evaluation and, with ``train``, one training step. Random numbers are drawn from where they stood afterwards,
    and nothing is logged or written. What cannot run on the CPU, as a backbone with CUDA kernels of its own, is tried
    on a MODEL.DEVICE of CUDA's before it is refused.

    Args:
        cfg: full config of one stage.
        made_up: what stands in for the data.
        train: whether it is going to train.
        weights: a checkpoint that the training starts from; empty: none.

    Raises:
        ConfigError: something cannot be built or run; the message says what and where.
        CheckpointError: the weights do not fit.
    """
    if train and cfg.SOLVER.get("COMPILE", False):
        check_compiler(cfg.MODEL.DEVICE)
    try:
        _try(_on_device(cfg, made_up, "cpu"), made_up, train, weights)
    except ConfigError:
        if torch.device(cfg.MODEL.DEVICE).type != "cuda" or not torch.cuda.is_available():
            raise
        _try(_on_device(cfg, made_up, cfg.MODEL.DEVICE), made_up, train, weights)


def _try(trial: CfgNode, made_up: MadeUp, train: bool, weights: str) -> None:
    with random_state_kept(), silence(), EventStorage(0):
        with _naming("the model of MODEL.META_ARCHITECTURE, MODEL.BACKBONE and MODEL.HEADS cannot be built"):
            keys = architecture_keys(trial)
            with naming(keys):
                model = META_ARCH_REGISTRY.get(trial.MODEL.META_ARCHITECTURE)(trial).to(trial.MODEL.DEVICE)
            if trial.SOLVER.get("RECOMPUTE_ACTIVATIONS", False):
                fit_for_training(trial, model)
        if train:
            _check_frozen_layers(trial, model)
        if weights:
            made_up.checkpointer(model, save_to_disk=False).load(weights, checkpointables=[])
        with _naming("INPUT.* cannot be built or applied"):
            test_images = made_up.images(trial, False)
            train_images = made_up.images(trial, True) if train else None
        with _naming("the evaluator of TEST.* cannot be built"):
            made_up.build_evaluator(trial)
        where = f"made-up images of INPUT.SIZE_TEST {list(trial.INPUT.SIZE_TEST)}"
        with _naming(f"an evaluation of {where} fails"), naming(keys):
            _evaluate(model, test_images)
        if train_images is not None:
            with _naming("the optimiser of SOLVER.* cannot be built"):
                optimizer, _ = build_optimizer(trial, model)
                schedulers = build_lr_scheduler(trial, optimizer, max(1, trial.SOLVER.WARMUP_ITERS))
            where = f"made-up images of INPUT.SIZE_TRAIN {list(trial.INPUT.SIZE_TRAIN)}"
            with _naming(f"a training step on {where} fails"), naming(keys):
                _step(model, train_images, made_up.labels, optimizer)
                for scheduler in schedulers.values():
                    scheduler.step()


def _on_device(cfg: CfgNode, made_up: MadeUp, device: str) -> CfgNode:
    trial = cfg.clone()
    trial.defrost()
    trial.MODEL.DEVICE = device
    trial.MODEL.BACKBONE.PRETRAIN = False
    trial.MODEL.HEADS.NUM_CLASSES = len(set(made_up.labels["targets"]))
    # On the CPU, or without the other processes, there is nothing to synchronise with.
    for key in ("MODEL.BACKBONE.NORM", "MODEL.HEADS.NORM", *made_up.norms):
        if value_of(trial, key) == "syncBN":
            trial.merge_from_list([key, "BN"])
    trial.freeze()
    return trial


def _check_frozen_layers(cfg: CfgNode, model: torch.nn.Module) -> None:
    """The host logs which of MODEL.FREEZE_LAYERS it does not find, and trains them."""
    parts = [name for name, _ in model.named_children()]
    for name in cfg.MODEL.FREEZE_LAYERS if cfg.SOLVER.FREEZE_ITERS > 0 else ():
        if name not in parts:
            raise ConfigError(f"MODEL.FREEZE_LAYERS names {name!r}; the model's parts are {', '.join(parts)}")


def _evaluate(model: torch.nn.Module, images: torch.Tensor) -> None:
    model.eval()
    with torch.no_grad():
        features = model({"images": images[:2]})
    if not isinstance(features, torch.Tensor) or features.dim() != 2 or len(features) != 2:
        found = tuple(features.shape) if isinstance(features, torch.Tensor) else type(features).__name__
        raise ConfigError(
            f"MODEL.META_ARCHITECTURE {type(model).__name__} gives {found} of two images; expected descriptors (2, D)"
        )


def _step(
    model: torch.nn.Module,
    images: torch.Tensor,
    labels: Mapping[str, Sequence[Any]],
    optimizer: torch.optim.Optimizer,
) -> None:
    model.train()
    losses = model({"images": images, **{name: torch.tensor(values) for name, values in labels.items()}})
    if not losses:
        raise ConfigError("the model has no loss to learn from; see MODEL.LOSSES.NAME")
    for name, loss in losses.items():
        if not torch.isfinite(loss):
            raise ConfigError(f"{name} is {loss.item()} in the first step, on made-up images; see its options")
    optimizer.zero_grad()
    sum(losses.values()).backward()
    optimizer.step()


@contextlib.contextmanager
def _naming(what: str) -> Iterator[None]:
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        raise ConfigError(f"{what}: {_words(error)}") from error


def _words(error: Exception) -> str:
    said = str(error)
    if isinstance(error, AssertionError | ValueError) and said:
        return said
    if isinstance(error, KeyError):
        said = str(error.args[0]) if error.args else ""
        return said if " " in said else f"there is no {said!r}"
    # Plugins run here too: where it was raised helps who writes one.
    place = traceback.extract_tb(error.__traceback__)[-1]
    said = f"{type(error).__name__}: {said}" if said else type(error).__name__
    return f"{said} ({os.path.basename(place.filename)}, line {place.lineno})"


@contextlib.contextmanager
def silence() -> Iterator[None]:
    """Nothing below an error is logged inside: a log that shows what was made up would mislead."""
    before = logging.root.manager.disable
    logging.disable(max(before, logging.WARNING))
    try:
        yield
    finally:
        logging.disable(before)


def _host_images(cfg: CfgNode, train: bool) -> torch.Tensor:
    """(4, 3, H, W) float32."""
    transform = build_transforms(cfg, is_train=train)
    random_pixels = np.random.default_rng(0)
    pixels = [random_pixels.integers(0, 256, (128, 64, 3), dtype=np.uint8) for _ in range(4)]
    return torch.stack([transform(Image.fromarray(image)) for image in pixels])


#: Of a project that trains the host's own models on the host's own data sets: two people, two images each.
HOST = MadeUp(
    _host_images,
    {"targets": (0, 0, 1, 1), "camids": (0, 1, 0, 1)},
    lambda cfg: ReidEvaluator(cfg, num_query=2),
)
