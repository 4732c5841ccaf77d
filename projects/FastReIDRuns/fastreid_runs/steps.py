"""Training steps beyond the host's: a batch in parts, and bfloat16, also on a CPU that has it."""

import contextlib
import copy
import logging
import time
import types
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from fastreid.config import CfgNode
from fastreid.engine.train_loop import SimpleTrainer
from fastreid.utils import comm
from fastreid.utils.params import ContiguousParams
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from .activations import recompute_activations
from .compiling import compile_backbones
from .errors import ConfigError

logger = logging.getLogger("fastreid.runs")

HALF, BRAIN = "float16", "bfloat16"
# Images of a probe, and how much shorter its step has to be.
_PROBED, _SHORTER = 4, 0.9


def add_step_keys(cfg: CfgNode) -> None:
    """Adds the keys of this module to a config of the host's, in place, with the host's own ways as defaults."""
    # Parts that a batch is taken in, one after the other, with the mean of their gradients for the step: memory for
    # IMS_PER_BATCH / ACCUMULATE images. Norm layers, and losses of pairs, see one part.
    cfg.SOLVER.ACCUMULATE = 1
    # Of SOLVER.AMP: float16 needs CUDA, and scales losses; bfloat16 does not, and runs on a CPU too where a short
    # timing finds it faster.
    cfg.SOLVER.AMP.DTYPE = HALF
    # Of each block of the network what goes in is kept for the backward pass, and the rest is computed again there:
    # less memory, longer steps, the same weights.
    cfg.SOLVER.RECOMPUTE_ACTIVATIONS = False
    # Backbones run through torch.compile in training, which takes a compiler; not with RECOMPUTE_ACTIVATIONS.
    cfg.SOLVER.COMPILE = False


def parts_of_a_batch(cfg: CfgNode) -> int:
    """SOLVER.ACCUMULATE; 1 in a config without it."""
    return int(cfg.SOLVER.get("ACCUMULATE", 1))


def wants_bfloat16(cfg: CfgNode) -> bool:
    """Whether mixed precision is on, and in bfloat16."""
    return bool(cfg.SOLVER.AMP.ENABLED) and cfg.SOLVER.AMP.get("DTYPE", HALF) == BRAIN


def fit_for_training(cfg: CfgNode, model: nn.Module) -> None:
    """Changes a model in place as SOLVER.RECOMPUTE_ACTIVATIONS and SOLVER.COMPILE say.

    Raises:
        ConfigError: the model has no part that this would be about.
    """
    name = cfg.MODEL.BACKBONE.NAME
    if cfg.SOLVER.get("RECOMPUTE_ACTIVATIONS", False) and not recompute_activations(model):
        raise ConfigError(
            f"SOLVER.RECOMPUTE_ACTIVATIONS is on, but MODEL.BACKBONE.NAME {name} has no sequence of blocks"
        )
    if cfg.SOLVER.get("COMPILE", False) and not compile_backbones(model):
        raise ConfigError(f"SOLVER.COMPILE is on, but MODEL.META_ARCHITECTURE {type(model).__name__} has no backbone")


class Steps(SimpleTrainer):
    """The host's loop of training steps, with each batch taken in parts and in a precision.

    Args:
        loop: of the host, whose place this one takes; of its AMPTrainer the scaler of losses goes along.
        parts: of each batch, at least 1; its images divide into them.
        dtype: of mixed precision; None: float32.
    """

    def __init__(self, loop: SimpleTrainer, parts: int, dtype: torch.dtype | None):
        # Not by the host's constructor, which would start the loader's workers again.
        self.__dict__.update(vars(loop))
        self._parts = parts
        self._dtype = dtype
        if dtype is torch.bfloat16:
            depthwise_in_float32(self.model)

    def run_step(self) -> None:
        """One step of the optimiser."""
        assert self.model.training
        start = time.perf_counter()
        batch = next(self._data_loader_iter)
        data_time = time.perf_counter() - start
        self.optimizer.zero_grad()
        scaler = getattr(self, "grad_scaler", None)
        means: dict[str, torch.Tensor] = {}
        for number, part in enumerate(_split(batch, self._parts)):
            with self._without_exchange(number + 1 < self._parts):
                with self._precision():
                    losses = self.model(part)
                    mean = sum(losses.values()) / self._parts
                (mean if scaler is None else scaler.scale(mean)).backward()
            for name, loss in losses.items():
                means[name] = means.get(name, 0.0) + loss.detach() / self._parts
        self._write_metrics(means, data_time)
        if scaler is None:
            self.optimizer.step()
        else:
            scaler.step(self.optimizer)
            scaler.update()
        if isinstance(self.param_wrapper, ContiguousParams):
            self.param_wrapper.assert_buffer_is_valid()

    def _without_exchange(self, without: bool) -> Any:
        # Processes add up their gradients with the last part's.
        if without and isinstance(self.model, DistributedDataParallel):
            return self.model.no_sync()
        return contextlib.nullcontext()

    def _precision(self) -> Any:
        if self._dtype is None:
            return contextlib.nullcontext()
        device = next(self.model.parameters()).device.type
        return torch.autocast(device, self._dtype)


