"""Hard triplets as a picture, after Figure 3 of the paper (IFD, ICASSP 2025): what two models look at.

N: queries, G: gallery images, H and W: height and width of the network's input.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F
from matplotlib.axes import Axes
from pytorch_grad_cam import GradCAM
from tqdm import tqdm

from clothes_evaluation.extraction import extract_descriptors
from clothes_evaluation.protocol import Protocol
from clothes_rank import Labels
from clothes_rank.modes import CLOTHES_MODES
from clothes_rank.pairs import PersonPairs
from ifd.modeling import IFD
from ifd.modeling.ifd_arch import StreamFeatures

from .pictures import RIGHT, WRONG, PictureError, pixels, save_picture

_STRIPES, _BINS = 6, 8
_ROLES = ("anchor", "positive", "negative")


@dataclass
class HardTriplet:
    """Indices into the loader's data set of an anchor, a positive in other clothes and a negative in similar ones.

    Attributes:
        anchor, positive, negative: the indices.
        clothes_distance: in [0, 1], between the clothes of anchor and negative, see :func:`clothes_histograms`.
    """

    anchor: int
    positive: int
    negative: int
    clothes_distance: float


@dataclass
class ModelView:
    """What one model makes of triplets.

    Attributes:
        similarities: (T, 2) float, cosine similarity of each anchor to its positive and to its negative.
        maps: for each drawn triplet (3, H, W) float in [0, 1], Grad-CAM of anchor, positive and negative, each scaled
            by its own largest value; all zero where no place adds to the similarity.
        attention: for each drawn triplet (3, H, W) float in (0, 1), W_I; empty where the model has no attention stream.
    """

    similarities: np.ndarray
    maps: list[np.ndarray]
    attention: list[np.ndarray] = field(default_factory=list)

    @property
    def share_right(self) -> float:
        """Share of triplets whose positive is more similar than the negative, in [0, 1]."""
        return float(np.mean(self.similarities[:, 0] > self.similarities[:, 1]))


def check_protocol(protocol: Protocol) -> None:
    """Refuses a protocol by which pairs are not told apart by the cosine similarity of their descriptors alone.

    Raises:
        PictureError: the metric is another, or rankings are expanded or re-ranked.
    """
    if protocol.metric != "cosine" or protocol.treatment or protocol.descriptor != "main":
        raise PictureError(
            f"the config's evaluation is by {protocol}, but the maps show what the cosine similarity of the main "
            "stream's descriptors rests on; draw them with TEST.METRIC cosine, TEST.RERANK.ENABLED False, "
            "TEST.AQE.ENABLED False and IFD.DESCRIPTOR main"
        )


def clothes_histograms(dataset: Any) -> np.ndarray:
    """Colours of the clothes in each image, away from any network.

    Args:
        dataset: whose items hold ``images`` (4, H, W), RGB in 0-255 and clothing mask.

    Returns:
        (len(dataset), 144) float32: a histogram of 8 bins a channel in each of 6 stripes, of sum 1 in all, so that half
        the absolute difference of two is a distance in [0, 1]; zero where no clothes are seen.
    """
    histograms = np.zeros((len(dataset), _STRIPES, 3, _BINS), dtype=np.float32)
    for index, histogram in enumerate(tqdm(histograms, "clothes", unit="image")):
        image = dataset[index]
        colours, mask = image["images"][:3].numpy(), image["images"][3].numpy() > 0.5
        rows = np.array_split(np.arange(mask.shape[0]), _STRIPES)
        for stripe, inside in zip(histogram, rows, strict=True):
            for channel, counts in zip(colours[:, inside], stripe, strict=True):
                levels = (channel[mask[inside]] * _BINS / 256).astype(int).clip(0, _BINS - 1)
                counts += np.bincount(levels, minlength=_BINS)
        histogram /= max(histogram.sum(), 1)
    return histograms.reshape(len(dataset), -1)


def find_hard_triplets(dataset: Any, num_query: int, *, seed: int = 0) -> list[HardTriplet]:
    """One triplet for each query with a clothing-change match, from labels and colours of clothes alone.

    The positive is drawn at random from the matches in other clothes. The negative is the gallery image of another
    person whose clothes are the most similar in colour. No model has a say in it.

    Args:
        dataset: of a loader of ``ifd.data.build_test_loader``.
        num_query: of the same.
        seed: of the draw.

    Returns:
        Triplets, those with the most similar negatives first.

    Raises:
        PictureError: no query has a match in clothing-change mode, or there is one person alone.
    """
    matches = _clothing_change_matches(dataset, num_query)
    histograms = clothes_histograms(dataset)
    pids = np.array([pid for _, pid, _, _ in dataset.img_items])
    random = np.random.default_rng(seed)
    triplets = []
    for query, positives in matches.items():
        distance = np.abs(histograms[num_query:] - histograms[query]).sum(1) / 2
        distance[pids[num_query:] == pids[query]] = np.inf
        negative = int(distance.argmin())
        if np.isinf(distance[negative]):
            raise PictureError("the gallery shows one person alone; expected a data set with others to mistake for")
        triplets.append(
            HardTriplet(
                query, num_query + int(random.choice(positives)), num_query + negative, float(distance[negative])
            )
        )
    return sorted(triplets, key=lambda triplet: triplet.clothes_distance)


def _clothing_change_matches(dataset: Any, num_query: int) -> dict[int, np.ndarray]:
    """The queries with a match, each with the gallery indices of its matches."""
    pids, camids, clothes = (np.array(column) for column in list(zip(*dataset.img_items, strict=True))[1:])
    query, gallery = (
        Labels(pids[part], camids[part], clothes[part]).checked(side, len(pids[part]))
        for side, part in (("query", slice(None, num_query)), ("gallery", slice(num_query, None)))
    )
    pairs = PersonPairs(query, gallery)
    found = {}
    for chunk in pairs.chunks(num_query):
        same_person = pairs.of(chunk)
        is_match = pairs.judged(CLOTHES_MODES["clothing_change"], chunk, same_person).is_match
        for row, (first, last) in enumerate(zip(same_person.offsets[:-1], same_person.offsets[1:], strict=True)):
            if is_match[first:last].any():
                found[chunk.start + row] = same_person.members[first:last][is_match[first:last]]
    if not found:
        raise PictureError("no query has a match in clothing-change mode; expected a data set with such pairs")
    return found


def one_per_person(triplets: Sequence[HardTriplet], dataset: Any, count: int) -> list[HardTriplet]:
    """The first ``count`` triplets of different anchors' people, so that a picture is not one person over and over."""
    by_person: dict[int, HardTriplet] = {}
    for triplet in triplets:
        by_person.setdefault(dataset.img_items[triplet.anchor][1], triplet)
    return list(by_person.values())[:count]


