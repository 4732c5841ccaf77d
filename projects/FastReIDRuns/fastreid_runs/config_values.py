"""The range of each of the host's config keys that a number or a name can leave, and batches that divide."""

from collections.abc import Mapping, Sequence

from fastreid.config import CfgNode

from .errors import ConfigError
from .ranges import FINITE, POSITIVE, SHARE, Range, at_least, image_size, is_int, name_list, number, numbers, one_of
from .run_keys import value_of
from .steps import BRAIN, HALF, parts_of_a_batch

#: The host's samplers that put K images of each person into a batch, and those that do not.
IDENTITY_SAMPLERS = ("NaiveIdentitySampler", "BalancedIdentitySampler", "SetReWeightSampler")
OTHER_SAMPLERS = ("TrainingSampler", "ImbalancedDatasetSampler")
# The host leaves out a loss whose name it does not know, without a word.
LOSSES = ("CrossEntropyLoss", "TripletLoss", "CircleLoss", "Cosface")
#: What a seed may be: the host adds small numbers to it, and NumPy takes none above 2**32.
LARGEST_SEED = 2**32 - 2**16


def check_values(cfg: CfgNode, ranges: Mapping[str, Range]) -> None:
    """Refuses a value out of its key's range, and a schedule of learning rates that cannot be.

    Args:
        cfg: full config.
        ranges: key -> what it may be, HOST_RANGES among them.

    Raises:
        ConfigError: names the key, its value and the range, or keys that do not go together.
    """
    for key, allowed in ranges.items():
        section, _, name = key.rpartition(".")
        if key in _ADDED and name not in value_of(cfg, section):
            continue
        if allowed.where and not value_of(cfg, allowed.where):
            continue
        value = value_of(cfg, key)
        if not allowed.has(value):
            raise ConfigError(f"{key} is {value!r}; expected {allowed.expected}")
    if cfg.SOLVER.get("COMPILE", False) and cfg.SOLVER.get("RECOMPUTE_ACTIVATIONS", False):
        raise ConfigError("SOLVER.COMPILE and SOLVER.RECOMPUTE_ACTIVATIONS are both on; switch one off")
    _check_schedule(cfg)


def check_batches(cfg: CfgNode, processes: int, identity_samplers: Sequence[str] = IDENTITY_SAMPLERS) -> None:
    """Refuses batches that do not divide among processes and people.

    Args:
        cfg: full config.
        processes: that train together.
        identity_samplers: names of those that put DATALOADER.NUM_INSTANCE images of each person into a batch.

    Raises:
        ConfigError: names the keys.
    """
    batch, instances = cfg.SOLVER.IMS_PER_BATCH, cfg.DATALOADER.NUM_INSTANCE
    shared = f" of {processes} processes" if processes > 1 else ""
    if batch % processes:
        raise ConfigError(f"SOLVER.IMS_PER_BATCH is {batch}; expected a multiple of the {processes} processes")
    parts = parts_of_a_batch(cfg)
    if batch // processes % parts:
        raise ConfigError(
            f"SOLVER.ACCUMULATE is {parts}, and SOLVER.IMS_PER_BATCH {batch}{shared}; expected a batch "
            "that divides into as many parts"
        )
    if processes > cfg.TEST.IMS_PER_BATCH:
        raise ConfigError(f"TEST.IMS_PER_BATCH is {cfg.TEST.IMS_PER_BATCH}; expected at least one image a process")
    if cfg.DATALOADER.SAMPLER_TRAIN not in identity_samplers:
        return
    if batch // processes // parts % instances and not batch // processes % instances:
        raise ConfigError(
            f"SOLVER.ACCUMULATE is {parts}, whose parts of {batch // processes // parts} images do not divide into "
            f"people of DATALOADER.NUM_INSTANCE {instances} images; expected a multiple of it in each"
        )
    if batch // processes % instances:
        raise ConfigError(
            f"SOLVER.IMS_PER_BATCH is {batch}{shared}, which does not divide into people of DATALOADER.NUM_INSTANCE "
            f"{instances} images; expected a multiple of {instances * processes}"
        )


