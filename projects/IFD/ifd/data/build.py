"""The loaders that IFD trains and is evaluated with, from the config."""

import logging
from typing import Any

from fastreid.config import CfgNode
from fastreid.data import build_reid_test_loader
from fastreid.data.datasets import DATASET_REGISTRY
from fastreid.utils import comm
from torch.utils.data import DataLoader

from clothes_methods import BackgroundAugmentation
from datasets_ext import ParsingMaps, Tracklet, is_auto, register_csv
from datasets_ext.bases import datasets_root
from fastreid_runs.loader import StreamLoader, workers_that_fit
from fastreid_runs.train_loader import batch_bytes, build_loader
from masked_images import FrameDataset, ParsedDataset, dense_items

from .appearance_sampler import ProportionalAppearanceSampler
from .facts import TestFacts
from .outfit_colours import with_colour_outfits
from .transforms import build_masked_transforms

logger = logging.getLogger("fastreid.ifd.data")

# RGB and mask.
_CHANNELS = 4


def build_train_set(cfg: CfgNode) -> ParsedDataset:
    """The images of DATASETS.NAMES with their maps, labels numbered from 0, and the transforms of training."""
    items, parsing_maps = _train_items(cfg, show=comm.is_main_process())
    transforms = build_masked_transforms(cfg, is_train=True)
    return ParsedDataset(items, parsing_maps, transforms, background=_background_augmentation(cfg))


def _background_augmentation(cfg: CfgNode) -> BackgroundAugmentation | None:
    keys = cfg.IFD.BACKGROUND_AUGMENTATION
    if not (keys.REPLACE or keys.BLUR or keys.BLACK):
        return None
    try:
        return BackgroundAugmentation(keys.REPLACE, keys.BLUR, keys.BLACK)
    except ValueError as error:
        raise ValueError(f"IFD.BACKGROUND_AUGMENTATION: {error}") from error


def count_outfits(cfg: CfgNode) -> int:
    """Outfits of the people of DATASETS.NAMES, as IFD.OUTFITS.LABELS tells them."""
    items, _ = _train_items(cfg, show=False)
    return len({(pid, clothes_id) for _, pid, _, clothes_id in items})


def _train_items(cfg: CfgNode, *, show: bool) -> tuple[list[tuple], list[ParsingMaps]]:
    items: list[tuple] = []
    parsing_maps: list[ParsingMaps] = []
    joined: dict[str, str] = {}
    for name in cfg.DATASETS.NAMES:
        dataset = _read(cfg, name, combineall=cfg.DATASETS.COMBINEALL)
        dataset.require_several_people(train=True)
        _check_joined(cfg, name, dataset, joined)
        if show:
            dataset.show_train()
        of_dataset = list(dense_items(dataset.train, cfg.IFD.VIDEO.TRAIN_STRETCH))
        items += of_dataset
        parsing_maps += [_maps(cfg, dataset)] * len(of_dataset)
    if cfg.IFD.OUTFITS.LABELS == "colours":
        outfits = cfg.IFD.OUTFITS
        items = with_colour_outfits(items, parsing_maps, outfits.CLUSTERS, outfits.DISTANCE, cfg.OUTPUT_DIR)
    return items, parsing_maps


def build_train_loader(cfg: CfgNode, train_set: ParsedDataset | None = None) -> StreamLoader:
    """The host's endless training loader over DATASETS.NAMES, whose batches hold image, mask, identity and outfit.

    DATALOADER.SAMPLER_TRAIN names one of the host's samplers or ``ProportionalAppearanceSampler``. What an epoch shows
    follows (IFD.SEED, stage, epoch); a negative seed stands for a random one, shared by the processes.

    Args:
        cfg: full config.
        train_set: of :func:`build_train_set`, where it is at hand; None: it is built.

    Raises:
        ValueError: the images do not fill one batch, or cannot be sampled as the config says.
    """
    if train_set is None:
        train_set = build_train_set(cfg)
    logger.info("Using training sampler %s", cfg.DATALOADER.SAMPLER_TRAIN)
    items = train_set.img_items
    batch_size = cfg.SOLVER.IMS_PER_BATCH // comm.get_world_size()
    return build_loader(
        cfg,
        train_set,
        seed=cfg.IFD.SEED,
        stage=stage_number(cfg),
        own={
            "ProportionalAppearanceSampler": lambda seed: ProportionalAppearanceSampler(
                items, batch_size, cfg.DATALOADER.NUM_INSTANCE, cfg.IFD.SAMPLER.NUM_APPEARANCES, seed
            )
        },
        channels=_CHANNELS,
    )


