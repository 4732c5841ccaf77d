"""Descriptors of a whole loader, for the tools that look at single images."""

from dataclasses import dataclass
from typing import Any

import torch
from tqdm import tqdm


@dataclass(frozen=True, eq=False)
class Descriptors:
    """What a loader's images come to, in its order.

    Attributes:
        features: (N, D) float32.
        pids, camids, clothes: (N,) int64.
        paths: N image paths.
    """

    features: torch.Tensor
    pids: torch.Tensor
    camids: torch.Tensor
    clothes: torch.Tensor
    paths: list[str]


@torch.no_grad()
def extract_descriptors(model: torch.nn.Module, loader: Any, *, flip: bool = False) -> Descriptors:
    """Runs a model in evaluation mode over a loader of ``ifd.data.build_test_loader``, with a progress bar.

    Args:
        model, loader: as the host's inference takes them.
        flip: take the mean of an image's descriptor and its mirror image's, as the host does with TEST.FLIP.
    """
    columns: dict[str, list[torch.Tensor]] = {"features": [], "targets": [], "camids": [], "clothes": []}
    paths: list[str] = []
    for batch in tqdm(loader, desc="descriptors", unit="batch"):
        features = model(batch)
        if flip:
            features = (features + model({**batch, "images": batch["images"].flip(dims=[3])})) / 2
        columns["features"].append(features.to("cpu", torch.float32))
        for key in ("targets", "camids", "clothes"):
            columns[key].append(batch[key].to("cpu"))
        paths += batch["img_paths"]
    features, pids, camids, clothes = (torch.cat(parts) for parts in columns.values())
    return Descriptors(features, pids, camids, clothes, paths)
