"""The range of each config key of IFD, beside those of the host."""

import math

from fastreid.config import CfgNode

from clothes_rank import MODES, PROTOCOL_MODES
from fastreid_runs import ConfigError
from fastreid_runs.config_values import HOST_RANGES, IDENTITY_SAMPLERS, LARGEST_SEED, OTHER_SAMPLERS
from fastreid_runs.ranges import FINITE, Range, at_least, number, numbers, one_of
from fastreid_runs.steps import parts_of_a_batch

#: Those of the host and of this project that put K images of each person into a batch.
SAMPLERS_OF_PEOPLE = ("ProportionalAppearanceSampler", *IDENTITY_SAMPLERS)

RANGES: dict[str, Range] = {
    **HOST_RANGES,
    "DATALOADER.SAMPLER_TRAIN": one_of(*SAMPLERS_OF_PEOPLE, *OTHER_SAMPLERS),
    "IFD.SEED": Range(f"-1 (a new one each time) or 0 to {LARGEST_SEED}", lambda value: value <= LARGEST_SEED),
    "IFD.KEEP_CHECKPOINTS": at_least(0, "0 (all) or more"),
    "IFD.MASK_FILL": numbers(3, "RGB in 0-255", lambda value: 0 <= value <= 255),
    "IFD.MASK_DILATE": at_least(0),
    "IFD.JOINED_WEIGHTS": Range(
        "two numbers, at least 0 and not both 0",
        lambda values: len(values) == 2 and all(0 <= value < math.inf for value in values) and sum(values) > 0,
    ),
    "IFD.IKT.KERNEL_SIZE": Range("an odd number", lambda value: value >= 1 and value % 2 == 1),
    "IFD.IKT.SCALE": FINITE,
    "IFD.IKT.OFFSET": FINITE,
    "IFD.PREDICTION.WEIGHT": number(0),
    "IFD.CBD.LAMBDA": number(0),
    # Far below, each similarity weighs all or nothing, and the gradient leaves the numbers.
    "IFD.CBD.TEMPERATURE": number(0.001, 100),
    "IFD.CBD.T": number(0.001, 1000),
    **{f"IFD.CLOTHES_AUGMENTATION.{name}": number(0, 1) for name in ("RECOLOUR", "SWAP", "ERASE")},
    "IFD.CLOTHES_AUGMENTATION.ERASE_RATIO": Range(
        "two shares from 0 to 1 in order", lambda values: len(values) == 2 and 0 <= values[0] <= values[1] <= 1
    ),
    **{f"IFD.BACKGROUND_AUGMENTATION.{name}": number(0, 1) for name in ("REPLACE", "BLUR", "BLACK")},
    "IFD.CONSISTENCY.WEIGHT": number(0),
    "IFD.CONSISTENCY.CENTROID_WEIGHT": number(0),
    "IFD.OUTFITS.LABELS": one_of("dataset", "colours"),
    "IFD.OUTFITS.CLUSTERS": at_least(0, "0 (as IFD.OUTFITS.DISTANCE says) or more"),
    "IFD.OUTFITS.DISTANCE": number(0, above=True),
    "IFD.OUTFITS.COUNT": at_least(0, "0 (counted)"),
    "IFD.CAL.EPSILON": number(0, 1),
    "IFD.CAL.SCALE": number(0, above=True),
    "IFD.CAL.WEIGHT": number(0),
    "IFD.CAL.START_EPOCH": at_least(0),
    "IFD.SAMPLER.NUM_APPEARANCES": at_least(1),
    "IFD.STAGE1.MAX_EPOCH": at_least(0, "0 (as many as SOLVER.MAX_EPOCH) or more"),
    "IFD.STAGE1.BASE_LR": number(0),
    "IFD.SINGLE_SHOT.DRAWS": at_least(0, "0 (none) or more"),
    "IFD.SINGLE_SHOT.SEED": at_least(0),
    "IFD.METRIC_MODE": one_of(*MODES, *PROTOCOL_MODES),
    "IFD.VIDEO.TRAIN_STRETCH": at_least(0, "0 (whole tracklets) or more"),
    "IFD.VIDEO.TEST_FRAMES": one_of("all", "clips"),
}


def check_people_of_a_batch(cfg: CfgNode, processes: int) -> None:
    """Refuses batches of one person, among whom the clothing loss has nobody to tell apart.

    The loss compares the images of all processes; batch norm, but a synchronised one, sees those of one.

    Args:
        cfg: full config.
        processes: that train together.

    Raises:
        ConfigError: names the keys.
    """
    if not cfg.IFD.CBD.ENABLED or cfg.DATALOADER.SAMPLER_TRAIN not in SAMPLERS_OF_PEOPLE:
        return
    batch, instances = cfg.SOLVER.IMS_PER_BATCH, cfg.DATALOADER.NUM_INSTANCE
    parts = parts_of_a_batch(cfg)
    if batch // processes // parts < 2 * instances:
        shared = f" of {processes} processes" if processes > 1 else ""
        shared += f" in SOLVER.ACCUMULATE {parts} parts" if parts > 1 else ""
        raise ConfigError(
            f"SOLVER.IMS_PER_BATCH is {batch}{shared}, one person a process at DATALOADER.NUM_INSTANCE {instances}, "
            "but the clothing loss of IFD.CBD, and batch norm in each process, are to tell people apart; expected at "
            f"least {2 * instances * processes * parts}"
        )