def view_triplets(
    model: IFD,
    loader: Any,
    triplets: Sequence[HardTriplet],
    drawn: Sequence[HardTriplet],
    *,
    flip: bool = False,
) -> ModelView:
    """Similarities of all triplets and Grad-CAM maps of those that are drawn.

    A map shows what the cosine similarity rests on: of the anchor's to the positive, and of the positive's and the
    negative's to the anchor, by Grad-CAM on the refined feature maps F_rg (F_g where there is no attention stream).

    Args:
        model: IFD in evaluation mode, whose descriptor is the main stream's.
        loader: of ``ifd.data.build_test_loader``.
        triplets: indices into its data set.
        drawn: those whose maps are wanted.
        flip: whether similarities are those of the flip test. A map is of the image as it stands.
    """
    descriptors = F.normalize(extract_descriptors(model, loader, flip=flip).features.double()).numpy()
    similarities = np.array(
        [[descriptors[t.anchor] @ descriptors[other] for other in (t.positive, t.negative)] for t in triplets]
    )
    network = _RefinedDescriptor(model)
    maps, attention = [], []
    with GradCAM(network, [network.maps]) as cam:
        for triplet in drawn:
            images = torch.stack(
                [loader.dataset[i]["images"] for i in (triplet.anchor, triplet.positive, triplet.negative)]
            )
            with torch.no_grad():
                features = model.stream_features(images)
                anchor, positive, _ = network.describe(features)
            if features.attention_map is not None:
                resized = F.interpolate(features.attention_map, size=images.shape[-2:], mode="bilinear")
                attention.append(resized[:, 0].cpu().numpy())
            maps.append(cam(images, [_Similarity(to) for to in (positive, anchor, anchor)]))
    return ModelView(similarities, maps, attention)