def people_per_batch(cfg: CfgNode, identity_samplers: Sequence[str] = IDENTITY_SAMPLERS) -> int:
    """Different people that a batch of all processes together needs; 1 with a sampler that does not count them."""
    if cfg.DATALOADER.SAMPLER_TRAIN not in identity_samplers:
        return 1
    return cfg.SOLVER.IMS_PER_BATCH // cfg.DATALOADER.NUM_INSTANCE


def _check_schedule(cfg: CfgNode) -> None:
    steps = list(cfg.SOLVER.STEPS)
    if not all(is_int(step) and step >= 1 for step in steps) or steps != sorted(set(steps)):
        raise ConfigError(f"SOLVER.STEPS is {steps}; expected epochs from 1, each later than the one before")
    if cfg.SOLVER.SCHED == "CosineAnnealingLR" and cfg.SOLVER.DELAY_EPOCHS >= cfg.SOLVER.MAX_EPOCH:
        raise ConfigError(
            f"SOLVER.DELAY_EPOCHS is {cfg.SOLVER.DELAY_EPOCHS}, which leaves nothing of SOLVER.MAX_EPOCH "
            f"{cfg.SOLVER.MAX_EPOCH} for the cosine to fall in"
        )
    for factor in ("HEADS_LR_FACTOR", "BIAS_LR_FACTOR"):
        if cfg.SOLVER.BASE_LR * cfg.SOLVER[factor] > 10:
            raise ConfigError(f"SOLVER.{factor} is {cfg.SOLVER[factor]} times SOLVER.BASE_LR; expected a rate up to 10")


