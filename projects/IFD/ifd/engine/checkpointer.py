"""Checkpoints of IFD, those of version 0.1.0 among them."""

from typing import ClassVar

from fastreid.config import CfgNode
from fastreid.modeling.meta_arch import META_ARCH_REGISTRY

from fastreid_runs import AcceptsWeights, CheckpointError, WholeCheckpointer

from ..modeling import FORMER_NAMES

__all__ = ["CheckpointError", "IFDCheckpointer", "num_training_identities", "read_model"]


class IFDCheckpointer(WholeCheckpointer):
    """Files that are whole, that fit the model or are refused, and that may be of version 0.1.0."""

    renamed = FORMER_NAMES
    compared: ClassVar[str] = "MODEL.META_ARCHITECTURE, MODEL.BACKBONE and IFD.IKT/IFD.CBD"

    def warn_of_former_version(self, path: str) -> None:
        self.logger.warning(
            "%s is of version 0.1.0, which sampled clothing masks by their nearest pixels and left a rim of "
            "clothes in M. Evaluated with other masks it does far worse: IFD.MASK_RESIZE nearest "
            "IFD.MASK_DILATE 0 give those that it was trained with",
            path,
        )


read_model = IFDCheckpointer.read_model


def num_training_identities(cfg: CfgNode, path: str) -> int:
    """Rows of the configured model's classifier in a checkpoint: the identities it was trained on; 0 without one."""
    architecture = META_ARCH_REGISTRY.get(cfg.MODEL.META_ARCHITECTURE)
    return architecture.num_identities(read_model(path)) if issubclass(architecture, AcceptsWeights) else 0
