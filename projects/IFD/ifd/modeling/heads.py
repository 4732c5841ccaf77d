"""The identity head of either stream."""

from typing import Any

import torch
import torch.nn.functional as F
from fastreid.config import configurable
from fastreid.modeling.heads import REID_HEADS_REGISTRY, EmbeddingHead

from fastreid_runs.arguments import ArgumentError

NECK_ORDERS = ("gap_bn", "bn_gap")


@REID_HEADS_REGISTRY.register()
class IFDHead(EmbeddingHead):
    """The host's embedding head with a choice of the order of pooling and normalisation.

    IFD describes f_rg and f_a as "BN + global average pooling" of the feature maps and leaves the order open.
    Everything else (pooling layer, embedding size, margin softmax, classifier) is the host's and follows MODEL.HEADS.

    Args:
        neck_order: "gap_bn" pools, then normalises (the host's BNNeck, the default); "bn_gap" the other way round.
        host_arguments: as :class:`fastreid.modeling.heads.EmbeddingHead`.

    Shape:
        features: (N, D, h, w) feature maps.
        targets: (N,) int64 identity labels, None in evaluation.
        result: (N, D') descriptors without labels; with them the host's dict of ``cls_outputs``,
            ``pred_class_logits`` and ``features``, and the descriptors as ``embedding``.

    Raises:
        ArgumentError: there is no such order.
    """

    @configurable
    def __init__(self, *, neck_order: str = "gap_bn", **host_arguments: Any):
        super().__init__(**host_arguments)
        if neck_order not in NECK_ORDERS:
            raise ArgumentError("{neck_order} is {found!r}; expected 'gap_bn' or 'bn_gap'", {"found": neck_order})
        self.neck_order = neck_order

    @classmethod
    def from_config(cls, cfg: Any) -> dict[str, Any]:
        return {**super().from_config(cfg), "neck_order": cfg.IFD.NECK_ORDER}

    def forward(
        self, features: torch.Tensor, targets: torch.Tensor | None = None
    ) -> torch.Tensor | dict[str, torch.Tensor]:
        # The host's forward pools before its neck with no hook in between, so it is spelled out here.
        pooled = self.pool_layer(features)
        if self.neck_order == "gap_bn":
            embedding = self.bottleneck(pooled)[..., 0, 0]
        else:
            embedding = self.pool_layer(self.bottleneck(features))[..., 0, 0]
        # The host asks `self.training`, which is off in a layer of MODEL.FREEZE_LAYERS while its losses go on.
        if targets is None:
            return embedding
        if self.cls_layer.__class__.__name__ == "Linear":
            logits = F.linear(embedding, self.weight)
        else:
            logits = F.linear(F.normalize(embedding), F.normalize(self.weight))
        return {
            "cls_outputs": self.cls_layer(logits.clone(), targets),
            "pred_class_logits": logits.mul(self.cls_layer.s),
            "features": pooled[..., 0, 0] if self.neck_feat == "before" else embedding,
            "embedding": embedding,
        }
