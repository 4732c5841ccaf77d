"""What shapes the main stream, told once an epoch in log, metrics.json and TensorBoard."""

import logging
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from fastreid.engine import hooks
from fastreid.utils import comm
from torch import nn

from ..data.region_sample import RegionSample
from ..losses import ClothingContrastiveLoss
from ..modeling import IFD

logger = logging.getLogger("fastreid.ifd.engine")

# Keeps gradients of half precision away from zero.
_SCALE = 1024.0


class EpochReport(hooks.HookBase):
    """Writes, after each epoch of IFD:

    - ``attention/head``, ``attention/clothes``, ``attention/background``: mean of W_I there, of the network in
      evaluation mode on a few training images;
    - ``gradient_norm/<loss>``: of each loss, weighted as in the sum, in the main stream's backbone, in the epoch's last
      step; those that do not reach it are left out;
    - ``clothing_loss/mean_weight``: mean of w_p (eq. 5) over the epoch's positive pairs, by batch.

    Training is the same to the last bit with and without: no random number is drawn, no statistic moves, and nothing is
    waited for within a step but the epoch's last.

    Args:
        model: that is trained, maybe inside DDP; another than IFD is left alone.
        read_sample: gives the images for W_I, called once before the training.
    """

    def __init__(self, model: nn.Module, read_sample: Callable[[], RegionSample]):
        inside = getattr(model, "module", model)
        self._model = inside if isinstance(inside, IFD) else None
        self._read_sample = read_sample
        self._sample: RegionSample | None = None
        self._in_step = self._in_last_step = False
        self._norms: dict[str, torch.Tensor] = {}
        self._weights: list[torch.Tensor] = []
        self._handles: list[Any] = []

    def before_train(self) -> None:
        if self._model is None:
            return
        if comm.is_main_process() and self._model.knowledge_transfer is not None:
            self._sample = self._read_sample()
        # In all processes: a norm layer that is synchronised takes part in each gradient.
        self._handles.append(self._model.register_forward_hook(self._measure_gradients))
        loss = getattr(self._model.clothing_branch, "loss", None)
        if isinstance(loss, ClothingContrastiveLoss):
            self._handles.append(loss.register_forward_pre_hook(self._measure_weights))

    def after_train(self) -> None:
        for handle in self._handles:
            handle.remove()
        self._handles.clear()

    def before_step(self) -> None:
        self._in_step = True
        self._in_last_step = (self.trainer.iter + 1) % self.trainer.iters_per_epoch == 0

    def after_step(self) -> None:
        self._in_step = self._in_last_step = False

    def after_epoch(self) -> None:
        figures = {f"gradient_norm/{name}": norm.item() for name, norm in self._norms.items()}
        if self._weights:
            figures["clothing_loss/mean_weight"] = torch.stack(self._weights).nanmean().item()
        if self._model is not None and self._sample is not None:
            figures.update(attention_by_region(self._model, self._sample))
        self._norms, self._weights = {}, []
        if figures and comm.is_main_process():
            self.trainer.storage.put_scalars(smoothing_hint=False, **figures)
            logger.info("Epoch %d: %s", self.trainer.epoch, _told(figures))

    def _measure_gradients(self, model: IFD, inputs: tuple[Any, ...], losses: Any) -> None:
        if self._in_last_step and isinstance(losses, dict):
            self._norms = gradient_norms(losses, model.backbone)

    def _measure_weights(self, loss: ClothingContrastiveLoss, inputs: tuple[torch.Tensor, ...]) -> None:
        if self._in_step:
            _, pids, clothes = inputs
            self._weights.append(loss.mean_weight(pids, clothes))


def gradient_norms(losses: dict[str, torch.Tensor], module: nn.Module) -> dict[str, torch.Tensor]:
    """Euclidean norm of each loss's gradient in a module's parameters, without touching their ``grad``.

    Args:
        losses: scalars by name, whose graph is kept.
        module: that they may depend on.

    Returns:
        Scalars by name, for the losses that depend on it.
    """
    parameters = [parameter for parameter in module.parameters() if parameter.requires_grad]
    norms = {}
    for name, loss in losses.items():
        if not (parameters and loss.requires_grad):
            continue
        with torch.autocast(loss.device.type, enabled=False):
            gradients = torch.autograd.grad(_SCALE * loss, parameters, retain_graph=True, allow_unused=True)
        found = [torch.linalg.vector_norm(gradient.float()) for gradient in gradients if gradient is not None]
        if found:
            norms[name] = torch.linalg.vector_norm(torch.stack(found)) / _SCALE
    return norms


@torch.no_grad()
def attention_by_region(model: IFD, sample: RegionSample) -> dict[str, float]:
    """Mean of W_I in each region, in evaluation mode; the modes of all layers are as before afterwards.

    Args:
        model: with a knowledge transfer.
        sample: images and regions.

    Returns:
        ``attention/<region>`` -> mean in (0, 1), for the regions that the images show.
    """
    modes = {module: module.training for module in model.modules()}
    model.eval()
    maps = model.stream_features({"images": sample.images}).attention_map
    for module, training in modes.items():
        module.training = training
    assert maps is not None
    maps = maps.float().cpu()
    means = {}
    for name, region in sample.regions.items():
        share = F.interpolate(region, size=maps.shape[-2:], mode="area")
        if share.sum() > 0:
            means[f"attention/{name}"] = ((maps * share).sum() / share.sum()).item()
    return means


def _told(figures: dict[str, float]) -> str:
    told = []
    for said, prefix in (("W_I on", "attention/"), ("gradient in the main backbone of", "gradient_norm/")):
        found = {name.removeprefix(prefix): value for name, value in figures.items() if name.startswith(prefix)}
        if found:
            told.append(f"{said} {', '.join(f'{name} {value:.3g}' for name, value in found.items())}")
    if "clothing_loss/mean_weight" in figures:
        told.append(f"mean w_p {figures['clothing_loss/mean_weight']:.3g}")
    return "; ".join(told)
