"""Parts of methods for people who change clothes: losses, augmentations, a descriptor of clothes, parser noise.

Each is one file that knows tensors or arrays alone: neither fast-reid nor IFD, no config and no data set.
"""

from .adversarial import ClothesAdversary, NormalizedClassifier, clothes_adversarial_loss
from .background import BackgroundAugmentation
from .clothing_augmentation import ClothingAugmentation
from .colour_clusters import clothing_colours, colour_clusters
from .consistency import Consistency, consistency_loss

__all__ = [
    "BackgroundAugmentation",
    "ClothesAdversary",
    "ClothingAugmentation",
    "Consistency",
    "NormalizedClassifier",
    "clothes_adversarial_loss",
    "clothing_colours",
    "colour_clusters",
    "consistency_loss",
]
