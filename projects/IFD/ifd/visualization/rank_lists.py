"""Rank lists as a picture: query, clothing mask, attention map, the first gallery images marked right or wrong."""

from dataclasses import dataclass, field

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F

from ..evaluation.extraction import extract_descriptors

# Frame colours of right and wrong matches.
RIGHT, WRONG = "#1a9641", "#d7191c"


@dataclass
class RankList:
    """One query and the head of its ranking.

    Images are (H, W, 3) uint8 as the network saw them (resized).

    query: the query image.   title: text above it.
    mask: (H, W) float in [0, 1], the clothing mask.
    attention: (H, W) float in (0, 1), W_I at the image's size; None where the model has no attention stream.
    gallery: the first images of the ranking.   right: whether each is the query's person.
    similarities: cosine similarity of each to the query.
    """

    query: np.ndarray
    title: str
    mask: np.ndarray
    attention: np.ndarray | None
    gallery: list[np.ndarray] = field(default_factory=list)
    right: list[bool] = field(default_factory=list)
    similarities: list[float] = field(default_factory=list)


@torch.no_grad()
def rank_lists(model, loader, num_query: int, *, mode: str, count: int = 8, top: int = 5, seed: int = 0):
    """Ranks the gallery for some queries that have a match in a mode.

    Args:
        model: IFD in evaluation mode.
        loader, num_query: of ``ifd.data.build_test_loader``.
        mode: general, same_clothing or clothing_change.
        count: queries, drawn at random without replacement; all if there are fewer.
        top: gallery images per query.

    Returns:
        list of RankList, in the order of the queries.

    Raises:
        ValueError: no query has a match in the mode.
    """
    found = extract_descriptors(model, loader)
    # In float64, as the evaluation ranks, so that a list is never another than the one that was scored.
    features = F.normalize(found.features.double())
    ids = [column.numpy() for column in (found.pids, found.camids, found.clothes)]
    gallery = [column[num_query:] for column in ids]
    random = np.random.default_rng(seed)
    chosen = [
        query
        for query in random.permutation(num_query)
        if matches([column[query] for column in ids], gallery, mode).any()
    ][:count]
    if not chosen:
        raise ValueError(f"no query has a match in mode {mode}; expected a data set with such pairs")

    lists = []
    for query in sorted(chosen):
        right = matches([column[query] for column in ids], gallery, mode)
        similarity = (features[num_query:] @ features[query]).numpy()
        similarity[(gallery[0] == ids[0][query]) & ~right] = -np.inf
        order = np.argsort(-similarity, kind="stable")[:top]
        sample = loader.dataset[int(query)]["images"]
        features_of_streams = model.stream_features(sample[None])
        attention = None
        if features_of_streams.attention_map is not None:
            resized = F.interpolate(features_of_streams.attention_map, size=sample.shape[-2:], mode="bilinear")
            attention = resized[0, 0].cpu().numpy()
        lists.append(
            RankList(
                query=pixels(sample),
                title=f"person {ids[0][query]}, camera {ids[1][query]}",
                mask=sample[3].numpy(),
                attention=attention,
                gallery=[pixels(loader.dataset[num_query + int(i)]["images"]) for i in order],
                right=[bool(right[i]) for i in order],
                similarities=[float(similarity[i]) for i in order],
            )
        )
    return lists


def plot_rank_lists(lists: list[RankList], path: str, *, title: str) -> None:
    """Draws rank lists as rows and writes the picture (PNG, PDF, SVG by the ending)."""
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
        for axis, image, right, similarity in zip(
            row[3:], entry.gallery, entry.right, entry.similarities, strict=False
        ):
            axis.axis("on")
            axis.imshow(image)
            for spine in axis.spines.values():
                spine.set_color(RIGHT if right else WRONG)
                spine.set_linewidth(3)
            axis.set_title(
                f"{'right' if right else 'wrong'} {similarity:.2f}", fontsize=7, color=RIGHT if right else WRONG
            )
    headings = ["query", "clothing mask", "attention map", *(f"rank {rank}" for rank in range(1, columns - 2))]
    for axis, heading in zip(axes[0], headings, strict=True):
        axis.annotate(
            heading, (0.5, 1.0), (0, 16), xycoords="axes fraction", textcoords="offset points", ha="center",
            fontsize=8, fontweight="bold",
        )  # fmt: skip
    figure.suptitle(title, fontsize=10, y=1 - 0.1 / figure_height, va="top")
    figure.savefig(path, dpi=150)
    plt.close(figure)


def matches(query: list[int], gallery: list[np.ndarray], mode: str) -> np.ndarray:
    """Which gallery images count as a match; others of the same person are taken out of the ranking.

    Args:
        query: its pid, camid and clothes id.   gallery: (G,) int arrays of the same.   mode: see ``ifd.evaluation``.

    Returns:
        (G,) bool.
    """
    same_person, same_camera, same_clothes = (column == label for column, label in zip(gallery, query, strict=True))
    found = same_person & ~same_camera
    if mode == "same_clothing":
        return found & same_clothes
    if mode == "clothing_change":
        return found & ~same_clothes
    return found


def pixels(sample: torch.Tensor) -> np.ndarray:
    """(4, H, W) float network input to its (H, W, 3) uint8 picture."""
    return sample[:3].permute(1, 2, 0).clamp(0, 255).byte().numpy()
