"""What the config keys of a run mean to one that goes on from it: the host's, and those that a project adds."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from fastreid.config import CfgNode, get_cfg

from .steps import add_step_keys

# Keys and sections that change neither a weight nor a pixel: where a run writes, where its data lies (which is compared
# itself), what loads it, and how it is evaluated. What an evaluation measures may change too, but then no earlier one
# is the best any more.
_FREE = (
    "DATALOADER.NUM_WORKERS",
    "OUTPUT_DIR",
    "SOLVER.CHECKPOINT_PERIOD",
    "SOLVER.RECOMPUTE_ACTIVATIONS",
    "TEST.EVAL_PERIOD",
    "TEST.IMS_PER_BATCH",
)
_MEASURES = (
    "DATASETS.TESTS",
    "INPUT.SIZE_TEST",
    "TEST.AQE",
    "TEST.FLIP",
    "TEST.METRIC",
    "TEST.RERANK",
    "TEST.ROC",
)
# What only says how long a stage is: a finished one stays as it is.
_LENGTH = (
    "SOLVER.DELAY_EPOCHS",
    "SOLVER.FREEZE_ITERS",
    "SOLVER.MAX_EPOCH",
    "SOLVER.STEPS",
    "SOLVER.WARMUP_ITERS",
)
#: These take effect at once, and the training is then not the one that was begun to the last bit.
TOLD = ("CUDNN_BENCHMARK", "MODEL.DEVICE", "SOLVER.AMP", "SOLVER.COMPILE")
#: The number of identities is counted again where it is 0.
COUNTED = ("MODEL.HEADS.NUM_CLASSES",)


@dataclass(frozen=True)
class RunKeys:
    """The keys that a project adds to the host's config, as far as its runs go by them; beside them count the host's.

    Attributes:
        defaults: gives the config with all keys at their defaults.
        seed: key of the seed of all random numbers of a run; negative: drawn once, and kept when it is resumed.
        keep_checkpoints: key of the number of checkpoints by epoch that stay, 0: all; empty: there is no such key.
        own_free: keys and sections that change neither a weight nor a pixel.
        own_measures: those that say what an evaluation measures.
        own_length: those that say how long a stage is.
    """

    defaults: Callable[[], CfgNode]
    seed: str = "RUN.SEED"
    keep_checkpoints: str = "RUN.KEEP_CHECKPOINTS"
    own_free: tuple[str, ...] = ()
    own_measures: tuple[str, ...] = ()
    own_length: tuple[str, ...] = ()

    @property
    def free(self) -> tuple[str, ...]:
        """What a run that goes on may change, the host's keys among them."""
        return (*_FREE, *filter(None, [self.keep_checkpoints]), *self.own_free)

    @property
    def measures(self) -> tuple[str, ...]:
        """What says how an evaluation measures, the host's keys among them."""
        return (*_MEASURES, *self.own_measures)

    @property
    def length(self) -> tuple[str, ...]:
        """What says how long a stage is, the host's keys among them."""
        return (*_LENGTH, *self.own_length)

    def seed_of(self, cfg: CfgNode) -> int:
        """The seed in a config; negative where none is settled."""
        return value_of(cfg, self.seed)

    def with_seed(self, cfg: CfgNode, seed: int) -> CfgNode:
        """A copy of the config with the seed; frozen where it was."""
        seeded = cfg.clone()
        seeded.defrost()
        seeded.merge_from_list([self.seed, seed])
        if cfg.is_frozen():
            seeded.freeze()
        return seeded

    def kept_checkpoints(self, cfg: CfgNode) -> int:
        """How many of the checkpoints by epoch stay; 0: all."""
        return value_of(cfg, self.keep_checkpoints) if self.keep_checkpoints else 0


def run_config() -> CfgNode:
    """The host's config with the keys of training steps, RUN.SEED and RUN.KEEP_CHECKPOINTS, for who adds none."""
    cfg = get_cfg()
    add_step_keys(cfg)
    cfg.RUN = CfgNode()
    cfg.RUN.SEED = -1
    cfg.RUN.KEEP_CHECKPOINTS = 0
    return cfg


#: Of a project without keys of its own, see :func:`run_config`.
PLAIN = RunKeys(run_config)


def value_of(cfg: CfgNode, key: str) -> Any:
    """The value at a dotted key of a config."""
    value: Any = cfg
    for name in key.split("."):
        value = value[name]
    return value


def within(name: str, keys: Iterable[str]) -> bool:
    """Whether a dotted key is among others, or in one of the sections that they name."""
    return any(name == key or name.startswith(f"{key}.") for key in keys)
