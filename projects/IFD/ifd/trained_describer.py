"""A checkpoint as what turns images and clothing masks into descriptors; needs the host and PyTorch."""

import os
from typing import Any, cast

import numpy as np
import torch
import torch.nn.functional as F
from fastreid.config import CfgNode
from PIL import Image

from datasets_ext import LabelSystem, check_clothing, clothing_ids, is_auto
from exported_model import Outputs
from fastreid_compat import available_device_config

from .data import build_masked_transforms
from .describers import MaskMissing
from .engine import load_config, load_trained_model
from .modeling.stream_features import Description


def trained_describer(config: str | os.PathLike[str] | CfgNode, weights: str, device: str | None) -> "TrainedDescriber":
    """The model of a checkpoint; arguments as of :class:`ifd.feature_extractor.FeatureExtractor`.

    Raises:
        CheckpointError: the weights cannot be loaded, or are of another model.
    """
    cfg = load_config(os.fspath(config)) if isinstance(config, (str, os.PathLike)) else config.clone()
    if device is not None:
        cfg.defrost()
        cfg.MODEL.DEVICE = device
        cfg = available_device_config(cfg)
    return TrainedDescriber(cfg, weights)


class TrainedDescriber:
    """A checkpoint by its config: same size, same flip test, same model as in the evaluation.

    Args:
        cfg: its config.
        weights: path of the checkpoint.

    Attributes:
        network: in evaluation mode.
    """

    def __init__(self, cfg: CfgNode, weights: str):
        system = cfg.IFD.PARSING.SYSTEM
        self._clothing = list(cfg.IFD.PARSING.CLOTHING) or None
        check_clothing(system, self._clothing)
        # RGB alone serves some models too, which tell when they are asked.
        self.takes_masks = True
        self.system: str | None = None if is_auto(system) else str(system)
        self.device: str | None = cfg.MODEL.DEVICE
        self._transform = build_masked_transforms(cfg, is_train=False)
        self._flip = cfg.TEST.FLIP.ENABLED
        self._normalized = cfg.TEST.METRIC == "cosine"
        self.network = load_trained_model(cfg, weights)

    def clothing(self, system: LabelSystem) -> tuple[int, ...]:
        return clothing_ids(system, self._clothing)

    def inputs(self, image: Image.Image, mask: np.ndarray) -> np.ndarray:
        found: np.ndarray = self._transform(image, mask).numpy()
        return found

    @torch.no_grad()
    def describe(self, inputs: np.ndarray) -> Outputs:
        images = torch.from_numpy(inputs)
        try:
            found: Description = cast(Any, self.network).describe({"images": images})
        except ValueError as error:
            if inputs.shape[1] != 3:
                raise
            raise MaskMissing from error
        descriptors = found.descriptors
        if self._flip:
            descriptors = (descriptors + self.network({"images": images.flip(dims=[3])})) / 2
        descriptors = descriptors.float()
        if self._normalized:
            descriptors = F.normalize(descriptors)
        attention = found.attention_map
        return Outputs(descriptors.cpu().numpy(), None if attention is None else attention[:, 0].float().cpu().numpy())
