"""Clothing contrastive loss (IFD, ICASSP 2025, eq. 4-5)."""

import torch
import torch.nn.functional as F

AVERAGES = ("anchors_with_positive", "batch")


def clothing_contrastive_loss(
    features: torch.Tensor,
    pids: torch.Tensor,
    clothes: torch.Tensor,
    *,
    temperature: float,
    cross_clothes_weight: float,
    average_over: str = "anchors_with_positive",
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

    Returns:
        Scalar; 0 with a gradient (of zero) where no sample has a positive.

    Raises:
        ValueError: lengths differ, features are not two-dimensional, a parameter is not positive, or no such average.
    """
    if features.dim() != 2:
        raise ValueError(f"features have shape {tuple(features.shape)}; expected (N, D)")
    if not features.shape[0] == pids.numel() == clothes.numel():
        raise ValueError(
            f"{features.shape[0]} features, {pids.numel()} identity labels and {clothes.numel()} clothes labels; "
            "expected as many of each"
        )
    if not temperature > 0:
        raise ValueError(f"temperature is {temperature}; expected tau > 0")
    if not cross_clothes_weight > 0:
        raise ValueError(f"cross_clothes_weight is {cross_clothes_weight}; expected 1/T > 0")
    if average_over not in AVERAGES:
        raise ValueError(f"average_over is {average_over!r}; expected one of {', '.join(AVERAGES)}")

    pids, clothes = pids.flatten(), clothes.flatten()
    dtype = torch.promote_types(features.dtype, torch.float32)
    f_c = F.normalize(features.to(dtype), dim=1)
    # Half precision cannot hold the exponents of f_c . f_c / tau, also inside autocast.
    with torch.autocast(features.device.type, enabled=False):
        similarity = f_c @ f_c.t() / temperature

    same_person = pids[:, None] == pids[None, :]
    positive = same_person & ~torch.eye(len(pids), dtype=torch.bool, device=features.device)
    num_positives = positive.sum(dim=1)
    anchors = num_positives > 0
    if not anchors.any():
        return features.sum() * 0.0

    # log( e^s_ip / (e^s_ip + sum_j e^s_ij) ) = -softplus( logsumexp_j s_ij - s_ip ). A finite floor in place of -inf
    # keeps the gradient of an anchor without negatives at zero; logsumexp over nothing but -inf has none.
    floor = torch.finfo(dtype).min / 2
    negatives = torch.logsumexp(similarity.masked_fill(same_person, floor), dim=1, keepdim=True)
    pair_loss = F.softplus(negatives - similarity)
    w_p = torch.where(clothes[:, None] == clothes[None, :], 1.0, cross_clothes_weight).to(dtype)
    per_anchor = (w_p * pair_loss).masked_fill(~positive, 0.0).sum(dim=1)[anchors] / num_positives[anchors]
    return per_anchor.sum() / (len(per_anchor) if average_over == "anchors_with_positive" else len(pids))
