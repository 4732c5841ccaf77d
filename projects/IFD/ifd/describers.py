"""What turns images and clothing masks into descriptors: a checkpoint by its config, or an exported model.

Of the two, a checkpoint alone needs the host and PyTorch.
"""

from typing import Protocol

import numpy as np
from PIL import Image

from datasets_ext import LabelSystem
from datasets_ext.errors import CheckpointError
from exported_model import ExportedModel, ExportedModelError, Outputs


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

    def inputs(self, image: Image.Image, mask: np.ndarray) -> np.ndarray:
        """(4, H, W) float32 of an upright RGB image and its (height, width) uint8 mask of 0 and 1."""
        ...

    def describe(self, inputs: np.ndarray) -> Outputs:
        """The descriptors of evaluation of (N, 4, H, W) or, where no mask is needed, (N, 3, H, W) float32 inputs.

        Returns:
            (N, D) float32 vectors, of length 1 where TEST.METRIC is cosine; and the attention maps where there are any.

        Raises:
            MaskMissing: a mask is needed.
        """
        ...


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

    def inputs(self, image: Image.Image, mask: np.ndarray) -> np.ndarray:
        return self._model.inputs(image, mask)

    def describe(self, inputs: np.ndarray) -> Outputs:
        if inputs.shape[1] == 3 and self._model.needs_masks:
            raise MaskMissing
        return self._model.run(inputs)
