from .appearance_sampler import ProportionalAppearanceSampler
from .build import build_test_loader, build_train_loader, build_train_set, check_data
from .parsed_dataset import ParsedDataset
from .transforms import MaskedTransforms, build_masked_transforms

__all__ = [
    "MaskedTransforms",
    "ParsedDataset",
    "ProportionalAppearanceSampler",
    "build_masked_transforms",
    "build_test_loader",
    "build_train_loader",
    "build_train_set",
    "check_data",
]
