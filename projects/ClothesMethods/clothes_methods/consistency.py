"""Consistency of a stream that sees clothes with one that does not, so that the latter can go at inference.

After SCNet's idea (Guo et al., Semantic-aware consistency network for cloth-changing person re-identification, ACM MM
2023), whose streams of raw and black-clothing images are drawn together in training and whose raw stream is evaluated
alone. SCNet compares activation maps; these are descriptors and their means by person, with the teacher's gradient
stopped.
"""

import torch
import torch.nn.functional as F
from torch import nn


def consistency_loss(
    features: torch.Tensor,
    teacher: torch.Tensor,
    pids: torch.Tensor,
    *,
    weight: float = 1.0,
    centroid_weight: float = 1.0,
) -> torch.Tensor:
    """Squared distances of descriptors, and of the batch's means by person, to those of a teacher.

    weight * (1/N) sum_i |f_i - t_i|^2 + centroid_weight * (1/P) sum_p |mean_{i of p} f_i - mean_{i of p} t_i|^2, with f
    and t of length 1 each. The first term asks for each image's descriptor, pose and all; the second for the person's.

    Args:
        features: (N, D) float, of the stream that learns; L2-normalised here, computed in float32 or wider.
        teacher: (N, D) float, whose gradient is stopped.
        pids: (N,) int, identity labels, P different ones.
        weight: of the images' term, at least 0.
        centroid_weight: of the people's term, at least 0.

    Returns:
        Scalar; 0 with a gradient (of zero) for an empty batch.

    Raises:
        ValueError: shapes differ, or a weight is negative.
    """
    _check(weight, centroid_weight)
    if features.dim() != 2 or features.shape != teacher.shape or pids.shape != features.shape[:1]:
        raise ValueError(
            f"features, teacher and pids have shapes {tuple(features.shape)}, {tuple(teacher.shape)} and "
            f"{tuple(pids.shape)}; expected (N, D), (N, D) and (N,)"
        )
    if not len(features):
        return features.sum() * 0.0
    dtype = torch.promote_types(features.dtype, torch.float32)
    with torch.autocast(features.device.type, enabled=False):
        difference = F.normalize(features.to(dtype)) - F.normalize(teacher.detach().to(dtype))
        people, person = pids.unique(return_inverse=True)
        sums = difference.new_zeros(len(people), difference.shape[1]).index_add(0, person, difference)
        means = sums / person.bincount(minlength=len(people))[:, None]
        return weight * difference.square().sum(dim=1).mean() + centroid_weight * means.square().sum(dim=1).mean()


class Consistency(nn.Module):
    """:func:`consistency_loss` with its weights, which are checked here and not at the first batch.

    Args:
        weight: of the images' term, at least 0.
        centroid_weight: of the people's term, at least 0.

    Raises:
        ValueError: a weight is negative.
    """

    def __init__(self, weight: float = 1.0, centroid_weight: float = 1.0):
        super().__init__()
        _check(weight, centroid_weight)
        self.weight = weight
        self.centroid_weight = centroid_weight

    def forward(self, features: torch.Tensor, teacher: torch.Tensor, pids: torch.Tensor) -> torch.Tensor:
        return consistency_loss(features, teacher, pids, weight=self.weight, centroid_weight=self.centroid_weight)

    def extra_repr(self) -> str:
        return f"weight={self.weight}, centroid_weight={self.centroid_weight}"


def _check(weight: float, centroid_weight: float) -> None:
    if not (weight >= 0 and centroid_weight >= 0):
        raise ValueError(f"weight is {weight} and centroid_weight {centroid_weight}; expected at least 0")
