from fastreid_runs.epoch_stream import EpochStream
from fastreid_runs.loader import LoaderError, StreamLoader
from fastreid_runs.seeding import SeededIndex

from .appearance_sampler import ProportionalAppearanceSampler
from .build import (
    build_test_loader,
    build_train_loader,
    build_train_set,
    count_outfits,
    register_named,
    settled_label_system,
    stage_number,
)
from .frames import FrameDataset, TestFacts
from .parsed_dataset import ParsedDataset
from .transforms import MaskedTransforms, build_masked_transforms

__all__ = [
    "EpochStream",
    "FrameDataset",
    "LoaderError",
    "MaskedTransforms",
    "ParsedDataset",
    "ProportionalAppearanceSampler",
    "SeededIndex",
    "StreamLoader",
    "TestFacts",
    "build_masked_transforms",
    "build_test_loader",
    "build_train_loader",
    "build_train_set",
    "count_outfits",
    "register_named",
    "settled_label_system",
    "stage_number",
]
