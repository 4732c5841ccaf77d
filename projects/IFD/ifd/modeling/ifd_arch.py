"""Identity-aware feature decoupling, both streams (IFD, ICASSP 2025)."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from fastreid.config import configurable
from fastreid.modeling.backbones import build_backbone
from fastreid.modeling.heads import build_heads
from fastreid.modeling.meta_arch import META_ARCH_REGISTRY

from ..losses import build_clothing_loss
from .attention_prediction import AttentionPrediction
from .clothing_bias_diminishing import ClothingBiasDiminishing
from .id_knowledge_transfer import IDKnowledgeTransfer
from .inputs import mask_clothing, split_inputs
from .masked_baseline import MaskedBaseline

_DESCRIPTORS = ("main", "attention", "joined")


class StreamFeatures(NamedTuple):
    """Feature maps of one batch.

    main: (N, D, h, w) F_g.
    refined: (N, D, h, w) F_rg, or F_g where the attention stream is off.
    attention: (N, D, h, w) F_a, None where the attention stream is off.
    attention_map: (N, 1, h, w) W_I in (0, 1), transferred or predicted; None where there is neither.
    masks: (N, 1, H, W) psi, None where the batch holds RGB alone.
    """

    main: torch.Tensor
    refined: torch.Tensor
    attention: torch.Tensor | None
    attention_map: torch.Tensor | None
    masks: torch.Tensor | None


@META_ARCH_REGISTRY.register()
class IFD(MaskedBaseline):
    """Two streams: the main one sees the image, the attention one the image without clothing colours (fig. 2).

    Training: L_all = L_ID^m + L_ID^a + lambda * L_CCL (eq. 6). Evaluation: the descriptor f_rg of the main stream,
    which needs the attention stream and the knowledge transfer, but neither classifiers nor clothing branch.

    Args:
        backbone, heads: g_m and the main stream's head, under the names that the host's Baseline gives them.
        attention_backbone, attention_heads, knowledge_transfer: the attention stream; all three None to leave it out.
        attention_prediction: predicts the attention map from the main stream; beyond the paper. None to leave it out.
            With it and without an attention stream, a model predicts: for evaluation only, from RGB alone.
        attention_prediction_weight: of its loss.
        clothing_bias: the clothing branch, None to leave it out.
        clothing_loss: callable (features, pids, clothes) -> scalar; needed with the clothing branch.
        clothing_loss_weight: lambda of eq. 6.
        descriptor: what evaluation returns: "main" f_rg (the paper's), "attention" f_a, or "joined", both L2-normalised
            and concatenated.
        Others: see :class:`MaskedBaseline`.

    Shape:
        input: dict with ``images`` (N, 4, H, W) float, RGB in 0-255 and mask in [0, 1]; in training also ``targets``
            (N,) and, for the clothing contrastive loss, ``clothes`` (N,). RGB alone, (N, 3, H, W), serves where no part
            that is active needs the mask.
        result: (N, D) descriptors in evaluation ((N, 2D) joined), a dict of scalar losses in training.

    Raises:
        ValueError: parts or options that do not go together, a mask that is missing, a backbone without feature maps.
    """

    @configurable
    def __init__(
        self,
        *,
        attention_backbone=None,
        attention_heads=None,
        knowledge_transfer=None,
        attention_prediction=None,
        attention_prediction_weight: float = 1.0,
        clothing_bias=None,
        clothing_loss=None,
        clothing_loss_weight: float = 1.0,
        descriptor: str = "main",
        **kwargs,
    ):
        super().__init__(**kwargs)
        attention_parts = (attention_backbone, attention_heads, knowledge_transfer)
        if any(part is None for part in attention_parts) != all(part is None for part in attention_parts):
            raise ValueError("the attention stream needs its backbone, its heads and the knowledge transfer together")
        if (clothing_bias is None) != (clothing_loss is None):
            raise ValueError("the clothing branch and its loss come together or not at all")
        if attention_prediction_weight < 0:
            raise ValueError(f"IFD.PREDICTION.WEIGHT is {attention_prediction_weight}; expected at least 0")
        if clothing_loss_weight < 0:
            raise ValueError(f"IFD.CBD.LAMBDA is {clothing_loss_weight}; expected at least 0")
        if descriptor not in _DESCRIPTORS:
            raise ValueError(f"IFD.DESCRIPTOR is {descriptor!r}; expected one of {', '.join(_DESCRIPTORS)}")
        if descriptor != "main" and attention_backbone is None:
            raise ValueError(
                f"IFD.DESCRIPTOR is {descriptor!r} but IFD.IKT.ENABLED is off: there is no attention stream"
            )
        self.attention_backbone = attention_backbone
        self.attention_heads = attention_heads
        self.knowledge_transfer = knowledge_transfer
        self.attention_prediction = attention_prediction
        self.attention_prediction_weight = attention_prediction_weight
        self.clothing_bias = clothing_bias
        self.clothing_loss = clothing_loss
        self.clothing_loss_weight = clothing_loss_weight
        self.descriptor = descriptor

    @classmethod
    def from_config(cls, cfg):
        kwargs = super().from_config(cfg)
        if cfg.IFD.IKT.ENABLED:
            kwargs["attention_backbone"] = build_backbone(cfg)
            kwargs["attention_heads"] = build_heads(cfg)
            kwargs["knowledge_transfer"] = IDKnowledgeTransfer(
                cfg.IFD.IKT.KERNEL_SIZE,
                norm=cfg.IFD.IKT.NORM,
                init=cfg.IFD.IKT.INIT,
                scale=cfg.IFD.IKT.SCALE,
                offset=cfg.IFD.IKT.OFFSET,
                learned=cfg.IFD.IKT.LEARNED,
            )
        if cfg.IFD.PREDICTION.ENABLED:
            kwargs["attention_prediction"] = AttentionPrediction(cfg.MODEL.BACKBONE.FEAT_DIM)
            kwargs["attention_prediction_weight"] = cfg.IFD.PREDICTION.WEIGHT
        if cfg.IFD.CBD.ENABLED:
            kwargs["clothing_bias"] = ClothingBiasDiminishing(
                cfg.MODEL.BACKBONE.FEAT_DIM, cfg.MODEL.HEADS.NORM, cfg.IFD.CBD.MASK_RESIZE, cfg.IFD.NECK_ORDER
            )
            kwargs["clothing_loss"] = build_clothing_loss(cfg)
            kwargs["clothing_loss_weight"] = cfg.IFD.CBD.LAMBDA
        kwargs["descriptor"] = cfg.IFD.DESCRIPTOR
        return kwargs

    def stream_features(self, batched_inputs) -> StreamFeatures:
        """Feature maps of both streams and the attention map between them (eq. 1-2)."""
        has_attention = self.attention_backbone is not None
        needs_mask = has_attention or (self.training and self.clothing_bias is not None)
        images, masks = split_inputs(batched_inputs, self.device, needs_mask=needs_mask)
        main = self.feature_maps(self.backbone, images)
        if not has_attention:
            if self.attention_prediction is None:
                return StreamFeatures(main, main, None, None, masks)
            if self.training:
                raise ValueError(
                    "IFD.PREDICTION.ENABLED is on and IFD.IKT.ENABLED is off: there is no attention stream to learn "
                    "from. Train with both; evaluate with or without the attention stream."
                )
            predicted = torch.sigmoid(self.attention_prediction(main))
            return StreamFeatures(main, predicted * main, None, predicted, masks)
        attention = self.feature_maps(self.attention_backbone, mask_clothing(images, masks, self.mask_fill))
        attention_map = self.knowledge_transfer(attention)
        return StreamFeatures(main, attention_map * main, attention, attention_map, masks)

    def forward(self, batched_inputs):
        if self.training:
            return self._training_losses(batched_inputs)
        if self.descriptor == "attention":
            images, masks = split_inputs(batched_inputs, self.device, needs_mask=True)
            masked = mask_clothing(images, masks, self.mask_fill)
            return self.attention_heads(self.feature_maps(self.attention_backbone, masked))
        features = self.stream_features(batched_inputs)
        main = self.heads(features.refined)
        if self.descriptor == "main":
            return main
        return torch.cat([F.normalize(main), F.normalize(self.attention_heads(features.attention))], dim=1)

    def _training_losses(self, batched_inputs: dict) -> dict[str, torch.Tensor]:
        targets = self.labels(batched_inputs, "targets")
        features = self.stream_features(batched_inputs)
        losses = self.identity_losses(self.heads(features.refined, targets), targets, "main")
        if features.attention is not None:
            outputs = self.attention_heads(features.attention, targets)
            losses.update(self.identity_losses(outputs, targets, "attention"))
        if self.attention_prediction is not None:
            loss = self.attention_prediction.loss(features.main, features.attention_map)
            losses["loss_prediction"] = self.attention_prediction_weight * loss
        if self.clothing_bias is not None:
            clothing_features = self.clothing_bias(features.refined, features.masks)
            clothes = self.labels(batched_inputs, "clothes")
            loss = self.clothing_loss(clothing_features, targets, clothes)
            losses["loss_clothing"] = self.clothing_loss_weight * loss
        return self.name_single_loss(losses)
