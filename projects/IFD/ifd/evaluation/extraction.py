"""Descriptors of a whole loader, for the tools that look at single images."""

from typing import NamedTuple

import torch
from tqdm import tqdm


class Descriptors(NamedTuple):
    """What a loader's images come to, in its order.

    features: (N, D) float32.   pids, camids, clothes: (N,) int64.   paths: N image paths.
    """

    features: torch.Tensor
    pids: torch.Tensor
    camids: torch.Tensor
    clothes: torch.Tensor
    paths: list[str]


@torch.no_grad()
def extract_descriptors(model: torch.nn.Module, loader) -> Descriptors:
    """Runs a model in evaluation mode over a loader of ``ifd.data.build_test_loader``, with a progress bar."""
    columns: dict[str, list] = {"features": [], "targets": [], "camids": [], "clothes": [], "img_paths": []}
    for batch in tqdm(loader, desc="descriptors", unit="batch"):
        columns["features"].append(model(batch).to("cpu", torch.float32))
        for key in ("targets", "camids", "clothes"):
            columns[key].append(batch[key].to("cpu"))
        columns["img_paths"] += batch["img_paths"]
    return Descriptors(
        *(torch.cat(columns[key]) for key in ("features", "targets", "camids", "clothes")), columns["img_paths"]
    )
