from .appearance_sampler import ProportionalAppearanceSampler
from .build import build_test_loader, build_train_loader, build_train_set, settled_label_system
from .epoch_stream import EpochStream
from .loader import LoaderError, StreamLoader
from .parsed_dataset import ParsedDataset
from .seeding import SeededIndex
from .transforms import MaskedTransforms, build_masked_transforms

__all__ = [
    "EpochStream",
    "LoaderError",
    "MaskedTransforms",
    "ParsedDataset",
    "ProportionalAppearanceSampler",
    "SeededIndex",
    "StreamLoader",
    "build_masked_transforms",
    "build_test_loader",
    "build_train_loader",
    "build_train_set",
    "settled_label_system",
]
