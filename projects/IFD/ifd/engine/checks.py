"""What is refused before the first step is spent."""

import os
from typing import Any

import numpy as np
from fastreid.config import CfgNode
from fastreid.data.datasets import DATASET_REGISTRY
from fastreid.utils import comm

from clothes_rank import Labels
from clothes_rank.chance import chance_levels
from clothes_rank.modes import requested_modes
from clothes_rank.pairs import PersonPairs
from datasets_ext import check_clothing
from fastreid_compat.table import random_state_kept
from fastreid_runs import ConfigError, checks
from fastreid_runs.checks import built, check_warm_up, is_registered
from fastreid_runs.config_values import people_per_batch

from ..data import build_test_loader, build_train_loader, build_train_set, register_named
from .config_values import RANGES, SAMPLERS_OF_PEOPLE, check_people_of_a_batch
from .stages import has_stage1, needs_attention_stream, stage1_config
from .starting_weights import check_backbone_weights
from .trial import try_config

# Configs that were tried in this process: the command checks before the host's set-up, training checks for those who
# call it themselves.
_tried: set[str] = set()


def check_config(cfg: CfgNode, *, train: bool = True) -> None:
    """Checks every key, then builds and runs what the config names once, so that a bad value shows at once.

    Otherwise a wrong key of stage 2, or of the evaluation, would show after hours. Images are made up; see
    :func:`check_data` for the data sets.

    Args:
        cfg: full config.
        train: whether it is going to train, rather than to evaluate alone.

    Raises:
        ConfigError: a key has a value that cannot work; the message names the key and what is expected.
        OutputFolderError: OUTPUT_DIR cannot be written.
        CheckpointError: a training cannot start from MODEL.WEIGHTS.
    """
    check_keys(cfg, train=train)
    if train:
        # In every process: the host lets all of them wait for the one that downloads.
        check_backbone_weights(cfg)
    # In every process too: losses that compare the batch of all processes wait for each of them.
    _try_once(cfg, train)
    comm.synchronize()


def check_keys(cfg: CfgNode, *, train: bool = True) -> None:
    """The part of :func:`check_config` that builds nothing and takes no time."""
    checks.check_keys(cfg, ranges=RANGES, identity_samplers=SAMPLERS_OF_PEOPLE, train=train)
    _check_datasets(cfg)
    if train:
        check_people_of_a_batch(cfg, comm.get_world_size())
    if cfg.SOLVER.HEADS_LR_FACTOR != 1.0 and cfg.IFD.IKT.ENABLED:
        raise ConfigError(
            f"SOLVER.HEADS_LR_FACTOR is {cfg.SOLVER.HEADS_LR_FACTOR}, but the host applies it to the main stream's "
            "head alone and not to the attention stream's; leave it at 1.0 or switch IFD.IKT.ENABLED off"
        )
    if cfg.IFD.CBD.ENABLED and cfg.DATALOADER.NUM_INSTANCE < 2:
        raise ConfigError(
            f"DATALOADER.NUM_INSTANCE is {cfg.DATALOADER.NUM_INSTANCE}, but the clothing loss of IFD.CBD compares "
            "images of one person; set it to at least 2"
        )
    try:
        check_clothing(cfg.IFD.PARSING.SYSTEM, list(cfg.IFD.PARSING.CLOTHING) or None)
    except (KeyError, ValueError) as error:
        raise ConfigError(f"IFD.PARSING: {error.args[0]}") from error


def check_data(cfg: CfgNode, *, train: bool = True) -> None:
    """Reads what the config names of data sets, and builds the loaders, samplers among them, without reading an image.

    Args:
        cfg: full config.
        train: whether it is going to train, rather than to evaluate alone.

    Raises:
        DatasetError: a folder, an image list or a parsing map is missing; the message says where to get the data.
        ConfigError: a data set and a key do not go together.
    """
    with random_state_kept():
        reasons: list[str] = []
        for name in cfg.DATASETS.TESTS:
            loader, num_query = built(f"DATASETS.TESTS {name}", build_test_loader, cfg, name)
            _check_pairs(cfg, name, loader.dataset, num_query)
            reasons.append(loader.dataset.facts.no_metric)
        if reasons and all(reasons):
            raise ConfigError(f"IFD.METRIC_MODE is {cfg.IFD.METRIC_MODE!r}: {'; '.join(dict.fromkeys(reasons))}")
        if train:
            _check_training_data(cfg)


