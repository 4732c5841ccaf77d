from fastreid_runs.epoch_stream import EpochStream
from fastreid_runs.loader import LoaderError, StreamLoader
from fastreid_runs.seeding import SeededIndex
from masked_images import FrameDataset, MaskedTransforms, ParsedDataset

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
from .facts import TestFacts
from .transforms import build_masked_transforms

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
