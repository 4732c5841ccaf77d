"""Identity-aware feature decoupling, both streams (IFD, ICASSP 2025)."""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, NamedTuple

import torch
import torch.nn.functional as F
from fastreid.config import configurable
from fastreid.modeling.backbones import build_backbone
from fastreid.modeling.heads import build_heads
from fastreid.modeling.meta_arch import META_ARCH_REGISTRY
from torch import nn

from ..arguments import ArgumentError, build_from_keys, naming
from ..losses import build_clothing_loss
from .attention_prediction import AttentionPrediction
from .attention_stream import AttentionStream
from .clothing_bias_diminishing import ClothingBiasDiminishing
from .clothing_branch import ClothingBranch
from .id_knowledge_transfer import IDKnowledgeTransfer
from .inputs import split_inputs
from .stream_baseline import HEAD_KEYS, StreamBaseline

_DESCRIPTORS = ("main", "attention", "joined")

_TRANSFER_KEYS = {
    "kernel_size": "IFD.IKT.KERNEL_SIZE",
    "norm": "IFD.IKT.NORM",
    "init": "IFD.IKT.INIT",
    "scale": "IFD.IKT.SCALE",
    "offset": "IFD.IKT.OFFSET",
    "learned": "IFD.IKT.LEARNED",
}
_PREDICTION_KEYS = {"feat_dim": "MODEL.BACKBONE.FEAT_DIM", "weight": "IFD.PREDICTION.WEIGHT"}
_CLOTHING_KEYS = {
    "feat_dim": "MODEL.BACKBONE.FEAT_DIM",
    "norm": "MODEL.HEADS.NORM",
    "mask_resize": "IFD.CBD.MASK_RESIZE",
    "neck_order": "IFD.NECK_ORDER",
}


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
class IFD(StreamBaseline):
    """Two streams: the main one sees the image, the attention one the image without clothing colours (fig. 2).

    Training: L_all = L_ID^m + L_ID^a + lambda * L_CCL (eq. 6). Evaluation: the descriptor f_rg of the main stream,
    which needs the attention stream and the knowledge transfer, but neither classifiers nor clothing branch.

    Args:
        backbone: g_m of the main stream.
        head: the main stream's head, ``heads`` of the host's Baseline.
        attention_stream: None to leave it out.
        knowledge_transfer: F_a to W_I (eq. 1). Without it F_rg is F_g, and an attention stream learns beside the main
            one.
        clothing_branch: (F_rg, psi, pids, clothes) to its loss; None to leave it out.
        attention_prediction: predicts the attention map from the main stream; beyond the paper. None to leave it out.
            With it and without an attention stream, a model predicts: for evaluation only, from RGB alone.
        descriptor: what evaluation returns: "main" f_rg (the paper's), "attention" f_a, or "joined", both L2-normalised
            and concatenated.
        stream_arguments: see :class:`StreamBaseline`.

    Shape:
        input: dict with ``images`` (N, 4, H, W) float, RGB in 0-255 and mask in [0, 1]; in training also ``targets``
            (N,) and, for the clothing contrastive loss, ``clothes`` (N,). RGB alone, (N, 3, H, W), serves where no part
            that is active needs the mask.
        result: (N, D) descriptors in evaluation ((N, 2D) joined), a dict of scalar losses in training.

    Raises:
        ArgumentError: options that do not go together or have no such value, a backbone without feature maps.
        ValueError: a mask that is missing.
    """

    classifiers: ClassVar[tuple[str, ...]] = ("heads.weight", "attention_stream.head.weight")
    config_keys: ClassVar[Mapping[str, str]] = {
        **StreamBaseline.config_keys,
        "descriptor": "IFD.DESCRIPTOR",
        "attention_stream": "IFD.IKT.ENABLED",
        "attention_prediction": "IFD.PREDICTION.ENABLED",
    }

    @configurable
    def __init__(
        self,
        *,
        backbone: nn.Module,
        head: nn.Module,
        attention_stream: AttentionStream | None = None,
        knowledge_transfer: nn.Module | None = None,
        clothing_branch: nn.Module | None = None,
        attention_prediction: AttentionPrediction | None = None,
        descriptor: str = "main",
        **stream_arguments: Any,
    ):
        super().__init__(backbone=backbone, head=head, **stream_arguments)
        if descriptor not in _DESCRIPTORS:
            raise ArgumentError(
                "{descriptor} is {found!r}; expected one of {descriptors}",
                {"found": descriptor, "descriptors": ", ".join(_DESCRIPTORS)},
            )
        if attention_stream is None and descriptor != "main":
            raise ArgumentError(
                "{descriptor} is {found!r} but {attention_stream} is off: there is no attention stream",
                {"found": descriptor},
            )
        if attention_stream is None and knowledge_transfer is not None:
            raise ArgumentError("{knowledge_transfer} has nothing to transfer: {attention_stream} is off")
        if attention_stream is not None and knowledge_transfer is None and attention_prediction is not None:
            raise ArgumentError("{attention_prediction} has no map to learn from: {knowledge_transfer} is off")
        # The order of parameters is that of optimisers' states in checkpoints.
        self.attention_stream = attention_stream
        self.knowledge_transfer = knowledge_transfer
        self.attention_prediction = attention_prediction
        self.clothing_branch = clothing_branch
        self.descriptor = descriptor

    @classmethod
    def from_config(cls, cfg: Any) -> dict[str, Any]:
        arguments = {**super().from_config(cfg), "descriptor": cfg.IFD.DESCRIPTOR}
        if cfg.IFD.IKT.ENABLED:
            with naming(HEAD_KEYS):
                arguments["attention_stream"] = AttentionStream(build_backbone(cfg), build_heads(cfg))
            arguments["knowledge_transfer"] = build_from_keys(IDKnowledgeTransfer, cfg, _TRANSFER_KEYS)
        if cfg.IFD.PREDICTION.ENABLED:
            arguments["attention_prediction"] = build_from_keys(AttentionPrediction, cfg, _PREDICTION_KEYS)
        if cfg.IFD.CBD.ENABLED:
            layer = build_from_keys(ClothingBiasDiminishing, cfg, _CLOTHING_KEYS)
            arguments["clothing_branch"] = build_from_keys(
                ClothingBranch, cfg, {"weight": "IFD.CBD.LAMBDA"}, layer=layer, loss=build_clothing_loss(cfg)
            )
        return arguments

    def foreign(self, unexpected: Iterable[str]) -> list[str]:
        """As for any model, but one that predicts its attention map goes without the parts that it was trained with."""
        if self.attention_prediction is None or self.attention_stream is not None:
            return super().foreign(unexpected)
        return [name for name in unexpected if not name.startswith(("attention_stream.", "knowledge_transfer."))]

    def stream_features(self, batched_inputs: dict[str, Any] | torch.Tensor) -> StreamFeatures:
        """Feature maps of both streams and the attention map between them (eq. 1-2)."""
        needs_mask = self.attention_stream is not None or (self.training and self.clothing_branch is not None)
        inputs = split_inputs(batched_inputs, self.device, needs_mask=needs_mask)
        main = self.feature_maps(self.backbone, inputs.images)
        if self.attention_stream is None:
            if self.attention_prediction is None:
                return StreamFeatures(main, main, None, None, inputs.masks)
            if self.training:
                raise ArgumentError(
                    "{attention_prediction} is on and {attention_stream} is off: there is no attention stream to learn "
                    "from. Train with both; evaluate with or without the attention stream."
                )
            predicted = torch.sigmoid(self.attention_prediction(main))
            return StreamFeatures(main, predicted * main, None, predicted, inputs.masks)
        attention = self.masked_feature_maps(self.attention_stream.backbone, inputs)
        if self.knowledge_transfer is None:
            return StreamFeatures(main, main, attention, None, inputs.masks)
        attention_map = self.knowledge_transfer(attention)
        return StreamFeatures(main, attention_map * main, attention, attention_map, inputs.masks)

    def forward(self, batched_inputs: dict[str, Any]) -> torch.Tensor | dict[str, torch.Tensor]:
        if self.training:
            return self._training_losses(batched_inputs)
        stream = self.attention_stream
        if stream is not None and self.descriptor == "attention":
            inputs = split_inputs(batched_inputs, self.device, needs_mask=True)
            return stream.head(self.masked_feature_maps(stream.backbone, inputs))
        features = self.stream_features(batched_inputs)
        main = self.heads(features.refined)
        if stream is None or self.descriptor == "main":
            return main
        return torch.cat([F.normalize(main), F.normalize(stream.head(features.attention))], dim=1)

    def _training_losses(self, batched_inputs: dict[str, Any]) -> dict[str, torch.Tensor]:
        targets = self.labels(batched_inputs, "targets")
        features = self.stream_features(batched_inputs)
        losses = self.identity_losses(self.heads(features.refined, targets), targets, "main")
        if self.attention_stream is not None:
            outputs = self.attention_stream.head(features.attention, targets)
            losses.update(self.identity_losses(outputs, targets, "attention"))
        if self.attention_prediction is not None:
            assert features.attention_map is not None
            losses["loss_prediction"] = self.attention_prediction.loss(features.main, features.attention_map)
        if self.clothing_branch is not None:
            clothes = self.labels(batched_inputs, "clothes")
            losses["loss_clothing"] = self.clothing_branch(features.refined, features.masks, targets, clothes)
        return self.log_single_loss(losses)
