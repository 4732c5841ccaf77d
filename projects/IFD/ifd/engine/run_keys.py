"""What the config keys of IFD mean to a run that goes on."""

from fastreid.config import CfgNode, get_cfg

from fastreid_runs import RunKeys
from fastreid_runs.steps import add_step_keys

from ..config import add_ifd_config


def default_config() -> CfgNode:
    """The host's config with the keys of IFD and of training steps, all at their defaults."""
    cfg = get_cfg()
    add_step_keys(cfg)
    add_ifd_config(cfg)
    return cfg


KEYS = RunKeys(
    default_config,
    seed="IFD.SEED",
    keep_checkpoints="IFD.KEEP_CHECKPOINTS",
    own_free=("IFD.PARSING.ROOT",),
    own_measures=(
        "IFD.DESCRIPTOR",
        "IFD.CENTER_CAMERAS",
        "IFD.METRIC_MODE",
        "IFD.SINGLE_SHOT",
        "IFD.VIDEO.TEST_FRAMES",
    ),
    own_length=("IFD.STAGE1.MAX_EPOCH",),
)
