"""The identity head of either stream."""

import torch
import torch.nn.functional as F
from fastreid.config import configurable
from fastreid.modeling.heads import REID_HEADS_REGISTRY, EmbeddingHead


@REID_HEADS_REGISTRY.register()
class IFDHead(EmbeddingHead):
    """The host's embedding head with a choice of the order of pooling and normalisation.

    IFD describes f_rg and f_a as "BN + global average pooling" of the feature maps and leaves the order open.
    Everything else (pooling layer, embedding size, margin softmax, classifier) is the host's and follows MODEL.HEADS.

    Args:
        neck_order: "gap_bn" pools, then normalises (the host's BNNeck, the default); "bn_gap" the other way round.
        Others: as :class:`fastreid.modeling.heads.EmbeddingHead`.

    Shape:
        features: (N, D, h, w) feature maps; targets: (N,) int64 identity labels in training.
        result: (N, D') descriptors in evaluation; in training the host's dict of ``cls_outputs``,
            ``pred_class_logits`` and ``features``.
    """

    @configurable
    def __init__(self, *, neck_order: str = "gap_bn", **kwargs):
        super().__init__(**kwargs)
        if neck_order not in ("gap_bn", "bn_gap"):
            raise ValueError(f"IFD.NECK_ORDER is {neck_order!r}; expected 'gap_bn' or 'bn_gap'")
        self.neck_order = neck_order

    @classmethod
    def from_config(cls, cfg):
        return {**super().from_config(cfg), "neck_order": cfg.IFD.NECK_ORDER}

    def forward(self, features: torch.Tensor, targets: torch.Tensor | None = None):
        if self.neck_order == "gap_bn":
            return super().forward(features, targets)
        # The host's forward pools before its neck with no hook in between, so this order spells it out.
        pooled = self.pool_layer(features)
        embedding = self.pool_layer(self.bottleneck(features))[..., 0, 0]
        if not self.training:
            return embedding
        if self.cls_layer.__class__.__name__ == "Linear":
            logits = F.linear(embedding, self.weight)
        else:
            logits = F.linear(F.normalize(embedding), F.normalize(self.weight))
        return {
            "cls_outputs": self.cls_layer(logits.clone(), targets),
            "pred_class_logits": logits.mul(self.cls_layer.s),
            "features": pooled[..., 0, 0] if self.neck_feat == "before" else embedding,
        }
