"""Clothes-based adversarial loss, CAL (Gu et al., Clothes-changing person re-identification with RGB modality only,
CVPR 2022)."""

import torch
import torch.nn.functional as F
from torch import nn


class NormalizedClassifier(nn.Module):
    """Cosine similarities of features and class weights, as CAL's classifiers give them.

    Args:
        feat_dim: D.
        num_classes: C, at least 1.

    Shape:
        features: (N, D) float.
        result: (N, C) in [-1, 1].

    Raises:
        ValueError: there is no class.
    """

    def __init__(self, feat_dim: int, num_classes: int):
        super().__init__()
        if num_classes < 1:
            raise ValueError(f"num_classes is {num_classes}; expected at least 1")
        self.weight = nn.Parameter(torch.empty(num_classes, feat_dim))
        nn.init.normal_(self.weight, std=0.001)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return F.linear(F.normalize(features), F.normalize(self.weight))


def clothes_adversarial_loss(
    logits: torch.Tensor, clothes: torch.Tensor, positive: torch.Tensor, *, epsilon: float = 0.1
) -> torch.Tensor:
    """CAL's multi-positive-class loss: outfits of one person become alike, outfits of others stay apart.

    -(1/N) sum_i sum_c q_i(c) log( e^z_ic / (e^z_ic + sum_{j not in S_i} e^z_ij) ), where S_i are the clothes classes of
    i's person, K_i of them, and q_i(c) is 1 - epsilon + epsilon / K_i at the outfit that is worn, epsilon / K_i at the
    person's others and 0 elsewhere. Each positive class stands alone against the negative ones: features are not
    punished for telling whose clothes they show, which the plain minus of a clothes classification loss does.

    Args:
        logits: (N, C) float, already scaled: cosines over the temperature.
        clothes: (N,) int64, the class worn.
        positive: (N, C) bool, the classes of each sample's person; that of ``clothes`` among them.
        epsilon: in [0, 1], what of the weight the person's classes share.

    Returns:
        Scalar, computed in float32 or wider; 0 with a gradient (of zero) for an empty batch.

    Raises:
        ValueError: shapes differ, epsilon is none, or a sample's class is not among its positive ones.
    """
    _check_epsilon(epsilon)
    if logits.dim() != 2 or positive.shape != logits.shape or clothes.shape != logits.shape[:1]:
        raise ValueError(
            f"logits, clothes and positive have shapes {tuple(logits.shape)}, {tuple(clothes.shape)} and "
            f"{tuple(positive.shape)}; expected (N, C), (N,) and (N, C)"
        )
    if not len(logits):
        return logits.sum() * 0.0
    worn = F.one_hot(clothes, logits.shape[1]).bool()
    if not (worn & positive).any(dim=1).all():
        raise ValueError("a sample's clothes are not among the classes of its person")
    logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
    # log( e^z / (e^z + sum e^z_j) ) = -softplus( logsumexp_j z_j - z ). A finite floor keeps the gradient of a sample
    # without negative classes at zero.
    negatives = logits.masked_fill(positive, torch.finfo(logits.dtype).min / 2).logsumexp(dim=1, keepdim=True)
    share = positive.to(logits.dtype) / positive.sum(dim=1, keepdim=True)
    weights = (1 - epsilon) * worn.to(logits.dtype) + epsilon * share
    return (weights * F.softplus(negatives - logits)).sum(dim=1).mean()


class ClothesAdversary(nn.Module):
    """CAL's clothes classifier and what it does to the features.

    The classifier learns outfits from features whose gradient is stopped; from ``start_epoch`` on, the features learn
    from the classifier, whose gradient is stopped, by :func:`clothes_adversarial_loss`. CAL updates the classifier
    first and the features by the new one; here both are updated in one step of one optimiser, the features by the
    classifier of the step before. The classifier learns from the first epoch, so that it knows clothes when it is
    asked, where CAL's own schedule lets it begin in the same epoch as the adversary.

    Args:
        feat_dim: D.
        num_outfits: C, outfits of all training people, each person's numbered in a row.
        epsilon: see :func:`clothes_adversarial_loss`.
        scale: of the cosines, above 0: one over CAL's temperature.
        weight: of the adversarial term, at least 0; CAL's is 1.
        start_epoch: from which the adversarial term is on, counted from 0. CAL: 25 of 60.

    Shape:
        features: (N, D) float, the descriptors of the stream that is to forget clothes.
        clothes: (N,) int64 in [0, C), the outfits worn.
        clothes_range: (N, 2) int64, first and one past the last outfit of each sample's person.
        epoch: that is being trained, counted from 0; None: the term is on.
        result: scalars ``loss_clothes_classifier`` and ``loss_clothes_adversary``.

    Raises:
        ValueError: an argument is out of its range.
    """

    def __init__(
        self,
        feat_dim: int,
        num_outfits: int,
        *,
        epsilon: float = 0.1,
        scale: float = 16.0,
        weight: float = 1.0,
        start_epoch: int = 25,
    ):
        super().__init__()
        _check_epsilon(epsilon)
        if not scale > 0:
            raise ValueError(f"scale is {scale}; expected more than 0")
        if not weight >= 0:
            raise ValueError(f"weight is {weight}; expected at least 0")
        self.classifier = NormalizedClassifier(feat_dim, num_outfits)
        self.epsilon = epsilon
        self.scale = scale
        self.weight = weight
        self.start_epoch = start_epoch

    def forward(
        self, features: torch.Tensor, clothes: torch.Tensor, clothes_range: torch.Tensor, epoch: int | None
    ) -> dict[str, torch.Tensor]:
        with torch.autocast(features.device.type, enabled=False):
            features = features.float()
            losses = {
                "loss_clothes_classifier": F.cross_entropy(self.scale * self.classifier(features.detach()), clothes)
            }
            if epoch is None or epoch >= self.start_epoch:
                stopped = F.normalize(self.classifier.weight.detach())
                logits = self.scale * F.linear(F.normalize(features), stopped)
                positive = in_range(clothes_range, logits.shape[1])
                losses["loss_clothes_adversary"] = self.weight * clothes_adversarial_loss(
                    logits, clothes, positive, epsilon=self.epsilon
                )
        return losses

    def extra_repr(self) -> str:
        return f"epsilon={self.epsilon}, scale={self.scale}, weight={self.weight}, start_epoch={self.start_epoch}"


def in_range(clothes_range: torch.Tensor, num_outfits: int) -> torch.Tensor:
    """(N, C) bool: the classes from the first to before the last of each row.

    Args:
        clothes_range: (N, 2) int64.
        num_outfits: C.
    """
    classes = torch.arange(num_outfits, device=clothes_range.device)
    return (classes >= clothes_range[:, :1]) & (classes < clothes_range[:, 1:])


def _check_epsilon(epsilon: float) -> None:
    if not 0 <= epsilon <= 1:
        raise ValueError(f"epsilon is {epsilon}; expected 0 to 1")
