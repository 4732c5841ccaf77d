"""A timm model that yields its last feature maps, and nothing else."""

import torch
from torch import nn

from .errors import BackboneError


class FeatureMaps(nn.Module):
    """The maps before a timm model's pooling, be they channels first, channels last or tokens there.

    Layers that the maps do not depend on (classifier, norm after the pooling) are taken out, parameters among the rest
    that they do not depend on are frozen, so that every parameter that is trained gets a gradient.

    Args:
        model: of timm, on the CPU.
        size: (H, W) of an image that it takes.

    Shape:
        images: (N, 3, H, W) float.
        result: (N, D, h, w).

    Attributes:
        channels: D.

    Raises:
        BackboneError: the model yields no maps, or takes no images of this size.
    """

    def __init__(self, model: nn.Module, size: tuple[int, int]):
        super().__init__()
        self.model = model
        training = model.training
        model.eval()
        probe = torch.zeros(1, 3, *size)
        self._form = self._find_form(probe)
        with torch.enable_grad():
            maps = self(probe)
            self._drop_unused(maps)
        self.channels = maps.shape[1]
        model.train(training)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        if self._form == "tokens":
            # Without the class token, and of the size that the image's patches have.
            return self.model.forward_intermediates(  # type: ignore[operator]
                images, indices=1, norm=True, output_fmt="NCHW", intermediates_only=True
            )[0]
        maps = self.model.forward_features(images)  # type: ignore[operator]
        return maps.permute(0, 3, 1, 2) if self._form == "channels last" else maps

    def _find_form(self, probe: torch.Tensor) -> str:
        channels = self.model.num_features
        try:
            with torch.no_grad():
                features = self.model.forward_features(probe)  # type: ignore[operator]
        except (AssertionError, RuntimeError, ValueError) as error:
            raise BackboneError(
                f"timm's {type(self.model).__name__} takes no images of {probe.shape[2]} x {probe.shape[3]} pixels "
                f"({error}); change INPUT.SIZE_TRAIN or MODEL.BACKBONE.DEPTH"
            ) from error
        shape = tuple(features.shape) if isinstance(features, torch.Tensor) else ()
        if len(shape) == 4 and shape[1] == channels:
            return "channels first"
        if len(shape) == 4 and shape[3] == channels:
            return "channels last"
        if len(shape) == 3 and hasattr(self.model, "forward_intermediates"):
            return "tokens"
        raise BackboneError(
            f"timm's {type(self.model).__name__} yields {shape or type(features).__name__} and no maps (N, D, h, w); "
            "name another model in MODEL.BACKBONE.DEPTH"
        )

    def _drop_unused(self, maps: torch.Tensor) -> None:
        names, parameters = zip(*self.model.named_parameters(), strict=True)
        gradients = torch.autograd.grad(maps.sum(), parameters, allow_unused=True)
        unused = {name for name, gradient in zip(names, gradients, strict=True) if gradient is None}
        for child, module in list(self.model.named_children()):
            inside = {f"{child}.{name}" for name, _ in module.named_parameters()}
            if inside and inside <= unused:
                setattr(self.model, child, nn.Identity())
        for name, parameter in self.model.named_parameters():
            if name in unused:
                parameter.requires_grad_(False)
