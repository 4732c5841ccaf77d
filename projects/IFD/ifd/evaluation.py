"""The clothes-aware evaluation of ``clothes_evaluation``, as a config of IFD asks for it."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from fastreid.config import CfgNode

import clothes_evaluation
from clothes_evaluation import DescriptorError, EvaluationResult, Protocol, ResultError
from clothes_rank import MODES, clothes_rank

from . import __version__

__all__ = [
    "MODES",
    "ClothesEvaluator",
    "DescriptorError",
    "EvaluationResult",
    "Protocol",
    "ResultError",
    "clothes_rank",
    "protocol_of",
]


def protocol_of(cfg: CfgNode) -> Protocol:
    """How a config measures, but for the single-shot galleries, which are a data set's affair.

    Args:
        cfg: full config; TEST, IFD.DESCRIPTOR, IFD.JOINED_WEIGHTS and IFD.CENTER_CAMERAS are read, and MODEL.WEIGHTS
            for the name of the checkpoint that is evaluated, empty for a network that is being trained.
    """
    # Stage 1 has f_a alone, whatever both streams will be described by.
    descriptor = "attention" if cfg.MODEL.META_ARCHITECTURE == "IFDAttentionStream" else cfg.IFD.DESCRIPTOR
    return Protocol.of(
        cfg,
        descriptor=descriptor,
        joined_weights=tuple(cfg.IFD.JOINED_WEIGHTS) if descriptor == "joined" else None,
        center_cameras=cfg.IFD.CENTER_CAMERAS,
        software={"ifd": __version__},
    )


class ClothesEvaluator(clothes_evaluation.ClothesEvaluator):
    """The evaluator beside the host's, by config, see :class:`clothes_evaluation.ClothesEvaluator`.

    Args:
        cfg: full config; beside what :func:`protocol_of` reads, TEST.ROC, IFD.METRIC_MODE and IFD.SINGLE_SHOT.
        num_query: how many of the first images are queries.
        output_dir: where results_<data set>.json and .md go; None: nowhere.
        dataset_name: name for the tables.
        single_shot_gallery: whether the data set's own protocol, one random gallery image per person, is scored as
            well.
        modes: that are scored, of ``clothes_rank``, those that the data set's labels allow.
        label_kind: where the clothes labels come from, for the table.
        camera_kind: what cameras are, for the table.
        further_labels: what modes compare beside cameras and clothes, by name: of each query, then gallery item.
    """

    metric_key: ClassVar[str] = "IFD.METRIC_MODE"

    def __init__(
        self,
        cfg: CfgNode,
        num_query: int,
        output_dir: str | None = None,
        *,
        dataset_name: str = "data set",
        single_shot_gallery: bool = False,
        modes: Sequence[str] = MODES,
        label_kind: str = "labelled",
        camera_kind: str = "labelled",
        further_labels: Mapping[str, Sequence[int]] | None = None,
    ) -> None:
        super().__init__(
            protocol_of(cfg),
            num_query,
            output_dir,
            dataset_name=dataset_name,
            draws=cfg.IFD.SINGLE_SHOT.DRAWS if single_shot_gallery else 0,
            draw_seed=cfg.IFD.SINGLE_SHOT.SEED,
            verification=cfg.TEST.ROC.ENABLED,
            modes=modes,
            metric_mode=cfg.IFD.METRIC_MODE,
            label_kind=label_kind,
            camera_kind=camera_kind,
            further_labels=further_labels,
        )