def plot_hard_triplets(
    dataset: Any,
    drawn: Sequence[HardTriplet],
    triplets: Sequence[HardTriplet],
    views: Mapping[str, ModelView],
    path: str | Path,
    *,
    title: str,
) -> None:
    """Draws triplets as rows: the three images, then each model's Grad-CAM with its similarities, then its W_I.

    Args:
        dataset: that the triplets index.
        drawn: those to draw.
        triplets: those of the views' similarities.
        views: by model name.
        path: picture, PNG, PDF or SVG by the ending.
    """
    height, width = dataset[0]["images"].shape[-2:]
    # Groups of three columns: heading, maps by drawn triplet (None: the images alone), similarities by triplet or None.
    groups: list[tuple[str, list[np.ndarray] | None, np.ndarray | None]] = [("", None, None)]
    for name, view in views.items():
        groups.append((f"{name}: {100 * view.share_right:.1f} % right", view.maps, view.similarities))
    groups += [(f"{name}: $W_I$", view.attention, None) for name, view in views.items() if view.attention]
    row_height = height / width + 0.25
    figure_height = row_height * len(drawn) + 1.0
    # A narrow empty column between the groups.
    widths = ([1, 1, 1, 0.15] * len(groups))[:-1]
    figure, axes = plt.subplots(
        len(drawn), len(widths), figsize=(sum(widths), figure_height), squeeze=False, width_ratios=widths
    )
    figure.subplots_adjust(
        left=0.01, right=0.99, bottom=0.01, top=1 - 0.85 / figure_height, wspace=0.06, hspace=0.25 / row_height
    )
    for axis in axes.flat:
        axis.axis("off")
    for number, (row, triplet) in enumerate(zip(axes, drawn, strict=True)):
        images = [pixels(dataset[i]["images"]) for i in (triplet.anchor, triplet.positive, triplet.negative)]
        for group, (_, maps, similarities) in enumerate(groups):
            shown = row[4 * group : 4 * group + 3]
            for axis, image in zip(shown, images, strict=True):
                axis.imshow(image)
            if maps is None:
                shown[2].set_title(f"clothes {triplet.clothes_distance:.2f}", fontsize=7)
                continue
            for axis, heat in zip(shown, maps[number], strict=True):
                axis.imshow(heat, cmap="jet", alpha=0.5, vmin=0, vmax=1)
            if similarities is not None:
                to_positive, to_negative = similarities[triplets.index(triplet)]
                colour = RIGHT if to_positive > to_negative else WRONG
                shown[1].set_title(f"{to_positive:.2f}", fontsize=7, color=colour)
                shown[2].set_title(f"{to_negative:.2f}", fontsize=7, color=colour)
    for group, (name, *_) in enumerate(groups):
        for axis, heading in zip(axes[0][4 * group :], _ROLES, strict=False):
            _write_above(axis, heading, 16, fontsize=7)
        _write_above(axes[0][4 * group + 1], name, 27, fontsize=8, fontweight="bold")
    figure.suptitle(title, fontsize=8, y=1 - 0.08 / figure_height, va="top")
    # Small images under smooth maps: more pixels would show nothing more.
    save_picture(figure, path, dpi=90)


def _write_above(axis: Axes, text: str, points: float, **font: Any) -> None:
    axis.annotate(
        text, (0.5, 1.0), (0, points), xycoords="axes fraction", textcoords="offset points", ha="center", **font
    )


def plot_similarities(views: Mapping[str, ModelView], path: str | Path, *, title: str) -> None:
    """Draws how similar anchors are to their positives and to their negatives, a panel for each model.

    Where clothes mislead, the negatives lie right of the positives.

    Args:
        views: by model name.
        path: picture, PNG, PDF or SVG by the ending.
    """
    figure, axes = plt.subplots(1, len(views), figsize=(4.2 * len(views), 2.8), squeeze=False, layout="constrained")
    for axis, (name, view) in zip(axes[0], views.items(), strict=True):
        edges = np.linspace(float(view.similarities.min()), float(view.similarities.max()), 40)
        for column, label, colour in (
            (0, "same person, other clothes", RIGHT),
            (1, "other person, similar clothes", WRONG),
        ):
            values = view.similarities[:, column]
            axis.hist(values, edges, color=colour, alpha=0.5, label=f"{label}: mean {values.mean():.2f}")
        axis.set_title(f"{name}: positive nearer in {100 * view.share_right:.1f} %", fontsize=9)
        axis.set_xlabel("cosine similarity", fontsize=8)
        axis.tick_params(labelsize=8)
        # Room for the legend above the bars.
        axis.set_ylim(0, 1.4 * axis.get_ylim()[1])
        axis.legend(fontsize=7, loc="upper right")
    axes[0][0].set_ylabel("triplets", fontsize=8)
    figure.suptitle(title, fontsize=9)
    save_picture(figure, path, dpi=120)


class _RefinedDescriptor(torch.nn.Module):
    """(N, 4, H, W) images to L2-normalised descriptors; ``maps`` passes F_rg on, for Grad-CAM to listen at."""

    def __init__(self, model: IFD) -> None:
        super().__init__()
        self.model = model
        self.maps = torch.nn.Identity()

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        features = self.model.stream_features(images)
        return self.describe(features._replace(refined=self.maps(features.refined)))

    def describe(self, features: StreamFeatures) -> torch.Tensor:
        return F.normalize(self.model.main_head(features.refined, features.attention_map))


class _Similarity:
    """Cosine similarity of a descriptor to a fixed one, as a target of Grad-CAM."""

    def __init__(self, other: torch.Tensor) -> None:
        self.other = other

    def __call__(self, descriptor: torch.Tensor) -> torch.Tensor:
        return descriptor @ self.other
