"""What tells the descriptors of one model from those of another."""

import hashlib
import os

from fastreid.config import CfgNode

from fastreid_runs.weight_files import local_file


def checkpoint_fingerprint(cfg: CfgNode, path: str | os.PathLike[str]) -> str:
    """A hash of all that a checkpoint's descriptors follow from: its bytes, and the config's model and test settings.

    Args:
        cfg: the config that it is loaded with.
        path: of the checkpoint.

    Returns:
        64 hexadecimal digits.
    """
    settings = cfg.clone()
    settings.defrost()
    # Where the weights come from, where they run, and how they were trained says nothing of the descriptors.
    settings.MODEL.WEIGHTS = settings.MODEL.DEVICE = settings.MODEL.BACKBONE.PRETRAIN_PATH = ""
    settings.IFD.PARSING.ROOT = ""
    for key in ("SEED", "KEEP_CHECKPOINTS", "SAMPLER", "STAGE1", "SINGLE_SHOT", "METRIC_MODE"):
        settings.IFD.pop(key, None)
    test = settings.TEST
    kept = (settings.MODEL, settings.IFD, settings.INPUT.SIZE_TEST, settings.INPUT.CROP, test.FLIP, test.METRIC)
    digest = hashlib.sha256("\n".join(map(str, kept)).encode())
    with open(local_file(os.fspath(path)), "rb") as file:
        while block := file.read(2**20):
            digest.update(block)
    return digest.hexdigest()
