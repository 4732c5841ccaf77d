"""The attention stream on its own: stage 1 of the training (IFD, ICASSP 2025)."""

from fastreid.config import configurable
from fastreid.modeling.meta_arch import META_ARCH_REGISTRY

from .inputs import mask_clothing, split_inputs
from .masked_baseline import MaskedBaseline


@META_ARCH_REGISTRY.register()
class IFDAttentionStream(MaskedBaseline):
    """A network that sees the clothing-masked image only: F_a = g_a(M), trained with the identity loss L_ID^a.

    Its parameters carry the names that they have in :class:`IFD`, so that stage 2 starts from its checkpoint.

    Args:
        attention_backbone: g_a, images to feature maps.
        attention_heads: feature maps (and labels) to descriptors (and the losses' inputs).
        Others: see :class:`MaskedBaseline`.

    Shape:
        input: dict with ``images`` (N, 4, H, W) float, RGB in 0-255 and mask in [0, 1], and ``targets`` (N,) in
            training.
        result: (N, D) descriptors f_a in evaluation, a dict of scalar losses in training.
    """

    @configurable
    def __init__(self, *, attention_backbone, attention_heads, **kwargs):
        super().__init__(backbone=None, heads=None, **kwargs)
        self.attention_backbone = attention_backbone
        self.attention_heads = attention_heads

    @classmethod
    def from_config(cls, cfg):
        kwargs = super().from_config(cfg)
        return {"attention_backbone": kwargs.pop("backbone"), "attention_heads": kwargs.pop("heads"), **kwargs}

    def forward(self, batched_inputs):
        images, masks = split_inputs(batched_inputs, self.device, needs_mask=True)
        masked = mask_clothing(images, masks, self.mask_fill)
        features = self.feature_maps(self.attention_backbone, masked)
        if not self.training:
            return self.attention_heads(features)
        targets = self.labels(batched_inputs, "targets")
        losses = self.identity_losses(self.attention_heads(features, targets), targets, "attention")
        return self.name_single_loss(losses)