def settled_dtype(cfg: CfgNode, model: nn.Module) -> torch.dtype | None:
    """The type of mixed precision that a training takes.

    Args:
        cfg: full config.
        model: the host's, with a ``backbone`` somewhere in it, or inside DistributedDataParallel.

    Returns:
        None: float32, as the config says, or since the CPU is not faster in bfloat16, which is logged then.
    """
    if not cfg.SOLVER.AMP.ENABLED:
        return None
    if not wants_bfloat16(cfg):
        return torch.float16
    inside: nn.Module = getattr(model, "module", model)
    if next(inside.parameters()).device.type == "cpu":
        # Within a stream of its own in some architectures.
        backbone = next(part for name, part in inside.named_modules() if name.rpartition(".")[2] == "backbone")
        pays = bfloat16_pays(backbone, cfg.INPUT.SIZE_TRAIN)
        # The same in all processes.
        if not comm.all_gather(pays)[0]:
            logger.warning("SOLVER.AMP.DTYPE is %s, but this CPU is no faster in it with this network: float32", BRAIN)
            return None
    return torch.bfloat16


def bfloat16_pays(network: nn.Module, size: Sequence[int]) -> bool:
    """Whether a training step of a network on the CPU is shorter in bfloat16, by a short timing.

    By no name of a processor: with instructions of its own for it, a step of ResNet-50 takes half as long, and without
    five times as long.

    Args:
        network: (N, 3, H, W) images to feature maps; stays as it is.
        size: (H, W).
    """
    probed = depthwise_in_float32(copy.deepcopy(network).train())
    images = torch.randn(_PROBED, 3, *size, generator=torch.Generator().manual_seed(0))
    images = images.contiguous(memory_format=torch.channels_last)

    def seconds(enabled: bool) -> float:
        start = time.process_time()
        with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
            maps = probed(images)
        maps.float().mean().backward()
        return time.process_time() - start

    # The first of each compiles kernels.
    turns = [(seconds(False), seconds(True)) for _ in range(3)][1:]
    return min(short for _, short in turns) < _SHORTER * min(full for full, _ in turns)


def depthwise_in_float32(network: nn.Module) -> nn.Module:
    """Has depthwise convolutions compute in float32 where the CPU takes the rest in bfloat16.

    There the gradients of a depthwise convolution take five times as long in bfloat16 as in float32, more than all the
    others gain. CUDA has kernels of its own for them and is left alone.

    Args:
        network: changed in place; in evaluation, and without mixed precision, it computes as before.

    Returns:
        the network.
    """
    for part in network.modules():
        if isinstance(part, nn.Conv2d) and 1 < part.groups == part.in_channels:
            # A bound method of the instance: a copy of the convolution gets one of its own.
            part.forward = types.MethodType(_in_float32, part)  # type: ignore[method-assign]
    return network


def _in_float32(convolution: nn.Conv2d, maps: torch.Tensor) -> torch.Tensor:
    plain = type(convolution).forward
    if maps.device.type != "cpu" or not torch.is_autocast_enabled("cpu"):
        return plain(convolution, maps)
    with torch.autocast("cpu", enabled=False):
        return plain(convolution, maps.float()).to(torch.get_autocast_dtype("cpu"))


def _split(batch: dict[str, Any], parts: int) -> Iterator[dict[str, Any]]:
    size = len(batch["targets"]) // parts
    for start in range(0, size * parts, size):
        yield {name: values[start : start + size] for name, values in batch.items()}
