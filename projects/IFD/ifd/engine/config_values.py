"""The range of each config key that a number or a name can leave, and what the host would do beyond it."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from fastreid.config import CfgNode

from clothes_rank import MODES

from .errors import ConfigError

#: The host's samplers and this project's that put K images of each person into a batch.
IDENTITY_SAMPLERS = (
    "ProportionalAppearanceSampler", "NaiveIdentitySampler", "BalancedIdentitySampler", "SetReWeightSampler",
)  # fmt: skip
SAMPLERS = (*IDENTITY_SAMPLERS, "TrainingSampler", "ImbalancedDatasetSampler")
# The host leaves out a loss whose name it does not know, without a word.
LOSSES = ("CrossEntropyLoss", "TripletLoss", "CircleLoss", "Cosface")
# Beyond it no image is resized in this field; one number too many would take the memory of the machine.
_LONGEST_SIDE = 4096
_LARGEST_SEED = 2**32 - 2**16


@dataclass(frozen=True)
class Range:
    """What a key may be.

    Attributes:
        expected: the same in words, after "expected".
        holds: whether a value, of the type that the key has, is in the range.
        where: another key, without which this one has no effect; empty: it always has.
    """

    expected: str
    holds: Callable[[Any], bool]
    where: str = ""


def check_values(cfg: CfgNode) -> None:
    """Refuses a value out of its key's range.

    Args:
        cfg: full config.

    Raises:
        ConfigError: names the key, its value and the range.
    """
    for key, allowed in RANGES.items():
        if allowed.where and not _value(cfg, allowed.where):
            continue
        value = _value(cfg, key)
        if not _holds(allowed, value):
            raise ConfigError(f"{key} is {value!r}; expected {allowed.expected}")
    _check_schedule(cfg)


def check_batches(cfg: CfgNode, processes: int) -> None:
    """Refuses batches that do not divide among processes and people.

    Args:
        cfg: full config.
        processes: that train together.

    Raises:
        ConfigError: names the keys.
    """
    batch, instances = cfg.SOLVER.IMS_PER_BATCH, cfg.DATALOADER.NUM_INSTANCE
    shared = f" of {processes} processes" if processes > 1 else ""
    if batch % processes:
        raise ConfigError(f"SOLVER.IMS_PER_BATCH is {batch}; expected a multiple of the {processes} processes")
    if processes > cfg.TEST.IMS_PER_BATCH:
        raise ConfigError(f"TEST.IMS_PER_BATCH is {cfg.TEST.IMS_PER_BATCH}; expected at least one image a process")
    if cfg.DATALOADER.SAMPLER_TRAIN not in IDENTITY_SAMPLERS:
        return
    if batch // processes % instances:
        raise ConfigError(
            f"SOLVER.IMS_PER_BATCH is {batch}{shared}, which does not divide into people of DATALOADER.NUM_INSTANCE "
            f"{instances} images; expected a multiple of {instances * processes}"
        )
    if cfg.IFD.CBD.ENABLED and batch // processes < 2 * instances:
        raise ConfigError(
            f"SOLVER.IMS_PER_BATCH is {batch}{shared}, one person a process at DATALOADER.NUM_INSTANCE {instances}, "
            f"but the clothing loss of IFD.CBD tells people apart; expected at least {2 * instances * processes}"
        )


def people_per_batch(cfg: CfgNode) -> int:
    """Different people that a batch of all processes together needs; 1 with a sampler that does not count them."""
    if cfg.DATALOADER.SAMPLER_TRAIN not in IDENTITY_SAMPLERS:
        return 1
    return cfg.SOLVER.IMS_PER_BATCH // cfg.DATALOADER.NUM_INSTANCE


def _check_schedule(cfg: CfgNode) -> None:
    steps = list(cfg.SOLVER.STEPS)
    if not all(_is_int(step) and step >= 1 for step in steps) or steps != sorted(set(steps)):
        raise ConfigError(f"SOLVER.STEPS is {steps}; expected epochs from 1, each later than the one before")
    if cfg.SOLVER.SCHED == "CosineAnnealingLR" and cfg.SOLVER.DELAY_EPOCHS >= cfg.SOLVER.MAX_EPOCH:
        raise ConfigError(
            f"SOLVER.DELAY_EPOCHS is {cfg.SOLVER.DELAY_EPOCHS}, which leaves nothing of SOLVER.MAX_EPOCH "
            f"{cfg.SOLVER.MAX_EPOCH} for the cosine to fall in"
        )
    for factor in ("HEADS_LR_FACTOR", "BIAS_LR_FACTOR"):
        if cfg.SOLVER.BASE_LR * cfg.SOLVER[factor] > 10:
            raise ConfigError(f"SOLVER.{factor} is {cfg.SOLVER[factor]} times SOLVER.BASE_LR; expected a rate up to 10")


def _value(cfg: CfgNode, key: str) -> Any:
    value: Any = cfg
    for name in key.split("."):
        value = value[name]
    return value


def _holds(allowed: Range, value: Any) -> bool:
    try:
        return bool(allowed.holds(value))
    except (TypeError, ValueError):  # a list of something else than numbers
        return False


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _at_least(least: int, words: str = "", where: str = "") -> Range:
    return Range(words or f"at least {least}", lambda value: value >= least, where)


def _number(least: float, most: float = math.inf, *, above: bool = False, where: str = "") -> Range:
    """Finite, from ``least`` (or above it) to ``most``."""
    if most == math.inf:
        words = "a number above 0" if above else f"a number, at least {least:g}"
    else:
        words = f"a number above {least:g}, at most {most:g}" if above else f"a number from {least:g} to {most:g}"
    return Range(
        words,
        lambda value: math.isfinite(value) and (value > least if above else value >= least) and value <= most,
        where,
    )


def _one_of(*names: str, where: str = "") -> Range:
    return Range(f"one of {', '.join(names)}", lambda value: value in names, where)


def _numbers(count: int, words: str, holds: Callable[[Any], bool], where: str = "") -> Range:
    return Range(
        f"{count} numbers, {words}",
        lambda values: len(values) == count and all(math.isfinite(value) and holds(value) for value in values),
        where,
    )


def _size(where: str = "") -> Range:
    return Range(
        f"[height, width] in pixels, each 1 to {_LONGEST_SIDE}",
        lambda sides: len(sides) == 2 and all(_is_int(side) and 1 <= side <= _LONGEST_SIDE for side in sides),
        where,
    )


def _names(words: str, holds: Callable[[Iterable[str]], bool] = lambda names: True) -> Range:
    return Range(
        words,
        lambda names: (
            not isinstance(names, str)
            and len(names) > 0
            and all(isinstance(name, str) for name in names)
            and len(set(names)) == len(names)
            and holds(names)
        ),
    )


_SHARE = _number(0, 1)
_POSITIVE = _number(0, above=True)
_FINITE = Range("a finite number", math.isfinite)

RANGES: dict[str, Range] = {
    "MODEL.BACKBONE.FEAT_DIM": _at_least(1),
    "MODEL.HEADS.NUM_CLASSES": _at_least(0, "0, which takes the number of training people"),
    "MODEL.HEADS.EMBEDDING_DIM": _at_least(0, "0 (the backbone's channels) or more"),
    "MODEL.HEADS.SCALE": _POSITIVE,
    "MODEL.HEADS.MARGIN": _FINITE,
    "MODEL.HEADS.NECK_FEAT": _one_of("before", "after"),
    "MODEL.LOSSES.NAME": _names(
        f"losses of the host, each once: {', '.join(LOSSES)}", lambda names: set(names) <= set(LOSSES)
    ),
    "MODEL.LOSSES.CE.EPSILON": Range("-1 (adaptive), or 0 up to 1", lambda value: value == -1 or 0 <= value < 1),
    "MODEL.LOSSES.CE.ALPHA": _FINITE,
    "MODEL.LOSSES.CE.SCALE": _number(0),
    "MODEL.LOSSES.TRI.MARGIN": _number(0),
    "MODEL.LOSSES.TRI.SCALE": _number(0),
    "MODEL.LOSSES.CIRCLE.MARGIN": _FINITE,
    "MODEL.LOSSES.CIRCLE.GAMMA": _POSITIVE,
    "MODEL.LOSSES.CIRCLE.SCALE": _number(0),
    "MODEL.LOSSES.COSFACE.MARGIN": _FINITE,
    "MODEL.LOSSES.COSFACE.GAMMA": _POSITIVE,
    "MODEL.LOSSES.COSFACE.SCALE": _number(0),
    "MODEL.PIXEL_MEAN": _numbers(3, "RGB in 0-255", lambda value: True),
    "MODEL.PIXEL_STD": _numbers(3, "RGB, each above 0", lambda value: value > 0),
    "INPUT.SIZE_TRAIN": _size(),
    "INPUT.SIZE_TEST": _size(),
    "INPUT.CROP.SIZE": _size("INPUT.CROP.ENABLED"),
    "INPUT.FLIP.PROB": _SHARE,
    "INPUT.PADDING.SIZE": _at_least(0),
    "INPUT.PADDING.MODE": _one_of("constant", "edge", "reflect", "symmetric"),
    "INPUT.CJ.PROB": _SHARE,
    "INPUT.AUTOAUG.PROB": _SHARE,
    "INPUT.REA.PROB": _SHARE,
    "INPUT.RPT.PROB": _SHARE,
    "DATASETS.NAMES": _names("names of data sets to train on, at least one and each once"),
    "DATASETS.TESTS": _names("names of data sets to evaluate on, at least one and each once"),
    "DATALOADER.SAMPLER_TRAIN": _one_of(*SAMPLERS),
    "DATALOADER.NUM_INSTANCE": _at_least(1),
    "DATALOADER.NUM_WORKERS": _at_least(0, "0 (none) or more"),
    "SOLVER.MAX_EPOCH": _at_least(1),
    "SOLVER.IMS_PER_BATCH": _at_least(1),
    "SOLVER.BASE_LR": _number(0, 10, above=True),
    "SOLVER.HEADS_LR_FACTOR": _POSITIVE,
    "SOLVER.BIAS_LR_FACTOR": _POSITIVE,
    "SOLVER.MOMENTUM": Range("0 up to 1", lambda value: 0 <= value < 1),
    "SOLVER.WEIGHT_DECAY": _number(0, 10),
    "SOLVER.WEIGHT_DECAY_NORM": _number(0, 10),
    "SOLVER.WEIGHT_DECAY_BIAS": _number(0, 10),
    "SOLVER.SCHED": _one_of("MultiStepLR", "CosineAnnealingLR"),
    "SOLVER.GAMMA": _number(0, 1, above=True),
    "SOLVER.ETA_MIN_LR": _number(0, 10),
    "SOLVER.DELAY_EPOCHS": _at_least(0),
    "SOLVER.WARMUP_ITERS": _at_least(0),
    "SOLVER.WARMUP_FACTOR": _number(0, 1),
    "SOLVER.WARMUP_METHOD": _one_of("constant", "linear", "exp"),
    "SOLVER.FREEZE_ITERS": _at_least(0),
    "SOLVER.CHECKPOINT_PERIOD": _at_least(1, "a number of epochs, at least 1"),
    "SOLVER.CLIP_GRADIENTS.CLIP_TYPE": _one_of("value", "norm"),
    "SOLVER.CLIP_GRADIENTS.CLIP_VALUE": _POSITIVE,
    "TEST.EVAL_PERIOD": _at_least(1, "a number of epochs, at least 1"),
    "TEST.IMS_PER_BATCH": _at_least(1),
    "TEST.METRIC": _one_of("cosine", "euclidean"),
    "TEST.AQE.QE_TIME": _at_least(0, where="TEST.AQE.ENABLED"),
    "TEST.AQE.QE_K": _at_least(1, where="TEST.AQE.ENABLED"),
    "TEST.AQE.ALPHA": _number(0, where="TEST.AQE.ENABLED"),
    "TEST.RERANK.K1": _at_least(1, where="TEST.RERANK.ENABLED"),
    "TEST.RERANK.K2": _at_least(1, where="TEST.RERANK.ENABLED"),
    "TEST.RERANK.LAMBDA": _number(0, 1, where="TEST.RERANK.ENABLED"),
    "TEST.PRECISE_BN.NUM_ITER": _at_least(1, where="TEST.PRECISE_BN.ENABLED"),
    "OUTPUT_DIR": Range("a folder", lambda value: bool(value.strip())),
    "IFD.SEED": Range(f"-1 (a new one each time) or 0 to {_LARGEST_SEED}", lambda value: value <= _LARGEST_SEED),
    "IFD.KEEP_CHECKPOINTS": _at_least(0, "0 (all) or more"),
    "IFD.MASK_FILL": _numbers(3, "RGB in 0-255", lambda value: 0 <= value <= 255),
    "IFD.MASK_DILATE": _at_least(0),
    "IFD.JOINED_WEIGHTS": Range(
        "two numbers, at least 0 and not both 0",
        lambda values: len(values) == 2 and all(0 <= value < math.inf for value in values) and sum(values) > 0,
    ),
    "IFD.IKT.KERNEL_SIZE": Range("an odd number", lambda value: value >= 1 and value % 2 == 1),
    "IFD.IKT.SCALE": _FINITE,
    "IFD.IKT.OFFSET": _FINITE,
    "IFD.PREDICTION.WEIGHT": _number(0),
    "IFD.CBD.LAMBDA": _number(0),
    # Far below, each similarity weighs all or nothing, and the gradient leaves the numbers.
    "IFD.CBD.TEMPERATURE": _number(0.001, 100),
    "IFD.CBD.T": _number(0.001, 1000),
    "IFD.SAMPLER.NUM_APPEARANCES": _at_least(1),
    "IFD.STAGE1.MAX_EPOCH": _at_least(0, "0 (as many as SOLVER.MAX_EPOCH) or more"),
    "IFD.SINGLE_SHOT.DRAWS": _at_least(0, "0 (none) or more"),
    "IFD.SINGLE_SHOT.SEED": _at_least(0),
    "IFD.METRIC_MODE": _one_of(*MODES),
}
