from .build import build_clothing_loss
from .clothing_contrastive import ClothingContrastiveLoss, clothing_contrastive_loss
from .supervised_contrastive import SupervisedContrastiveLoss, supervised_contrastive_loss

__all__ = [
    "ClothingContrastiveLoss",
    "SupervisedContrastiveLoss",
    "build_clothing_loss",
    "clothing_contrastive_loss",
    "supervised_contrastive_loss",
]