def stage_number(cfg: CfgNode) -> int:
    """1 for the attention stream alone, 2 for everything else that is trained."""
    return 1 if cfg.MODEL.META_ARCHITECTURE == "IFDAttentionStream" else 2


def build_test_loader(cfg: CfgNode, dataset_name: str) -> tuple[DataLoader, int]:
    """The host's test loader over one data set's queries, then its gallery; over the frames of each where any is video.

    The loader's data set has ``facts``, see :class:`TestFacts`.

    Returns:
        (loader, number of queries), as the host's ``build_reid_test_loader``.
    """
    dataset = _read(cfg, dataset_name)
    dataset.require_several_people(train=False)
    if comm.is_main_process():
        dataset.show_test()
    items = dataset.query + dataset.gallery
    test_set: Any = ParsedDataset(
        items,
        [_maps(cfg, dataset)] * len(items),
        build_masked_transforms(cfg, is_train=False),
        relabel=False,
    )
    if any(isinstance(data, Tracklet) for data, *_ in items):
        test_set = FrameDataset(test_set, clips=cfg.IFD.VIDEO.TEST_FRAMES == "clips")
    test_set.facts = TestFacts.of(dataset, cfg.IFD.METRIC_MODE)
    return build_reid_test_loader(
        test_set=test_set,
        test_batch_size=cfg.TEST.IMS_PER_BATCH,
        num_query=len(dataset.query),
        num_workers=workers_that_fit(
            cfg.DATALOADER.NUM_WORKERS,
            batch_bytes(cfg.INPUT.SIZE_TEST, cfg.TEST.IMS_PER_BATCH // comm.get_world_size(), _CHANNELS),
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
    said = {_maps(cfg, _read(cfg, name)).system.name for name in names}
    return said.pop() if len(said) == 1 else system


def register_named(cfg: CfgNode) -> None:
    """Registers the CSV lists of IFD.CSV_DATASETS with the host, as often as one likes.

    Raises:
        DatasetError: an entry has another form, or the name of another data set.
    """
    for entry in cfg.IFD.CSV_DATASETS:
        register_csv(str(entry))


def needs_clothes(cfg: CfgNode) -> str:
    """The key whose part of a training compares the data sets' clothes labels; empty where none does."""
    if cfg.IFD.OUTFITS.LABELS == "colours":
        return ""
    if cfg.DATALOADER.SAMPLER_TRAIN == "ProportionalAppearanceSampler":
        return "DATALOADER.SAMPLER_TRAIN ProportionalAppearanceSampler"
    if cfg.IFD.CAL.ENABLED:
        return "IFD.CAL.ENABLED True"
    # Stage 1 has no clothing branch, but the stage after it has, on the same data.
    return "IFD.CBD.LOSS ccl" if cfg.IFD.CBD.ENABLED and cfg.IFD.CBD.LOSS == "ccl" else ""


def _check_joined(cfg: CfgNode, name: str, dataset: Any, joined: dict[str, str]) -> None:
    other = joined.setdefault(dataset.dataset_name, name)
    if other != name or cfg.DATASETS.NAMES.count(name) > 1:
        raise ValueError(f"{other} and {name} have the same training people; name one of them")
    needed = needs_clothes(cfg)
    if needed and dataset.clothes_labels.train == "absent":
        raise ValueError(
            f"{needed} compares clothes labels, and those of {name} are absent in training "
            f"({dataset.clothes_labels.source}); leave {name} out; or tell outfits apart by their colours, "
            "IFD.OUTFITS.LABELS colours; or train without: IFD.CBD.ENABLED False or IFD.CBD.LOSS supcon, "
            "IFD.CAL.ENABLED False, and another DATALOADER.SAMPLER_TRAIN, such as NaiveIdentitySampler"
        )


def _read(cfg: CfgNode, name: str, **kwargs: Any) -> Any:
    register_named(cfg)
    dataset = DATASET_REGISTRY.get(name)(root=datasets_root(), **kwargs)
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