# A project may do without them.
_ADDED = ("SOLVER.ACCUMULATE", "SOLVER.AMP.DTYPE")
#: Of the host's keys; what a project adds stands beside them: ``{**HOST_RANGES, "MY.KEY": at_least(1)}``.
HOST_RANGES: dict[str, Range] = {
    "MODEL.BACKBONE.FEAT_DIM": at_least(1),
    "MODEL.HEADS.NUM_CLASSES": at_least(0, "0, which takes the number of training people"),
    "MODEL.HEADS.EMBEDDING_DIM": at_least(0, "0 (the backbone's channels) or more"),
    "MODEL.HEADS.SCALE": POSITIVE,
    "MODEL.HEADS.MARGIN": FINITE,
    "MODEL.HEADS.NECK_FEAT": one_of("before", "after"),
    "MODEL.LOSSES.NAME": name_list(
        f"losses of the host, each once: {', '.join(LOSSES)}", lambda names: set(names) <= set(LOSSES)
    ),
    "MODEL.LOSSES.CE.EPSILON": Range("-1 (adaptive), or 0 up to 1", lambda value: value == -1 or 0 <= value < 1),
    "MODEL.LOSSES.CE.ALPHA": FINITE,
    "MODEL.LOSSES.CE.SCALE": number(0),
    "MODEL.LOSSES.TRI.MARGIN": number(0),
    "MODEL.LOSSES.TRI.SCALE": number(0),
    "MODEL.LOSSES.CIRCLE.MARGIN": FINITE,
    "MODEL.LOSSES.CIRCLE.GAMMA": POSITIVE,
    "MODEL.LOSSES.CIRCLE.SCALE": number(0),
    "MODEL.LOSSES.COSFACE.MARGIN": FINITE,
    "MODEL.LOSSES.COSFACE.GAMMA": POSITIVE,
    "MODEL.LOSSES.COSFACE.SCALE": number(0),
    "MODEL.PIXEL_MEAN": numbers(3, "RGB in 0-255", lambda value: True),
    "MODEL.PIXEL_STD": numbers(3, "RGB, each above 0", lambda value: value > 0),
    "INPUT.SIZE_TRAIN": image_size(),
    "INPUT.SIZE_TEST": image_size(),
    "INPUT.CROP.SIZE": image_size("INPUT.CROP.ENABLED"),
    "INPUT.FLIP.PROB": SHARE,
    "INPUT.PADDING.SIZE": at_least(0),
    "INPUT.PADDING.MODE": one_of("constant", "edge", "reflect", "symmetric"),
    "INPUT.CJ.PROB": SHARE,
    "INPUT.AUTOAUG.PROB": SHARE,
    "INPUT.REA.PROB": SHARE,
    "INPUT.RPT.PROB": SHARE,
    "DATASETS.NAMES": name_list("names of data sets to train on, at least one and each once"),
    "DATASETS.TESTS": name_list("names of data sets to evaluate on, at least one and each once"),
    "DATALOADER.SAMPLER_TRAIN": one_of(*IDENTITY_SAMPLERS, *OTHER_SAMPLERS),
    "DATALOADER.NUM_INSTANCE": at_least(1),
    "DATALOADER.NUM_WORKERS": at_least(0, "0 (none) or more"),
    "SOLVER.MAX_EPOCH": at_least(1),
    "SOLVER.IMS_PER_BATCH": at_least(1),
    "SOLVER.ACCUMULATE": at_least(1),
    "SOLVER.AMP.DTYPE": one_of(HALF, BRAIN),
    "SOLVER.BASE_LR": number(0, 10, above=True),
    "SOLVER.HEADS_LR_FACTOR": POSITIVE,
    "SOLVER.BIAS_LR_FACTOR": POSITIVE,
    "SOLVER.MOMENTUM": Range("0 up to 1", lambda value: 0 <= value < 1),
    "SOLVER.WEIGHT_DECAY": number(0, 10),
    "SOLVER.WEIGHT_DECAY_NORM": number(0, 10),
    "SOLVER.WEIGHT_DECAY_BIAS": number(0, 10),
    "SOLVER.SCHED": one_of("MultiStepLR", "CosineAnnealingLR"),
    "SOLVER.GAMMA": number(0, 1, above=True),
    "SOLVER.ETA_MIN_LR": number(0, 10),
    "SOLVER.DELAY_EPOCHS": at_least(0),
    "SOLVER.WARMUP_ITERS": at_least(0),
    "SOLVER.WARMUP_FACTOR": number(0, 1),
    "SOLVER.WARMUP_METHOD": one_of("constant", "linear", "exp"),
    "SOLVER.FREEZE_ITERS": at_least(0),
    "SOLVER.CHECKPOINT_PERIOD": at_least(1, "a number of epochs, at least 1"),
    "SOLVER.CLIP_GRADIENTS.CLIP_TYPE": one_of("value", "norm"),
    "SOLVER.CLIP_GRADIENTS.CLIP_VALUE": POSITIVE,
    "TEST.EVAL_PERIOD": at_least(1, "a number of epochs, at least 1"),
    "TEST.IMS_PER_BATCH": at_least(1),
    "TEST.METRIC": one_of("cosine", "euclidean"),
    "TEST.AQE.QE_TIME": at_least(0, where="TEST.AQE.ENABLED"),
    "TEST.AQE.QE_K": at_least(1, where="TEST.AQE.ENABLED"),
    "TEST.AQE.ALPHA": number(0, where="TEST.AQE.ENABLED"),
    "TEST.RERANK.K1": at_least(1, where="TEST.RERANK.ENABLED"),
    "TEST.RERANK.K2": at_least(1, where="TEST.RERANK.ENABLED"),
    "TEST.RERANK.LAMBDA": number(0, 1, where="TEST.RERANK.ENABLED"),
    "TEST.PRECISE_BN.NUM_ITER": at_least(1, where="TEST.PRECISE_BN.ENABLED"),
    "OUTPUT_DIR": Range("a folder", lambda value: bool(value.strip())),
}
