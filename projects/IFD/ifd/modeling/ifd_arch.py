"""Identity-aware feature decoupling, both streams (IFD, ICASSP 2025)."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from fastreid.config import configurable
from fastreid.layers.pooling import FastGlobalAvgPool, GlobalAvgPool
from fastreid.modeling.backbones import build_backbone
from fastreid.modeling.heads import build_heads
from fastreid.modeling.meta_arch import META_ARCH_REGISTRY
from fastreid.utils.events import get_event_storage
from torch import nn

from clothes_methods import ClothesAdversary, ClothingAugmentation, Consistency
from fastreid_runs.arguments import ArgumentError, build_from_keys, naming, read_keys

from ..losses import build_clothing_loss
from .attention_prediction import AttentionPrediction
from .attention_stream import AttentionStream
from .clothing_bias_diminishing import ClothingBiasDiminishing
from .clothing_branch import ClothingBranch
from .id_knowledge_transfer import IDKnowledgeTransfer
from .inputs import split_inputs
from .stream_baseline import HEAD_KEYS, StreamBaseline
from .stream_features import Description, StreamFeatures

logger = logging.getLogger("fastreid.ifd.modeling")

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

_BRANCH_KEYS = {"weight": "IFD.CBD.LAMBDA", "detach_attention": "IFD.CBD.DETACH_ATTENTION"}
_ADVERSARY_KEYS = {
    "epsilon": "IFD.CAL.EPSILON",
    "scale": "IFD.CAL.SCALE",
    "weight": "IFD.CAL.WEIGHT",
    "start_epoch": "IFD.CAL.START_EPOCH",
}
_CONSISTENCY_KEYS = {"weight": "IFD.CONSISTENCY.WEIGHT", "centroid_weight": "IFD.CONSISTENCY.CENTROID_WEIGHT"}
_AUGMENTATION_KEYS = {
    "recolour": "IFD.CLOTHES_AUGMENTATION.RECOLOUR",
    "swap": "IFD.CLOTHES_AUGMENTATION.SWAP",
    "erase": "IFD.CLOTHES_AUGMENTATION.ERASE",
    "erase_ratio": "IFD.CLOTHES_AUGMENTATION.ERASE_RATIO",
}
_OWN_KEYS = {
    "descriptor": "IFD.DESCRIPTOR",
    "joined_weights": "IFD.JOINED_WEIGHTS",
    "weighted_mean": "IFD.IKT.WEIGHTED_MEAN",
    "start_main_stream": "IFD.STAGE1.START_MAIN_STREAM",
    "start_main_head": "IFD.STAGE1.START_MAIN_HEAD",
}


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
        clothing_branch: (features of the batch, pids, clothes) to its loss; None to leave it out.
        attention_prediction: predicts the attention map from the main stream; beyond the paper. None to leave it out.
            With it and without an attention stream, a model predicts: for evaluation only, from RGB alone.
        consistency: draws f_rg to f_a, so that the main stream can be evaluated alone; beyond the paper. None to leave
            it out. With it and without an attention stream, a model is for evaluation only, from RGB alone.
        adversary: makes f_rg forget which of a person's outfits is worn (CAL); beyond the paper. None to leave it out.
        clothing_augmentation: changes clothes in training; beyond the paper. None to leave it out.
        descriptor: what evaluation returns: "main" f_rg (the paper's), "attention" f_a, or "joined", both
            L2-normalised, weighted and concatenated.
        joined_weights: of f_rg's and f_a's cosine similarities in that of "joined", at least 0 and one of them more.
        weighted_mean: whether f_rg is the attention-weighted mean sum(W_I F_g) / sum(W_I) in place of GAP; beyond the
            paper.
        start_main_stream: whether a training that starts from weights without a main stream starts its backbone from
            the attention stream's; beyond the paper.
        start_main_head: whether its head does, too, in place of random weights.
        stream_arguments: see :class:`StreamBaseline`.

    Shape:
        input: dict with ``images`` (N, 4, H, W) float, RGB in 0-255 and mask in [0, 1]; in training also ``targets``
            (N,) and, for losses on outfits, ``clothes`` (N,) and ``clothes_range`` (N, 2). RGB alone, (N, 3, H, W),
            serves where no part that is active needs the mask.
        result: (N, D) descriptors in evaluation ((N, 2D) joined), a dict of scalar losses in training.

    Raises:
        ArgumentError: options that do not go together or have no such value, a backbone without feature maps.
        ValueError: a mask that is missing.
    """

    classifiers: ClassVar[tuple[str, ...]] = (
        "heads.weight",
        "attention_stream.head.weight",
        "adversary.classifier.weight",
    )
    config_keys: ClassVar[Mapping[str, str]] = {
        **StreamBaseline.config_keys,
        **_OWN_KEYS,
        "attention_stream": "IFD.IKT.ENABLED",
        "attention_prediction": "IFD.PREDICTION.ENABLED",
        "knowledge_transfer": "IFD.IKT.REFINES",
        "consistency": "IFD.CONSISTENCY.ENABLED",
        "adversary": "IFD.CAL.ENABLED",
        "head": "MODEL.HEADS.NAME",
        "neck_order": "IFD.NECK_ORDER",
        "pool_layer": "MODEL.HEADS.POOL_LAYER",
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
        consistency: Consistency | None = None,
        adversary: ClothesAdversary | None = None,
        clothing_augmentation: ClothingAugmentation | None = None,
        descriptor: str = "main",
        joined_weights: Sequence[float] = (1.0, 1.0),
        weighted_mean: bool = False,
        start_main_stream: bool = False,
        start_main_head: bool = False,
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
        if len(joined_weights) != 2 or not min(joined_weights) >= 0 or not max(joined_weights) > 0:
            raise ArgumentError(
                "{joined_weights} is {found}; expected two numbers of at least 0, for f_rg and f_a, one of them above",
                {"found": list(joined_weights)},
            )
        if start_main_stream and attention_stream is None:
            raise ArgumentError("{start_main_stream} is on but {attention_stream} is off: nothing to start from")
        if start_main_head and not start_main_stream:
            raise ArgumentError("{start_main_head} is on but {start_main_stream} is off: a head goes with its backbone")
        if weighted_mean and not _pools_by_mean(head):
            raise ArgumentError(
                "{weighted_mean} is on, which takes the place of a global average before the neck; set {pool_layer} to "
                "'GlobalAvgPool' and {neck_order} to 'gap_bn'"
            )
        # The order of parameters is that of optimisers' states in checkpoints.
        self.attention_stream = attention_stream
        self.knowledge_transfer = knowledge_transfer
        self.attention_prediction = attention_prediction
        self.clothing_branch = clothing_branch
        self.consistency = consistency
        self.adversary = adversary
        self.clothing_augmentation = clothing_augmentation
        self.descriptor = descriptor
        self.joined_weights = tuple(joined_weights)
        self.weighted_mean = weighted_mean
        # Parts of the attention stream -> of the main stream that start from them.
        self._starts = {"attention_stream.backbone.": "backbone."} if start_main_stream else {}
        if start_main_head:
            self._starts["attention_stream.head."] = "heads."

    @classmethod
    def from_config(cls, cfg: Any) -> dict[str, Any]:
        arguments = {**super().from_config(cfg), **read_keys(cfg, _OWN_KEYS)}
        if not cfg.IFD.IKT.ENABLED:
            # Of stage 1, which there is none then, as with the variants of Table II.
            arguments["start_main_stream"] = arguments["start_main_head"] = False
        if cfg.IFD.IKT.ENABLED:
            with naming(HEAD_KEYS):
                arguments["attention_stream"] = AttentionStream(build_backbone(cfg), build_heads(cfg))
            if cfg.IFD.IKT.REFINES:
                arguments["knowledge_transfer"] = build_from_keys(IDKnowledgeTransfer, cfg, _TRANSFER_KEYS)
        if cfg.IFD.PREDICTION.ENABLED:
            arguments["attention_prediction"] = build_from_keys(AttentionPrediction, cfg, _PREDICTION_KEYS)
        if cfg.IFD.CBD.ENABLED:
            layer = build_from_keys(ClothingBiasDiminishing, cfg, _CLOTHING_KEYS)
            arguments["clothing_branch"] = build_from_keys(
                ClothingBranch, cfg, _BRANCH_KEYS, layer=layer, loss=build_clothing_loss(cfg)
            )
        if cfg.IFD.CONSISTENCY.ENABLED:
            arguments["consistency"] = build_from_keys(Consistency, cfg, _CONSISTENCY_KEYS)
        if cfg.IFD.CAL.ENABLED:
            # Where nothing is counted, nothing is trained: the number of classes then makes no difference.
            dim = cfg.MODEL.HEADS.EMBEDDING_DIM or cfg.MODEL.BACKBONE.FEAT_DIM
            arguments["adversary"] = build_from_keys(
                ClothesAdversary, cfg, _ADVERSARY_KEYS, feat_dim=dim, num_outfits=max(1, cfg.IFD.OUTFITS.COUNT)
            )
        augmentation = read_keys(cfg, _AUGMENTATION_KEYS)
        if augmentation["recolour"] or augmentation["swap"] or augmentation["erase"]:
            arguments["clothing_augmentation"] = build_from_keys(ClothingAugmentation, cfg, _AUGMENTATION_KEYS)
        return arguments

    def foreign(self, unexpected: Iterable[str]) -> list[str]:
        """As for any model, but one that predicts its attention map goes without the parts that it was trained with.

        So does one that was drawn to the attention stream; where W_I refined it, it is another without.
        """
        spared: tuple[str, ...] = ()
        if self.attention_stream is None and self.attention_prediction is not None:
            spared = ("attention_stream.", "knowledge_transfer.")
        elif self.attention_stream is None and self.consistency is not None:
            spared = ("attention_stream.",)
        return super().foreign(name for name in unexpected if not name.startswith(spared))

    def starting_weights(self, weights: Mapping[str, Any]) -> dict[str, Any]:
        """The weights, and the attention stream's for the main stream where ``start_main_stream`` says so."""
        starting = dict(weights)
        if any(name.startswith("backbone.") for name in weights):
            return starting
        for source, target in self._starts.items():
            found = {target + name.removeprefix(source): weights[name] for name in weights if name.startswith(source)}
            if found:
                logger.info("The main stream's %s starts from the attention stream's", source.split(".")[1])
                starting.update(found)
        return starting

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
        return self._describe(batched_inputs, with_map=False).descriptors

    def describe(self, batched_inputs: dict[str, Any] | torch.Tensor) -> Description:
        """The descriptors of evaluation and the attention map beside them."""
        return self._describe(batched_inputs, with_map=True)

    def _describe(self, batched_inputs: dict[str, Any] | torch.Tensor, *, with_map: bool) -> Description:
        stream = self.attention_stream
        if stream is not None and self.descriptor == "attention":
            inputs = split_inputs(batched_inputs, self.device, needs_mask=True)
            maps = self.masked_feature_maps(stream.backbone, inputs)
            transfer = self.knowledge_transfer
            # f_a does without the map, so that it is made only where it is asked for.
            return Description(stream.head(maps), transfer(maps) if with_map and transfer is not None else None)
        features = self.stream_features(batched_inputs)
        main = self.main_head(features.refined, features.attention_map)
        if stream is None or self.descriptor == "main":
            return Description(main, features.attention_map)
        # Similarities are products of two descriptors, so each of these takes the root of its weight.
        parts = (main, stream.head(features.attention))
        roots = [weight**0.5 for weight in self.joined_weights]
        joined = torch.cat([root * F.normalize(part) for root, part in zip(roots, parts, strict=True)], dim=1)
        return Description(joined, features.attention_map)

    def main_head(
        self, refined: torch.Tensor, attention_map: torch.Tensor | None, targets: torch.Tensor | None = None
    ) -> Any:
        """The main stream's head on F_rg, pooled as ``weighted_mean`` says.

        Args:
            refined: (N, D, h, w) F_rg.
            attention_map: (N, 1, h, w) W_I, None where F_rg is F_g.
            targets: (N,) int64 identity labels, None in evaluation.

        Returns:
            What the head returns: (N, D') descriptors f_rg, or in training its dict of the losses' inputs.
        """
        if self.weighted_mean and attention_map is not None:
            # The plain mean of the quotient is sum(W_I F_g) / sum(W_I).
            mean = attention_map.float().mean((2, 3), keepdim=True).clamp_min(torch.finfo(torch.float16).tiny)
            refined = refined / mean.to(refined.dtype)
        return self.heads(refined, targets)

    def _training_losses(self, batched_inputs: dict[str, Any]) -> dict[str, torch.Tensor]:
        targets = self.labels(batched_inputs, "targets")
        if self.clothing_augmentation is not None:
            inputs = split_inputs(batched_inputs, self.device, needs_mask=True)
            assert inputs.masks is not None
            images = self.clothing_augmentation(inputs.images, inputs.masks)
            batched_inputs = {**batched_inputs, "images": torch.cat([images, inputs.masks], dim=1)}
        features = self.stream_features(batched_inputs)
        main = self.main_head(features.refined, features.attention_map, targets)
        losses = self.identity_losses(main, targets, "main")
        if self.attention_stream is not None:
            outputs = self.attention_stream.head(features.attention, targets)
            losses.update(self.identity_losses(outputs, targets, "attention"))
            if self.consistency is not None:
                f_rg, f_a = self._embedding(main, "consistency"), self._embedding(outputs, "consistency")
                losses["loss_consistency"] = self.consistency(f_rg, f_a, targets)
        elif self.consistency is not None:
            raise ArgumentError(
                "{consistency} is on and {attention_stream} is off: there is no attention stream to be drawn to. Train "
                "with both; evaluate with or without the attention stream."
            )
        if self.attention_prediction is not None:
            assert features.attention_map is not None
            losses["loss_prediction"] = self.attention_prediction.loss(features.main, features.attention_map)
        if self.clothing_branch is not None:
            clothes = self.labels(batched_inputs, "clothes")
            losses["loss_clothing"] = self.clothing_branch(features, targets, clothes)
        # What the host's precise BN shows belongs to no class.
        if self.adversary is not None and batched_inputs["targets"].sum() >= 0:
            clothes, outfits = self.labels(batched_inputs, "clothes"), self.labels(batched_inputs, "clothes_range")
            # Outside of a training there is no epoch, and everything is tried.
            epoch = getattr(get_event_storage(), "epoch", None)
            losses.update(self.adversary(self._embedding(main, "adversary"), clothes, outfits, epoch))
        return self.log_single_loss(losses)

    @staticmethod
    def _embedding(outputs: dict[str, torch.Tensor], wanted_by: str) -> torch.Tensor:
        """The descriptors among the outputs of a head in training."""
        if "embedding" not in outputs:
            raise ArgumentError(f"{{{wanted_by}}} is on, which takes the descriptors of IFDHead; set {{head}} to it")
        return outputs["embedding"]


def _pools_by_mean(head: nn.Module) -> bool:
    pools = isinstance(getattr(head, "pool_layer", None), (GlobalAvgPool, FastGlobalAvgPool))
    return pools and getattr(head, "neck_order", "gap_bn") == "gap_bn"
