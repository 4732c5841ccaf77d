"""What both meta-architectures share: the host's Baseline, fed with image and clothing mask."""

import torch
from fastreid.modeling.meta_arch.baseline import Baseline
from fastreid.utils.events import get_event_storage


class MaskedBaseline(Baseline):
    """The host's :class:`Baseline` with a colour for masked clothing and losses named by stream.

    Args:
        mask_fill: RGB in 0-255 put in place of clothing in the masked image M.
        feat_dim: D, channels that the backbones must yield.
        Others: as the host's Baseline.
    """

    def __init__(self, *, mask_fill, feat_dim, **kwargs):
        super().__init__(**kwargs)
        if len(mask_fill) != 3 or not all(0 <= value <= 255 for value in mask_fill):
            raise ValueError(f"IFD.MASK_FILL is {list(mask_fill)}; expected three RGB values in 0-255")
        self.feat_dim = feat_dim
        self.register_buffer("mask_fill", torch.tensor(mask_fill, dtype=torch.float32).view(1, 3, 1, 1), False)

    @classmethod
    def from_config(cls, cfg):
        return {
            **super().from_config(cfg),
            "mask_fill": cfg.IFD.MASK_FILL,
            "feat_dim": cfg.MODEL.BACKBONE.FEAT_DIM,
        }

    def normalize(self, images: torch.Tensor) -> torch.Tensor:
        """(N, 3, H, W) RGB in 0-255 to the backbone's input, as a new tensor.

        The host normalises the batch in place, so that its flip test normalises twice.
        """
        return (images - self.pixel_mean) / self.pixel_std

    def feature_maps(self, backbone: torch.nn.Module, images: torch.Tensor) -> torch.Tensor:
        """(N, D, h, w) maps of (N, 3, H, W) RGB in 0-255; ValueError where the backbone yields anything else."""
        images = self.normalize(images)
        if images.device.type == "cpu":
            # Convolutions on the CPU keep this layout through the network and run up to twice as fast in it.
            images = images.contiguous(memory_format=torch.channels_last)
        features = backbone(images)
        if features.dim() != 4 or features.shape[-2] * features.shape[-1] == 1:
            raise ValueError(
                f"the backbone yields {tuple(features.shape)}; IFD needs feature maps (N, D, h, w) of more than one "
                "cell. Choose a convolutional backbone in MODEL.BACKBONE.NAME, or larger images."
            )
        if features.shape[1] != self.feat_dim:
            raise ValueError(
                f"the backbone yields {features.shape[1]} channels but MODEL.BACKBONE.FEAT_DIM is {self.feat_dim}; "
                f"set it to {features.shape[1]}"
            )
        return features

    def identity_losses(self, outputs: dict, targets: torch.Tensor, stream: str) -> dict[str, torch.Tensor]:
        """MODEL.LOSSES of one stream's head, named ``loss_cls_<stream>`` and so on; logs ``<stream>/cls_accuracy``."""
        with get_event_storage().name_scope(stream):
            losses = self.losses(outputs, targets)
        return {f"{name}_{stream}": loss for name, loss in losses.items()}

    @staticmethod
    def name_single_loss(losses: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Logs a loss that is the only one by its name; the host's trainer then logs ``total_loss`` alone."""
        if len(losses) == 1:
            get_event_storage().put_scalars(**{name: loss.item() for name, loss in losses.items()})
        return losses

    def labels(self, batched_inputs: dict, key: str) -> torch.Tensor:
        """(N,) int64 labels of the batch on the model's device.

        The host's precise BN replaces identity labels by negative ones because they do not count there; class 0 then
        stands in, as in the host.
        """
        if key not in batched_inputs:
            raise KeyError(
                f"the batch has no {key!r}, found {sorted(batched_inputs)}: train with ifd.engine.IFDTrainer, whose "
                "loader yields identity and clothes labels"
            )
        labels = batched_inputs[key].to(self.device)
        return torch.zeros_like(labels) if labels.sum() < 0 else labels
