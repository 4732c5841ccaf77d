"""What both meta-architectures share: the host's Baseline, fed with image and clothing mask."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import torch
from fastreid.modeling.meta_arch.baseline import Baseline
from fastreid.utils.events import get_event_storage
from torch import nn

from fastreid_runs import AcceptsWeights
from fastreid_runs.arguments import ArgumentError, naming, read_keys

from .inputs import StreamInputs, mask_clothing

#: Beginnings of parameters' names of 0.1.0, and of now.
FORMER_NAMES = {
    "attention_backbone.": "attention_stream.backbone.",
    "attention_heads.": "attention_stream.head.",
    "clothing_bias.": "clothing_branch.layer.",
}
# Both streams' heads are built alike.
HEAD_KEYS = {"neck_order": "IFD.NECK_ORDER"}
_OWN_KEYS = {
    "mask_fill": "IFD.MASK_FILL",
    "mask_dilate": "IFD.MASK_DILATE",
    "feat_dim": "MODEL.BACKBONE.FEAT_DIM",
}


class StreamBaseline(AcceptsWeights, Baseline):
    """The host's :class:`Baseline` with a colour for masked clothing and losses named by stream.

    Args:
        backbone: images to feature maps.
        head: feature maps (and labels) to descriptors (and the losses' inputs); ``heads`` of the host's Baseline.
        mask_fill: RGB in 0-255 put in place of clothing in the masked image M.
        mask_dilate: pixels by which the clothing in M is widened.
        feat_dim: D, channels that the backbones must yield.
        host_arguments: the rest of the host's Baseline.

    Attributes:
        config_keys: argument -> config key, for whoever builds the model from a config, see
            :func:`fastreid_runs.arguments.naming`.

    Raises:
        ArgumentError: the fill is no colour, or the widening is negative.
    """

    renamed = FORMER_NAMES
    config_keys: ClassVar[Mapping[str, str]] = {**_OWN_KEYS, "backbone": "MODEL.BACKBONE.NAME"}

    # Of the host's Baseline and of buffers, which PyTorch leaves without types.
    backbone: nn.Module
    device: torch.device
    heads: nn.Module
    losses: Callable[[dict[str, torch.Tensor], torch.Tensor], dict[str, torch.Tensor]]
    mask_fill: torch.Tensor
    pixel_mean: torch.Tensor
    pixel_std: torch.Tensor

    def __init__(
        self,
        *,
        backbone: nn.Module | None,
        head: nn.Module | None,
        mask_fill: Sequence[float],
        mask_dilate: int = 1,
        feat_dim: int,
        **host_arguments: Any,
    ):
        super().__init__(backbone=backbone, heads=head, **host_arguments)
        if len(mask_fill) != 3 or not all(0 <= value <= 255 for value in mask_fill):
            raise ArgumentError(
                "{mask_fill} is {found}; expected three RGB values in 0-255", {"found": list(mask_fill)}
            )
        if mask_dilate < 0:
            raise ArgumentError("{mask_dilate} is {found}; expected 0 or more pixels", {"found": mask_dilate})
        self.mask_dilate = mask_dilate
        self.feat_dim = feat_dim
        self.register_buffer("mask_fill", torch.tensor(mask_fill, dtype=torch.float32).view(1, 3, 1, 1), False)

    @classmethod
    def from_config(cls, cfg: Any) -> dict[str, Any]:
        with naming(HEAD_KEYS):
            arguments = super().from_config(cfg)
        head = arguments.pop("heads")
        return {**arguments, "head": head, **read_keys(cfg, _OWN_KEYS)}

    def normalize(self, images: torch.Tensor) -> torch.Tensor:
        """(N, 3, H, W) RGB in 0-255 to the backbone's input, as a new tensor.

        The host normalises the batch in place, so that its flip test normalises twice.
        """
        return (images - self.pixel_mean) / self.pixel_std

    def feature_maps(self, backbone: nn.Module, images: torch.Tensor) -> torch.Tensor:
        """(N, D, h, w) maps of (N, 3, H, W) RGB in 0-255.

        Raises:
            ArgumentError: the backbone yields anything else.
        """
        images = self.normalize(images)
        if images.device.type == "cpu":
            # Convolutions on the CPU keep this layout through the network and run up to twice as fast in it.
            images = images.contiguous(memory_format=torch.channels_last)
        features = backbone(images)
        if features.dim() != 4 or features.shape[-2] * features.shape[-1] == 1:
            raise ArgumentError(
                "{backbone} yields {shape}; IFD needs feature maps (N, D, h, w) of more than one cell. Choose a "
                "backbone that yields maps, or larger images.",
                {"shape": tuple(features.shape)},
            )
        if features.shape[1] != self.feat_dim:
            raise ArgumentError(
                "{backbone} yields {channels} channels but {feat_dim} is {found}; set it to {channels}",
                {"channels": features.shape[1], "found": self.feat_dim},
            )
        return features

    def masked_feature_maps(self, backbone: nn.Module, inputs: StreamInputs) -> torch.Tensor:
        """F_a = g_a(M): (N, D, h, w) maps of the image without the colours of clothing.

        Args:
            backbone: g_a.
            inputs: with masks.
        """
        assert inputs.masks is not None
        masked = mask_clothing(inputs.images, inputs.masks, self.mask_fill, self.mask_dilate)
        return self.feature_maps(backbone, masked)

    def identity_losses(
        self, outputs: dict[str, torch.Tensor], targets: torch.Tensor, stream: str
    ) -> dict[str, torch.Tensor]:
        """The host's losses of one stream's head in float32, named ``loss_cls_<stream>`` and so on.

        Logs ``<stream>/cls_accuracy``.
        """
        # In bfloat16 a CPU's softmax would take logits that differ by a 64th for equal.
        exact = {name: value.float() for name, value in outputs.items()}
        with get_event_storage().name_scope(stream):
            losses = self.losses(exact, targets)
        return {f"{name}_{stream}": loss for name, loss in losses.items()}

    @staticmethod
    def log_single_loss(losses: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Logs a loss that is the only one by its name; the host's trainer then logs ``total_loss`` alone."""
        if len(losses) == 1:
            get_event_storage().put_scalars(**{name: loss.item() for name, loss in losses.items()})
        return losses

    def labels(self, batched_inputs: dict[str, Any], key: str) -> torch.Tensor:
        """(N,) int64 labels of the batch on the model's device.

        The host's precise BN replaces identity labels by negative ones because they do not count there; class 0 then
        stands in, as in the host.

        Raises:
            KeyError: the batch has no such labels.
        """
        if key not in batched_inputs:
            raise KeyError(
                f"the batch has no {key!r}, found {sorted(batched_inputs)}: train with ifd.engine.IFDTrainer, whose "
                "loader yields identity and clothes labels"
            )
        labels = batched_inputs[key].to(self.device)
        # Without a word between host and device, which would wait for all that was asked of it.
        return torch.where(labels.sum() < 0, 0, labels)
