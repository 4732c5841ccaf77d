"""Rank lists as a picture: query, clothing mask, attention map, the first gallery images marked right or wrong."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F

from clothes_evaluation.extraction import extract_descriptors
from clothes_evaluation.protocol import Protocol
from clothes_evaluation.retrieval import as_retrieval
from ifd.modeling import IFD
from masked_images import FrameDataset

from .pictures import RIGHT, WRONG, PictureError, pixels, save_picture


@dataclass
class RankList:
    """One query and the head of its ranking.

    Images are (H, W, 3) uint8 as the network saw them (resized).

    Attributes:
        query: the query image.
        title: text above it.
        mask: (H, W) float in [0, 1], the clothing mask.
        attention: (H, W) float in (0, 1), W_I at the image's size; None where the model has no attention map.
        gallery: the first images of the ranking.
        right: whether each is a match.
        nearness: what each was ranked by, see ``nearness_of``.
    """

    query: np.ndarray
    title: str
    mask: np.ndarray
    attention: np.ndarray | None
    gallery: list[np.ndarray] = field(default_factory=list)
    right: list[bool] = field(default_factory=list)
    nearness: list[float] = field(default_factory=list)


def nearness_of(protocol: Protocol) -> tuple[str, Callable[[np.ndarray], np.ndarray]]:
    """What a ranking went by, as a reader knows it.

    Returns:
        (its name, a function of the distances that the ranking engine gives): cosine similarity, the Euclidean distance
        (the engine's is squared), or what re-ranking made of either, whose distance has no unit.
    """
    if protocol.reranking:
        return "re-ranked distance", lambda distances: distances
    if protocol.metric == "cosine":
        return "cosine similarity", lambda distances: 1.0 - distances
    return "Euclidean distance", np.sqrt


@torch.no_grad()
def rank_lists(
    model: torch.nn.Module,
    loader: Any,
    num_query: int,
    *,
    protocol: Protocol,
    mode: str,
    count: int = 8,
    top: int = 5,
    seed: int = 0,
) -> list[RankList]:
    """Ranks the gallery, as an evaluation by the same protocol scores it, for some queries that have a match in a mode.

    Args:
        model: in evaluation mode.
        loader, num_query: of ``ifd.data.build_test_loader``.
        protocol: metric, flip test, query expansion and re-ranking are those of it.
        mode: of clothes_rank.MODES or PROTOCOL_MODES.
        count: queries, drawn at random without replacement; all if there are fewer.
        top: gallery images per query.
        seed: of the draw.

    Returns:
        The lists, in the order of the queries.

    Raises:
        PictureError: no query has a match in the mode.
        DescriptorError: descriptors cannot be ranked.
    """
    found = extract_descriptors(model, loader, flip=protocol.flip)
    retrieval = as_retrieval(
        found.features,
        found.pids,
        found.camids,
        found.clothes,
        num_query=num_query,
        protocol=protocol,
        further_labels=loader.dataset.facts.further_labels,
    )
    read = loader.dataset.of_item if isinstance(loader.dataset, FrameDataset) else loader.dataset.__getitem__
    with_match = set(retrieval.rank(mode)[mode].query_indices.tolist())
    if not with_match:
        raise PictureError(f"no query has a match in mode {mode}; expected a data set with such pairs")
    drawn = [query for query in np.random.default_rng(seed).permutation(num_query).tolist() if query in with_match]
    ranked = retrieval.top(top, mode, queries=np.array(sorted(drawn[:count])))
    _, nearness = nearness_of(protocol)

    lists = []
    for query, images, distances, right in zip(
        ranked.queries.tolist(), ranked.images, ranked.distances, ranked.is_match, strict=True
    ):
        kept = images >= 0
        sample = read(query)["images"]
        lists.append(
            RankList(
                query=pixels(sample),
                title=f"person {found.pids[query]}, camera {found.camids[query]}",
                mask=sample[3].numpy(),
                attention=_attention_map(model, sample),
                gallery=[pixels(read(num_query + image)["images"]) for image in images[kept].tolist()],
                right=right[kept].tolist(),
                nearness=nearness(distances[kept]).tolist(),
            )
        )
    return lists


def _attention_map(model: torch.nn.Module, sample: torch.Tensor) -> np.ndarray | None:
    if not isinstance(model, IFD):
        return None
    attention_map = model.stream_features(sample[None]).attention_map
    if attention_map is None:
        return None
    return F.interpolate(attention_map, size=sample.shape[-2:], mode="bilinear")[0, 0].cpu().numpy()


def plot_rank_lists(lists: list[RankList], path: str | Path, *, title: str) -> None:
    """Draws rank lists as rows and writes the picture.

    Args:
        lists: at least one.
        path: picture, PNG, PDF or SVG by the ending.
        title: text above all.

    Raises:
        PictureError, OSError: it cannot be written there.
    """
    columns = 3 + max(len(entry.gallery) for entry in lists)
    height, width = lists[0].query.shape[:2]
    row_height = 1.1 * height / width + 0.3
    figure_height = row_height * len(lists) + 0.6
    figure, axes = plt.subplots(len(lists), columns, figsize=(1.2 * columns, figure_height), squeeze=False)
    figure.subplots_adjust(
        left=0.01, right=0.99, bottom=0.01, top=1 - 0.75 / figure_height, wspace=0.08, hspace=0.3 / row_height
    )
    for axis in axes.flat:
        axis.set_xticks([])
        axis.set_yticks([])
        axis.axis("off")
    for row, entry in zip(axes, lists, strict=True):
        row[0].imshow(entry.query)
        row[0].set_title(entry.title, fontsize=7)
        row[1].imshow(entry.mask, cmap="gray", vmin=0, vmax=1)
        if entry.attention is not None:
            row[2].imshow(entry.query)
            row[2].imshow(entry.attention, cmap="jet", alpha=0.55)
            row[2].set_title(f"{entry.attention.min():.2f} to {entry.attention.max():.2f}", fontsize=7)
        for axis, image, right, nearness in zip(row[3:], entry.gallery, entry.right, entry.nearness, strict=False):
            colour = RIGHT if right else WRONG
            axis.axis("on")
            axis.imshow(image)
            for spine in axis.spines.values():
                spine.set_color(colour)
                spine.set_linewidth(3)
            axis.set_title(f"{'right' if right else 'wrong'} {nearness:.2f}", fontsize=7, color=colour)
    headings = ["query", "clothing mask", "attention map", *(f"rank {rank}" for rank in range(1, columns - 2))]
    for axis, heading in zip(axes[0], headings, strict=True):
        axis.annotate(
            heading, (0.5, 1.0), (0, 16), xycoords="axes fraction", textcoords="offset points", ha="center",
            fontsize=8, fontweight="bold",
        )  # fmt: skip
    figure.suptitle(title, fontsize=10, y=1 - 0.1 / figure_height, va="top")
    save_picture(figure, path, dpi=150)
