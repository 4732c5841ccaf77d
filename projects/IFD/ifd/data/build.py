"""The loaders that IFD trains and is evaluated with, from the config."""

import logging
import os
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from fastreid.config import CfgNode
from fastreid.data import build_reid_test_loader, build_reid_train_loader, samplers
from fastreid.data.datasets import DATASET_REGISTRY
from fastreid.utils import comm
from torch.utils.data import DataLoader

from datasets_ext import ParsingMaps, is_auto

from .appearance_sampler import ProportionalAppearanceSampler
from .epoch_stream import EpochStream
from .loader import StreamLoader, detach_from_process, workers_that_fit
from .parsed_dataset import ParsedDataset
from .seeding import stage_number
from .transforms import build_masked_transforms

logger = logging.getLogger("fastreid.ifd.data")


def build_train_set(cfg: CfgNode) -> ParsedDataset:
    """The images of DATASETS.NAMES with their maps, labels numbered from 0, and the transforms of training."""
    items, parsing_maps = [], []
    for name in cfg.DATASETS.NAMES:
        dataset = _read(name, combineall=cfg.DATASETS.COMBINEALL)
        dataset.require_several_people(train=True)
        if comm.is_main_process():
            dataset.show_train()
        items += dataset.train
        parsing_maps += [_maps(cfg, dataset)] * len(dataset.train)
    return ParsedDataset(items, parsing_maps, build_masked_transforms(cfg, is_train=True))


def build_train_loader(cfg: CfgNode) -> StreamLoader:
    """The host's endless training loader over DATASETS.NAMES, whose batches hold image, mask, identity and outfit.

    DATALOADER.SAMPLER_TRAIN names one of the host's samplers or ``ProportionalAppearanceSampler``. What an epoch shows
    follows (IFD.SEED, stage, epoch); a negative seed stands for a random one, shared by the processes.

    Raises:
        ValueError: the images do not fill one batch, or cannot be sampled as the config says.
    """
    train_set = build_train_set(cfg)
    if len(train_set) < cfg.SOLVER.IMS_PER_BATCH:
        raise ValueError(
            f"{len(train_set)} training images do not fill one batch of SOLVER.IMS_PER_BATCH "
            f"{cfg.SOLVER.IMS_PER_BATCH}; lower it"
        )
    batch_size = cfg.SOLVER.IMS_PER_BATCH // comm.get_world_size()
    logger.info("Using training sampler %s", cfg.DATALOADER.SAMPLER_TRAIN)
    build_sampler = _sampler_builder(cfg, train_set.img_items, batch_size)
    build_sampler(0)  # what it refuses is told now, not with the first batch
    stream = EpochStream(
        build_sampler,
        len(train_set) // cfg.SOLVER.IMS_PER_BATCH * batch_size,
        cfg.IFD.SEED if cfg.IFD.SEED >= 0 else comm.shared_random_seed(),
        stage_number(cfg),
    )
    loader = build_reid_train_loader(
        train_set,
        sampler=stream,
        total_batch_size=cfg.SOLVER.IMS_PER_BATCH,
        num_workers=workers_that_fit(cfg.DATALOADER.NUM_WORKERS, _batch_bytes(cfg.INPUT.SIZE_TRAIN, batch_size)),
    )
    return StreamLoader(detach_from_process(loader), stream)


def _sampler_builder(cfg: CfgNode, items: list[tuple], batch_size: int) -> Callable[[int], Iterable[int]]:
    """Takes a seed and gives the configured sampler of endless indices, as the host's loader builds it."""
    instances = cfg.DATALOADER.NUM_INSTANCE
    builders: dict[str, Callable[[int], Iterable[int]]] = {
        "ProportionalAppearanceSampler": lambda seed: ProportionalAppearanceSampler(
            items, batch_size, instances, cfg.IFD.SAMPLER.NUM_APPEARANCES, seed
        ),
        "TrainingSampler": lambda seed: samplers.TrainingSampler(len(items), seed=seed),
        "NaiveIdentitySampler": lambda seed: samplers.NaiveIdentitySampler(items, batch_size, instances, seed),
        "BalancedIdentitySampler": lambda seed: samplers.BalancedIdentitySampler(items, batch_size, instances, seed),
        "SetReWeightSampler": lambda seed: samplers.SetReWeightSampler(
            items, batch_size, instances, cfg.DATALOADER.SET_WEIGHT, seed
        ),
        "ImbalancedDatasetSampler": lambda seed: samplers.ImbalancedDatasetSampler(items, seed=seed),
    }
    name = cfg.DATALOADER.SAMPLER_TRAIN
    if name not in builders:
        raise ValueError(f"DATALOADER.SAMPLER_TRAIN is {name!r}; expected one of {', '.join(builders)}")
    return builders[name]


def _batch_bytes(size: Sequence[int], images: int) -> int:
    # RGB and mask, float32.
    return images * 4 * size[0] * size[1] * 4


def build_test_loader(cfg: CfgNode, dataset_name: str) -> tuple[DataLoader, int]:
    """The host's test loader over one data set's queries, then its gallery.

    Returns:
        (loader, number of queries), as the host's ``build_reid_test_loader``.
    """
    dataset = _read(dataset_name)
    dataset.require_several_people(train=False)
    if comm.is_main_process():
        dataset.show_test()
    items = dataset.query + dataset.gallery
    test_set = ParsedDataset(
        items,
        [_maps(cfg, dataset)] * len(items),
        build_masked_transforms(cfg, is_train=False),
        relabel=False,
    )
    return build_reid_test_loader(
        test_set=test_set,
        test_batch_size=cfg.TEST.IMS_PER_BATCH,
        num_query=len(dataset.query),
        num_workers=workers_that_fit(
            cfg.DATALOADER.NUM_WORKERS,
            _batch_bytes(cfg.INPUT.SIZE_TEST, cfg.TEST.IMS_PER_BATCH // comm.get_world_size()),
        ),
    )


def settled_label_system(cfg: CfgNode, *, train: bool = True) -> str:
    """What IFD.PARSING.SYSTEM comes to, for the record of a run.

    Args:
        cfg: full config.
        train: whether the training sets are read too.

    Returns:
        the key's value; in the place of 'auto' the system that all trees of maps say they are of, and 'auto' where they
        differ.

    Raises:
        DatasetError: a tree of maps does not say it.
    """
    system = cfg.IFD.PARSING.SYSTEM
    if not is_auto(system):
        return system
    names = dict.fromkeys((*(cfg.DATASETS.NAMES if train else ()), *cfg.DATASETS.TESTS))
    said = {_maps(cfg, _read(name)).system.name for name in names}
    return said.pop() if len(said) == 1 else system


def _read(name: str, **kwargs: Any) -> Any:
    dataset = DATASET_REGISTRY.get(name)(root=os.getenv("FASTREID_DATASETS", "datasets"), **kwargs)
    if not hasattr(dataset, "parsing_maps"):
        raise ValueError(
            f"data set {name} knows neither clothes nor parsing maps, which IFD needs; use PRCC, LTCC, or a subclass "
            "of datasets_ext.ClothesImageDataset"
        )
    return dataset


def _maps(cfg: CfgNode, dataset: Any) -> ParsingMaps:
    return dataset.parsing_maps(
        system=cfg.IFD.PARSING.SYSTEM,
        parsing_root=cfg.IFD.PARSING.ROOT or None,
        clothing=list(cfg.IFD.PARSING.CLOTHING) or None,
    )
