"""Clothing contrastive loss (IFD, ICASSP 2025, eq. 4-5)."""

import torch
import torch.nn.functional as F
from torch import nn

from fastreid_runs.arguments import ArgumentError

AVERAGES = ("anchors_with_positive", "batch")


def clothing_contrastive_loss(
    features: torch.Tensor,
    pids: torch.Tensor,
    clothes: torch.Tensor,
    *,
    temperature: float,
    cross_clothes_weight: float,
    average_over: str = "anchors_with_positive",
    normalize_weights: bool = False,
) -> torch.Tensor:
    """Clothing contrastive loss (IFD, eq. 4-5): pulls a person's clothing features together, most across outfits.

    Each positive p stands alone against all negatives: the other positives are not in its denominator, unlike in the
    supervised contrastive loss.

    Args:
        features: (N, D) float, clothing features f_c; L2-normalised here, computed in float32 or wider.
        pids: (N,) int, identity labels.
        clothes: (N,) int, clothes labels; compared between samples of one identity only.
        temperature: tau > 0.
        cross_clothes_weight: w_p > 0 of a pair in different clothes, the paper's 1/T; pairs in the same clothes weigh
            1.
        average_over: "anchors_with_positive" leaves samples without a positive out of the mean; "batch" divides by N.
        normalize_weights: divide w_p by its mean over the batch's positive pairs.

    Returns:
        Scalar; 0 with a gradient (of zero) where no sample has a positive.

    Raises:
        ArgumentError: a parameter is not positive, or there is no such average.
        ValueError: lengths differ, or features are not two-dimensional.
    """
    if features.dim() != 2:
        raise ValueError(f"features have shape {tuple(features.shape)}; expected (N, D)")
    if not features.shape[0] == pids.numel() == clothes.numel():
        raise ValueError(
            f"{features.shape[0]} features, {pids.numel()} identity labels and {clothes.numel()} clothes labels; "
            "expected as many of each"
        )
    _check(temperature, cross_clothes_weight, average_over)

    pids, clothes = pids.flatten(), clothes.flatten()
    dtype = torch.promote_types(features.dtype, torch.float32)
    f_c = F.normalize(features.to(dtype), dim=1)
    # Half precision cannot hold the exponents of f_c . f_c / tau, also inside autocast.
    with torch.autocast(features.device.type, enabled=False):
        similarity = f_c @ f_c.t() / temperature

    same_person = pids[:, None] == pids[None, :]
    positive = _positives(pids)
    num_positives = positive.sum(dim=1)

    # log( e^s_ip / (e^s_ip + sum_j e^s_ij) ) = -softplus( logsumexp_j s_ij - s_ip ). A finite floor in place of -inf
    # keeps the gradient of an anchor without negatives at zero; logsumexp over nothing but -inf has none.
    floor = torch.finfo(dtype).min / 2
    negatives = torch.logsumexp(similarity.masked_fill(same_person, floor), dim=1, keepdim=True)
    pair_loss = F.softplus(negatives - similarity)
    w_p = _pair_weights(clothes, cross_clothes_weight).to(dtype)
    if normalize_weights:
        w_p = w_p / _mean_over(positive, w_p)
    # What has no positive adds zero, rather than being looked for: a device would have to be waited for.
    per_anchor = (w_p * pair_loss).masked_fill(~positive, 0.0).sum(dim=1) / num_positives.clamp(min=1)
    anchors = (num_positives > 0).sum().clamp(min=1)
    return per_anchor.sum() / (anchors if average_over == "anchors_with_positive" else len(pids))


class ClothingContrastiveLoss(nn.Module):
    """:func:`clothing_contrastive_loss` with its parameters, which are checked here and not at the first batch.

    Args:
        temperature: tau > 0.
        cross_clothes_weight: w_p > 0 of a pair in different clothes.
        average_over: "anchors_with_positive" or "batch".
        normalize_weights: divide w_p by its mean over the batch's positive pairs.

    Raises:
        ArgumentError: a parameter is not positive, or there is no such average.
    """

    def __init__(
        self,
        temperature: float,
        cross_clothes_weight: float,
        average_over: str = "anchors_with_positive",
        normalize_weights: bool = False,
    ):
        super().__init__()
        _check(temperature, cross_clothes_weight, average_over)
        self.temperature = temperature
        self.cross_clothes_weight = cross_clothes_weight
        self.average_over = average_over
        self.normalize_weights = normalize_weights

    def forward(self, features: torch.Tensor, pids: torch.Tensor, clothes: torch.Tensor) -> torch.Tensor:
        return clothing_contrastive_loss(
            features,
            pids,
            clothes,
            temperature=self.temperature,
            cross_clothes_weight=self.cross_clothes_weight,
            average_over=self.average_over,
            normalize_weights=self.normalize_weights,
        )

    def mean_weight(self, pids: torch.Tensor, clothes: torch.Tensor) -> torch.Tensor:
        """Mean of w_p over the positive pairs of a batch, by which the loss is stronger or weaker than unweighted.

        Args:
            pids: (N,) int, identity labels.
            clothes: (N,) int, clothes labels.

        Returns:
            Scalar on the labels' device; 1 where the weights are normalised, NaN where there is no positive pair.
        """
        weights = _pair_weights(clothes.flatten(), self.cross_clothes_weight)
        mean = _mean_over(_positives(pids.flatten()), weights)
        return mean / mean if self.normalize_weights else mean

    def extra_repr(self) -> str:
        return (
            f"temperature={self.temperature}, cross_clothes_weight={self.cross_clothes_weight}, "
            f"average_over={self.average_over!r}, normalize_weights={self.normalize_weights}"
        )


def _positives(pids: torch.Tensor) -> torch.Tensor:
    """(N, N) bool: pairs of two samples of one identity."""
    return (pids[:, None] == pids[None, :]) & ~torch.eye(len(pids), dtype=torch.bool, device=pids.device)


def _mean_over(pairs: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Mean of (N, N) weights over the pairs of an (N, N) mask, without a word between host and device."""
    return (weights * pairs).sum() / pairs.sum()


def _pair_weights(clothes: torch.Tensor, cross_clothes_weight: float) -> torch.Tensor:
    """(N, N) float: w_p of eq. 5."""
    return torch.where(clothes[:, None] == clothes[None, :], 1.0, cross_clothes_weight)


def _check(temperature: float, cross_clothes_weight: float, average_over: str) -> None:
    if not temperature > 0:
        raise ArgumentError("{temperature} is {found}; expected tau > 0", {"found": temperature})
    if not cross_clothes_weight > 0:
        raise ArgumentError("{cross_clothes_weight} is {found}; expected 1/T > 0", {"found": cross_clothes_weight})
    if average_over not in AVERAGES:
        raise ArgumentError(
            "{average_over} is {found!r}; expected one of {averages}",
            {"found": average_over, "averages": ", ".join(AVERAGES)},
        )