def _check_datasets(cfg: CfgNode) -> None:
    register_named(cfg)
    precise_bn = [cfg.TEST.PRECISE_BN.DATASET] if cfg.TEST.PRECISE_BN.ENABLED else []
    for name in (*cfg.DATASETS.NAMES, *cfg.DATASETS.TESTS, *precise_bn):
        if not is_registered(name, DATASET_REGISTRY):
            raise ConfigError(
                f"DATASETS names {name!r}, which is not registered with fast-reid; this project registers PRCC, LTCC, "
                "RenderedPeoplePRCCLayout, RenderedPeopleLTCCLayout and others, see datasets_ext/README.md; lists of "
                "your own: IFD.CSV_DATASETS"
            )
        if not hasattr(DATASET_REGISTRY.get(name), "parsing_maps"):
            raise ConfigError(
                f"data set {name} knows neither clothes nor parsing maps, which IFD needs; use PRCC, LTCC, or a "
                "subclass of datasets_ext.ClothesImageDataset"
            )


def _try_once(cfg: CfgNode, train: bool) -> None:
    goes_on = os.path.exists(os.path.join(cfg.OUTPUT_DIR, "last_checkpoint"))
    weights = cfg.MODEL.WEIGHTS if train and not goes_on else ""
    # Where the results go, and from which draw of numbers, makes no difference to what is built.
    anywhere = cfg.clone()
    anywhere.defrost()
    anywhere.OUTPUT_DIR, anywhere.IFD.SEED = "", -1
    tried = f"{train} {weights}\n{anywhere.dump()}"
    if tried in _tried:
        return
    if train and not goes_on and has_stage1(cfg):
        try:
            try_config(stage1_config(cfg))
        except ConfigError as error:
            raise ConfigError(f"stage 1: {error}") from error
    try_config(cfg, train=train, weights=weights)
    _tried.add(tried)


def _check_pairs(cfg: CfgNode, name: str, dataset: Any, num_query: int) -> None:
    facts = dataset.facts
    mode = cfg.IFD.METRIC_MODE
    if cfg.IFD.CENTER_CAMERAS and facts.camera_kind != "labelled":
        raise ConfigError(
            f"IFD.CENTER_CAMERAS takes the mean of each camera's images, and {name} has none labelled (cameras: "
            f"{facts.camera_kind}); switch it off"
        )
    if mode not in facts.modes:
        # Another of the test sets has to have it, see check_data.
        return
    pids, camids, clothes = (np.array([item[field] for item in dataset.img_items]) for field in (1, 2, 3))
    sides = [
        Labels(pids[part], camids[part], clothes[part], {name: of[part] for name, of in facts.further_labels.items()})
        for part in (slice(None, num_query), slice(num_query, None))
    ]
    pairs = PersonPairs(sides[0].checked("query", num_query), sides[1].checked("gallery", len(pids) - num_query))
    if not chance_levels(pairs, requested_modes(mode))[mode].num_queries:
        raise ConfigError(
            f"IFD.METRIC_MODE is {mode!r}, but none of the {num_query:,} queries of {name} has a match "
            "in that mode; name another"
        )


def _check_training_data(cfg: CfgNode) -> None:
    names = ", ".join(cfg.DATASETS.NAMES)
    dataset = built(f"DATASETS.NAMES {names}", build_train_set, cfg)
    needed = people_per_batch(cfg, SAMPLERS_OF_PEOPLE)
    if dataset.num_classes < needed:
        raise ConfigError(
            f"{dataset.num_classes} people to train on in {names}, but a batch shows {needed} of "
            f"{cfg.DATALOADER.NUM_INSTANCE} images each: lower SOLVER.IMS_PER_BATCH or raise DATALOADER.NUM_INSTANCE"
        )
    if dataset.num_classes < 2:
        raise ConfigError(f"only {dataset.num_classes} person to train on in {names}; expected at least 2")
    if len(dataset) < cfg.SOLVER.IMS_PER_BATCH:
        raise ConfigError(
            f"{len(dataset)} training images do not fill one batch of SOLVER.IMS_PER_BATCH {cfg.SOLVER.IMS_PER_BATCH}; "
            "lower it"
        )
    if cfg.MODEL.HEADS.NUM_CLASSES not in (0, dataset.num_classes):
        raise ConfigError(
            f"MODEL.HEADS.NUM_CLASSES is {cfg.MODEL.HEADS.NUM_CLASSES}, but {names} has {dataset.num_classes} people "
            "to train on; leave it at 0"
        )
    stages = [("stage 1: ", stage1_config(cfg))] if needs_attention_stream(cfg) else []
    for stage, of_stage in (*stages, ("", cfg)):
        check_warm_up(of_stage.SOLVER, len(dataset) // cfg.SOLVER.IMS_PER_BATCH, stage)
    sampler = f"DATALOADER.SAMPLER_TRAIN {cfg.DATALOADER.SAMPLER_TRAIN}"
    loader = built(sampler, build_train_loader, cfg, dataset)
    built(sampler, next, iter(loader.stream))
