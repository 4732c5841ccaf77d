"""The loaders that IFD trains and is evaluated with, from the config."""

import logging
import os

from fastreid.data import build_reid_test_loader, build_reid_train_loader
from fastreid.data.datasets import DATASET_REGISTRY
from fastreid.utils import comm

from .appearance_sampler import ProportionalAppearanceSampler
from .parsed_dataset import ParsedDataset
from .transforms import build_masked_transforms

logger = logging.getLogger("fastreid.ifd.data")


def build_train_set(cfg) -> ParsedDataset:
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


def build_train_loader(cfg):
    """The host's endless training loader over DATASETS.NAMES, whose batches hold image, mask, identity and outfit.

    DATALOADER.SAMPLER_TRAIN names one of the host's samplers or ``ProportionalAppearanceSampler``.
    """
    train_set = build_train_set(cfg)
    sampler = None
    if ProportionalAppearanceSampler.__name__ == cfg.DATALOADER.SAMPLER_TRAIN:
        logger.info("Using training sampler %s", cfg.DATALOADER.SAMPLER_TRAIN)
        sampler = ProportionalAppearanceSampler(
            train_set.img_items,
            cfg.SOLVER.IMS_PER_BATCH // comm.get_world_size(),
            cfg.DATALOADER.NUM_INSTANCE,
            cfg.IFD.SAMPLER.NUM_APPEARANCES,
        )
    # The transforms are named so that the host does not build its own, which the data set would not use.
    return build_reid_train_loader(cfg, train_set=train_set, sampler=sampler, transforms=train_set.transform)


def build_test_loader(cfg, dataset_name: str):
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
        num_workers=cfg.DATALOADER.NUM_WORKERS,
    )


def check_data(cfg, *, train: bool = True) -> None:
    """Reads the labels of every data set that the config names, and looks for the maps of all images that it needs.

    Raises:
        DatasetError: a folder is missing or holds something else (the message says where to get the data), one person
            is all there is, maps are missing, or are of another label system than IFD.PARSING.SYSTEM.
    """
    for name in dict.fromkeys((*(cfg.DATASETS.NAMES if train else ()), *cfg.DATASETS.TESTS)):
        dataset = _read(name)
        items = []
        if train and name in cfg.DATASETS.NAMES:
            dataset.require_several_people(train=True)
            items += dataset.train
        if name in cfg.DATASETS.TESTS:
            dataset.require_several_people(train=False)
            items += dataset.query + dataset.gallery
        _maps(cfg, dataset).require(item[0] for item in items)


def _read(name: str, **kwargs):
    dataset = DATASET_REGISTRY.get(name)(root=os.getenv("FASTREID_DATASETS", "datasets"), **kwargs)
    if not hasattr(dataset, "parsing_maps"):
        raise ValueError(
            f"data set {name} knows neither clothes nor parsing maps, which IFD needs; use PRCC, LTCC, or a subclass "
            "of datasets_ext.ClothesImageDataset"
        )
    return dataset


def _maps(cfg, dataset):
    return dataset.parsing_maps(
        system=cfg.IFD.PARSING.SYSTEM,
        parsing_root=cfg.IFD.PARSING.ROOT or None,
        clothing=list(cfg.IFD.PARSING.CLOTHING) or None,
    )
