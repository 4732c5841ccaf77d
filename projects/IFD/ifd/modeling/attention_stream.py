"""The attention stream, inside IFD and on its own (IFD, ICASSP 2025)."""

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from fastreid.config import configurable
from fastreid.modeling.meta_arch import META_ARCH_REGISTRY
from torch import nn

from .inputs import split_inputs
from .stream_baseline import StreamBaseline
from .stream_features import Description


class AttentionStream(nn.Module):
    """The stream that sees the clothing-masked image only: F_a = g_a(M), with its identity head.

    Args:
        backbone: g_a, (N, 3, H, W) images to (N, D, h, w) feature maps.
        head: feature maps (and labels) to descriptors f_a (and the losses' inputs).
    """

    def __init__(self, backbone: nn.Module, head: nn.Module):
        super().__init__()
        self.backbone = backbone
        self.head = head


@META_ARCH_REGISTRY.register()
class IFDAttentionStream(StreamBaseline):
    """The attention stream on its own, trained with the identity loss L_ID^a: stage 1 of the training.

    Its parameters carry the names that they have in :class:`ifd.modeling.IFD`, so that stage 2 starts from its
    checkpoint.

    Args:
        attention_stream: the stream.
        stream_arguments: see :class:`StreamBaseline`.

    Shape:
        input: dict with ``images`` (N, 4, H, W) float, RGB in 0-255 and mask in [0, 1], and ``targets`` (N,) in
            training.
        result: (N, D) descriptors f_a in evaluation, a dict of scalar losses in training.
    """

    classifiers: ClassVar[tuple[str, ...]] = ("attention_stream.head.weight",)

    @configurable
    def __init__(self, *, attention_stream: AttentionStream, **stream_arguments: Any):
        super().__init__(backbone=None, head=None, **stream_arguments)
        self.attention_stream = attention_stream

    @classmethod
    def from_config(cls, cfg: Any) -> dict[str, Any]:
        arguments = super().from_config(cfg)
        stream = AttentionStream(arguments.pop("backbone"), arguments.pop("head"))
        return {"attention_stream": stream, **arguments}

    def starting_weights(self, weights: Mapping[str, Any]) -> dict[str, Any]:
        """Of the weights of both streams, those of this one."""
        return {name: value for name, value in weights.items() if name.startswith("attention_stream.")}

    def forward(self, batched_inputs: dict[str, Any]) -> torch.Tensor | dict[str, torch.Tensor]:
        if not self.training:
            return self.describe(batched_inputs).descriptors
        features = self._feature_maps(batched_inputs)
        targets = self.labels(batched_inputs, "targets")
        losses = self.identity_losses(self.attention_stream.head(features, targets), targets, "attention")
        return self.log_single_loss(losses)

    def describe(self, batched_inputs: dict[str, Any] | torch.Tensor) -> Description:
        """The descriptors of evaluation; the map that turns them into attention comes with stage 2."""
        return Description(self.attention_stream.head(self._feature_maps(batched_inputs)), None)

    def _feature_maps(self, batched_inputs: dict[str, Any] | torch.Tensor) -> torch.Tensor:
        inputs = split_inputs(batched_inputs, self.device, needs_mask=True)
        return self.masked_feature_maps(self.attention_stream.backbone, inputs)
