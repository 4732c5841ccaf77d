"""Optimisers: gradients that zero_grad() drops, clipping where a frozen layer has none, freezing that starts anew."""

import functools
import types
from collections.abc import Callable
from typing import Any

import torch
from fastreid.config import CfgNode, get_cfg
from fastreid.solver import build, optim
from fastreid.utils.params import ContiguousParams

from .adaptation import Adaptation, rebind


def _zero_grad(self: torch.optim.Optimizer, set_to_none: bool = False) -> None:
    """Zeroes the gradients in place: dropped, the flat buffer would no longer see what backward() writes."""
    type(self).zero_grad(self, set_to_none)


def _training_is_lost() -> bool:
    cfg = get_cfg()
    # Adam asks CUDA whether it is capturing a graph, which opens CUDA.
    cfg.SOLVER.OPT = "SGD"
    model = torch.nn.Linear(1, 1, bias=False)
    before = model.weight.detach().clone()
    optimizer, _ = build.build_optimizer(cfg, model)
    optimizer.zero_grad()
    model.weight.sum().backward()
    optimizer.step()
    return torch.equal(before, model.weight)


def _apply_kept_gradients() -> None:
    host_build_optimizer = build.build_optimizer

    @functools.wraps(host_build_optimizer)
    def build_optimizer(*args: Any, **kwargs: Any) -> tuple[torch.optim.Optimizer, Any]:
        optimizer, params = host_build_optimizer(*args, **kwargs)
        if isinstance(params, ContiguousParams):
            # On the instance, as torch's schedulers do with step(): class, state_dict() and pickling stay the host's.
            vars(optimizer)["zero_grad"] = types.MethodType(_zero_grad, optimizer)
        return optimizer, params

    rebind(host_build_optimizer, build_optimizer)
    # SWA wraps an optimiser and would drop the gradients over its head.
    optim.SWA.zero_grad = lambda self, *args, **kwargs: self.optimizer.zero_grad(*args, **kwargs)


def _clipping_nothing_fails() -> bool:
    clip = build._create_gradient_clipper(CfgNode({"CLIP_TYPE": "value", "CLIP_VALUE": 1.0, "NORM_TYPE": 2.0}))
    try:
        clip(torch.zeros(1))
    except RuntimeError:
        return True
    return False


def _apply_clipping() -> None:
    host_create_clipper = build._create_gradient_clipper

    @functools.wraps(host_create_clipper)
    def _create_gradient_clipper(cfg: CfgNode) -> Callable[[torch.Tensor], None]:
        clip = host_create_clipper(cfg)
        return lambda parameter: None if parameter.grad is None else clip(parameter)

    rebind(host_create_clipper, _create_gradient_clipper)


# Entry of an optimiser's first group: steps that its frozen layers have stood still for.
_FROZEN_STEPS = "frozen_steps"


def _one_frozen_step() -> torch.optim.Optimizer:
    freezing = build._generate_optimizer_class_with_freeze_layer(torch.optim.SGD, freeze_iters=1)
    optimizer = freezing([{"params": torch.zeros(1), "freeze_status": "freeze"}], lr=1.0)
    optimizer.param_groups[0]["params"][0].grad = torch.ones(1)
    optimizer.step()
    return optimizer


def _freezing_starts_anew() -> bool:
    # Two steps in a row, of which the state is saved and loaded after the first, into an optimiser that has done none.
    first = _one_frozen_step()
    resumed = build._generate_optimizer_class_with_freeze_layer(torch.optim.SGD, freeze_iters=1)(
        [{"params": torch.zeros(1), "freeze_status": "freeze"}], lr=1.0
    )
    resumed.load_state_dict(first.state_dict())
    weight = resumed.param_groups[0]["params"][0]
    weight.grad = torch.ones(1)
    resumed.step()
    return not weight.any()


def _freezing_class(optimizer: type[torch.optim.Optimizer], *, freeze_iters: int = 0) -> type[torch.optim.Optimizer]:
    """As the host's, but the steps are counted in the optimiser's state, which checkpoints hold.

    Args:
        optimizer: class of the optimiser.
        freeze_iters: steps without an update of the groups whose freeze_status is "freeze", at least 1.
    """
    assert freeze_iters > 0, "No layers need to be frozen or freeze iterations is 0"

    @torch.no_grad()
    def step(self: torch.optim.Optimizer, closure: Callable | None = None) -> Any:
        done = self.param_groups[0].get(_FROZEN_STEPS, 0)
        frozen = []
        if done < freeze_iters:
            self.param_groups[0][_FROZEN_STEPS] = done + 1
            groups = [group for group in self.param_groups if group["freeze_status"] == "freeze"]
            frozen = [(weight, weight.grad) for group in groups for weight in group["params"]]
        for weight, _ in frozen:
            weight.grad = None
        result = optimizer.step(self, closure)
        for weight, gradient in frozen:
            weight.grad = gradient
        return result

    return type(f"{optimizer.__name__}WithFreezeLayer", (optimizer,), {"step": step})


def _apply_freezing() -> None:
    rebind(build._generate_optimizer_class_with_freeze_layer, _freezing_class)


ADAPTATIONS = (
    Adaptation(
        name="gradient buffers",
        reason="zero_grad() drops the flat gradient buffers of ContiguousParams, and no weight is ever updated",
        needed=_training_is_lost,
        apply=_apply_kept_gradients,
    ),
    Adaptation(
        name="clipping",
        reason="clipping gradients by value fails while MODEL.FREEZE_LAYERS takes the gradients of layers away",
        needed=_clipping_nothing_fails,
        apply=_apply_clipping,
    ),
    Adaptation(
        name="freezing",
        reason="MODEL.FREEZE_LAYERS freezes for SOLVER.FREEZE_ITERS once more each time that a training is resumed",
        needed=_freezing_starts_anew,
        apply=_apply_freezing,
    ),
)
