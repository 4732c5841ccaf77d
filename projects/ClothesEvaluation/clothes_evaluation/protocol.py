"""How figures were measured: those of two protocols do not compare."""

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import metadata
from typing import Any, Literal

import fastreid
import numpy as np
import torch

# The network of a training as it stood, a run's last, the best by the test queries, or a file that somebody named.
Choice = Literal["in training", "final", "best on the test queries", "by hand"]


@dataclass(frozen=True)
class Reranking:
    """k-reciprocal re-ranking (TEST.RERANK).

    Attributes:
        k1: neighbours that are reciprocal.
        k2: neighbours that a query is expanded over.
        lambda_value: share of the original distance, 0 to 1.
    """

    k1: int
    k2: int
    lambda_value: float


@dataclass(frozen=True)
class QueryExpansion:
    """Alpha query expansion (TEST.AQE).

    Attributes:
        times: how often it is done.
        k: neighbours that it goes over.
        alpha: power of a neighbour's similarity that it weighs by.
    """

    times: int
    k: int
    alpha: float


@dataclass(frozen=True)
class Checkpoint:
    """Whose figures they are.

    Attributes:
        file: its name without folders; empty for a network that is being trained.
        chosen: how it came to be the one.
    """

    file: str
    chosen: Choice

    @classmethod
    def at(cls, path: str) -> "Checkpoint":
        """The choice that a file's name tells of: the host's trainer writes model_final.pth and model_best.pth.

        Args:
            path: of the checkpoint; empty for a network that is being trained.
        """
        file = os.path.basename(path)
        choices: dict[str, Choice] = {
            "": "in training",
            "model_final.pth": "final",
            "model_best.pth": "best on the test queries",
        }
        return cls(file, choices.get(file, "by hand"))


@dataclass(frozen=True)
class Protocol:
    """How figures were measured.

    Attributes:
        metric: cosine or euclidean.
        flip: whether descriptors are the mean of an image's and its mirror image's.
        descriptor: which of a model's it is.
        checkpoint: whose figures they are.
        joined_weights: of f_rg and f_a in a joined descriptor; None of others.
        center_cameras: whether each descriptor is taken less the mean of its camera's.
        reranking: its parameters; None: none.
        query_expansion: its parameters; None: none.
        draw_seed: seed of the single-shot galleries; None where there are none.
        software: name -> version.
    """

    metric: Literal["cosine", "euclidean"]
    flip: bool
    descriptor: str
    checkpoint: Checkpoint
    joined_weights: tuple[float, float] | None = None
    center_cameras: bool = False
    reranking: Reranking | None = None
    query_expansion: QueryExpansion | None = None
    draw_seed: int | None = None
    software: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        cfg: Any,
        *,
        descriptor: str,
        joined_weights: tuple[float, float] | None = None,
        center_cameras: bool = False,
        draw_seed: int | None = None,
        software: Mapping[str, str] | None = None,
    ) -> "Protocol":
        """What the host's keys of a config ask for.

        Args:
            cfg: TEST is read, and MODEL.WEIGHTS for what is evaluated, empty for a network that is being trained.
            descriptor, joined_weights, center_cameras, draw_seed: see above.
            software: versions of the model's own packages; those of host, torch, numpy and Python are added.
        """
        aqe, rerank = cfg.TEST.AQE, cfg.TEST.RERANK
        return cls(
            metric=cfg.TEST.METRIC,
            flip=cfg.TEST.FLIP.ENABLED,
            descriptor=descriptor,
            checkpoint=Checkpoint.at(cfg.MODEL.WEIGHTS),
            joined_weights=joined_weights,
            center_cameras=center_cameras,
            reranking=Reranking(rerank.K1, rerank.K2, rerank.LAMBDA) if rerank.ENABLED else None,
            query_expansion=QueryExpansion(aqe.QE_TIME, aqe.QE_K, aqe.ALPHA) if aqe.ENABLED else None,
            draw_seed=draw_seed,
            software={**(software or {}), **_software_versions()},
        )

    @property
    def treatment(self) -> str:
        """What was done to the ranking beyond sorting by distance, a part of every name; empty: nothing."""
        done = {
            "camera-centered": self.center_cameras,
            "expanded": self.query_expansion,
            "re-ranked": self.reranking,
        }
        return " and ".join(name for name, is_done in done.items() if is_done)

    def __str__(self) -> str:
        words = [f"{self.metric} distance of descriptor {self.descriptor!r}"]
        if self.joined_weights not in (None, (1.0, 1.0)):
            words.append(f"f_rg and f_a weighted {' : '.join(f'{weight:g}' for weight in self.joined_weights)}")
        if self.flip:
            words.append("mean over an image and its mirror image")
        if self.center_cameras:
            words.append("less the mean of each camera's images in the test set")
        if aqe := self.query_expansion:
            words.append(f"queries expanded (times {aqe.times}, k {aqe.k}, alpha {aqe.alpha:g})")
        if rerank := self.reranking:
            words.append(f"re-ranked (k1 {rerank.k1}, k2 {rerank.k2}, lambda {rerank.lambda_value:g})")
        checkpoint = self.checkpoint
        words.append(f"{checkpoint.file}, {checkpoint.chosen}" if checkpoint.file else "the network in training")
        return "; ".join(words)


def _software_versions() -> dict[str, str]:
    try:
        host = metadata.version("fastreid")
    except metadata.PackageNotFoundError:
        host = f"{fastreid.__version__}, a clone"
    return {
        "fastreid": host,
        "torch": torch.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
    }
