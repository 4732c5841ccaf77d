from .build import build_clothing_loss
from .clothing_contrastive import clothing_contrastive_loss
from .supervised_contrastive import supervised_contrastive_loss

__all__ = ["build_clothing_loss", "clothing_contrastive_loss", "supervised_contrastive_loss"]
