"""What turns images and clothing masks into descriptors: a checkpoint by its config, or an exported model."""

import os
from typing import Any, Protocol, cast

import numpy as np
import torch
import torch.nn.functional as F
from fastreid.config import CfgNode
from PIL import Image

from datasets_ext import LabelSystem, check_clothing, clothing_ids, is_auto
from exported_model import ExportedModel, ExportedModelError
from fastreid_compat import available_device_config

from .data import build_masked_transforms
from .engine import CheckpointError, load_config, load_trained_model
from .modeling.stream_features import Description


class MaskMissing(ValueError):
    """Images come without the clothing masks that the model needs."""


class Describer(Protocol):
    """Turns images and clothing masks into descriptors.

    Attributes:
        takes_masks: whether it has a use for masks at all.
        system: label system of maps that come alone; None where each tree of maps says its own, or of no use.
        device: cpu, cuda or cuda:<n>, where a parser beside it goes; None: where it likes.
    """

    takes_masks: bool
    system: str | None
    device: str | None

    def clothing(self, system: LabelSystem) -> tuple[int, ...]:
        """Label values of the clothing set C in a label system.

        Raises:
            ValueError: it lacks one of the labels.
        """
        ...

    def inputs(self, image: Image.Image, mask: np.ndarray) -> torch.Tensor:
        """(4, H, W) float32 of an upright RGB image and its (height, width) uint8 mask of 0 and 1."""
        ...

    def describe(self, inputs: torch.Tensor) -> Description:
        """The descriptors of evaluation of (N, 4, H, W) or, where no mask is needed, (N, 3, H, W) inputs.

        Raises:
            MaskMissing: a mask is needed.
        """
        ...


def as_describer(
    config: str | os.PathLike[str] | CfgNode | None, weights: str | os.PathLike[str], device: str | None
) -> Describer:
    """The model of a checkpoint, or of an ``.onnx``; arguments as of :class:`ifd.feature_extractor.FeatureExtractor`.

    Raises:
        CheckpointError: the weights cannot be loaded, or are of another model; an ``.onnx`` with a config, or weights
            without one.
    """
    path = os.fspath(weights)
    if path.lower().endswith(".onnx"):
        if config is not None:
            raise CheckpointError(f"{path} holds its own config, and another was given: give None in its place")
        return ExportedDescriber(path, device)
    if config is None:
        raise CheckpointError(f"{path} is no .onnx, which would hold its own config: give the config that it is of")
    cfg = load_config(os.fspath(config)) if isinstance(config, (str, os.PathLike)) else config.clone()
    if device is not None:
        cfg.defrost()
        cfg.MODEL.DEVICE = device
        cfg = available_device_config(cfg)
    return TrainedDescriber(cfg, path)


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

    def inputs(self, image: Image.Image, mask: np.ndarray) -> torch.Tensor:
        return self._transform(image, mask)

    @torch.no_grad()
    def describe(self, inputs: torch.Tensor) -> Description:
        try:
            found: Description = cast(Any, self.network).describe({"images": inputs})
        except ValueError as error:
            if inputs.shape[1] != 3:
                raise
            raise MaskMissing from error
        descriptors = found.descriptors
        if self._flip:
            descriptors = (descriptors + self.network({"images": inputs.flip(dims=[3])})) / 2
        descriptors = descriptors.float()
        return Description(F.normalize(descriptors) if self._normalized else descriptors, found.attention_map)


class ExportedDescriber:
    """A model as ``tools/export.py`` exports it; the flip test and L2 are inside.

    Args:
        path: of the ``.onnx``.
        device: cpu, cuda or cuda:<n>; None: CUDA where onnxruntime has it.

    Raises:
        CheckpointError: the file cannot be loaded.
    """

    def __init__(self, path: str, device: str | None):
        try:
            self._model = ExportedModel(path, device=device)
        except ExportedModelError as error:
            raise CheckpointError(str(error)) from error
        self.takes_masks = self._model.needs_masks
        self.system = self._model.metadata.label_system
        self.device = device

    def clothing(self, system: LabelSystem) -> tuple[int, ...]:
        try:
            return self._model.clothing(system.name)
        except ExportedModelError as error:
            raise ValueError(str(error)) from error

    def inputs(self, image: Image.Image, mask: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(self._model.inputs(image, mask))

    def describe(self, inputs: torch.Tensor) -> Description:
        if inputs.shape[1] == 3 and self._model.needs_masks:
            raise MaskMissing
        vectors, attention = self._model.run(inputs.numpy())
        return Description(
            torch.from_numpy(vectors), None if attention is None else torch.from_numpy(attention[:, None])
        )
