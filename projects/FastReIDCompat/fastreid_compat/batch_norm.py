"""Batch norm over all processes on the CPU."""

from typing import Any
from unittest import mock

import torch
import torch.distributed as dist
from fastreid.layers import batch_norm as _host

from .adaptation import Adaptation, rebind


class _SumOverProcesses(torch.autograd.Function):
    """The sum of a tensor of all processes; of its gradients likewise."""

    @staticmethod
    def forward(ctx: Any, values: torch.Tensor) -> torch.Tensor:
        total = values.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> torch.Tensor:
        total = gradient.clone()
        dist.all_reduce(total)
        return total


class SyncBatchNorm(_host.BatchNorm):
    """Normalises a batch by the statistics of all processes.

    No subclass of torch's, which DistributedDataParallel refuses in a model on the CPU.
    """

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        if not (self.training and dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1):
            return super().forward(input)
        self._check_input_dim(input)
        over = [0, *range(2, input.dim())]
        shape = [1, -1, *[1] * (input.dim() - 2)]
        values = input.to(torch.promote_types(input.dtype, torch.float32))
        # The mean first: a variance out of sums of squares has none of its digits where the mean is large.
        size = values.new_tensor([input.numel() / input.shape[1]])
        sums = _SumOverProcesses.apply(torch.cat([values.sum(over), size]))
        size = sums[-1].detach()
        mean = sums[:-1] / size
        centred = values - mean.view(shape)
        variance = _SumOverProcesses.apply(centred.square().sum(over)) / size
        self._remember(mean.detach(), variance.detach() * size / (size - 1))
        scale = (self.weight * torch.rsqrt(variance + self.eps)).view(shape)
        return (centred * scale + self.bias.view(shape)).to(input.dtype)

    @torch.no_grad()
    def _remember(self, mean: torch.Tensor, variance: torch.Tensor) -> None:
        self.num_batches_tracked.add_(1)
        self.running_mean.lerp_(mean, self.momentum)
        self.running_var.lerp_(variance, self.momentum)


def _refuses_the_cpu() -> bool:
    if torch.cuda.is_available():
        return False
    with (
        mock.patch.object(dist, "is_initialized", return_value=True),
        mock.patch.object(dist, "get_world_size", return_value=1),
    ):
        try:
            _host.get_norm("syncBN", 1)(torch.zeros(2, 1, 1, 1))
        except ValueError:
            return True
    return False


ADAPTATIONS = (
    Adaptation(
        name="synchronised batch norm",
        reason="syncBN refuses images on the CPU; there the processes add up their statistics over gloo",
        needed=_refuses_the_cpu,
        apply=lambda: rebind(_host.SyncBatchNorm, SyncBatchNorm),
    ),
)
