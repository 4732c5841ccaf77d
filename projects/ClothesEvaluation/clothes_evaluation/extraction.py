"""Descriptors of a whole loader, for the tools that look at single images."""

from dataclasses import dataclass
from typing import Any

import torch
from tqdm import tqdm

from datasets_ext import image_paths

from .tracklet_means import TrackletMeans


@dataclass(frozen=True, eq=False)
class Descriptors:
    """What a loader's images come to, in its order.

    Attributes:
        features: (N, D) float32.
        pids, camids, clothes: (N,) int64.
        paths: N image paths; of a tracklet that of its first frame.
    """

    features: torch.Tensor
    pids: torch.Tensor
    camids: torch.Tensor
    clothes: torch.Tensor
    paths: list[str]


@torch.no_grad()
def extract_descriptors(model: torch.nn.Module, loader: Any, *, flip: bool = False) -> Descriptors:
    """Runs a model in evaluation mode over a loader of one data set's queries and gallery, with a progress bar.

    Args:
        model, loader: as the host's inference takes them.
        flip: take the mean of an image's descriptor and its mirror image's, as the host does with TEST.FLIP.
    """
    columns: dict[str, list[torch.Tensor]] = {"features": [], "targets": [], "camids": [], "clothes": []}
    paths: list[str] = []
    tracklets: TrackletMeans | None = None
    for batch in tqdm(loader, desc="descriptors", unit="batch"):
        features = model(batch)
        if flip:
            features = (features + model({**batch, "images": batch["images"].flip(dims=[3])})) / 2
        if "tracklets" in batch:
            tracklets = tracklets or TrackletMeans()
            labels = [batch[key].cpu() for key in ("targets", "camids", "clothes")]
            tracklets.add(features.cpu(), batch["frame_weights"].cpu(), batch["tracklets"].cpu(), labels)
            continue
        columns["features"].append(features.to("cpu", torch.float32))
        for key in ("targets", "camids", "clothes"):
            columns[key].append(batch[key].to("cpu"))
        paths += batch["img_paths"]
    if tracklets is not None:
        first = [next(iter(image_paths(item[0]))) for item in loader.dataset.img_items]
        return Descriptors(*tracklets.finish(), first)
    features, pids, camids, clothes = (torch.cat(parts) for parts in columns.values())
    return Descriptors(features, pids, camids, clothes, paths)
