"""From a model to its graph: normalisation, masking, flip test and L2 inside, any number of images."""

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import nn

from exported_model import INPUT_NAME
from ifd.modeling.stream_features import Description

from .errors import ExportError, require_export_package

OPSET = 20


class ExportableModel(nn.Module):
    """A model as search uses it: images in, descriptors of length 1 out, and the attention map where there is one.

    Args:
        model: in evaluation mode, on the CPU.
        flip: whether descriptors are the mean of an image's and its mirror image's, as TEST.FLIP.ENABLED.

    Shape:
        images: (N, 4, H, W) float32, RGB in 0-255 and mask in [0, 1]; or (N, 3, H, W).
        result: (N, D) float32, and (N, 1, h, w) in (0, 1) where the model has an attention map.
    """

    def __init__(self, model: nn.Module, flip: bool):
        super().__init__()
        self.model, self.flip = model, flip

    def forward(self, images: torch.Tensor) -> torch.Tensor | tuple[torch.Tensor, torch.Tensor]:
        descriptors, attention_map = self._describe(images)
        if self.flip:
            descriptors = (descriptors + self._describe(images.flip(dims=[3])).descriptors) / 2
        descriptors = F.normalize(descriptors)
        return descriptors if attention_map is None else (descriptors, attention_map)

    def _describe(self, images: torch.Tensor) -> Description:
        found: Description = cast(Any, self.model).describe({"images": images})
        return found


def needs_mask(model: nn.Module, size: tuple[int, int]) -> bool:
    """Whether a model refuses images without their masks.

    Args:
        model: in evaluation mode.
        size: (height, width) of its input.
    """
    try:
        with torch.no_grad():
            cast(Any, model).describe({"images": torch.zeros(2, 3, *size)})
    except ValueError:
        return True
    return False


def write_graph(model: ExportableModel, channels: int, size: tuple[int, int], path: str) -> None:
    """Writes a model's graph, in opset 20, with a dynamic number of images.

    Args:
        model: the model.
        channels: 4, or 3 for RGB alone.
        size: (height, width).
        path: of the file.

    Raises:
        ExportError: onnx or onnxscript is missing, or the model has a part that does not go into a graph.
    """
    require_export_package("onnxscript")
    example = torch.zeros(2, channels, *size)
    example[:, 3:] = 0.5
    names = ["descriptors"]
    with torch.no_grad():
        if isinstance(model(example), tuple):
            names.append("attention")
    try:
        with torch.no_grad(), _quietly():
            torch.onnx.export(
                model,
                (example,),
                path,
                dynamo=True,
                opset_version=OPSET,
                input_names=[INPUT_NAME],
                output_names=names,
                dynamic_shapes={"images": {0: torch.export.Dim("N")}},
                external_data=False,
                verbose=False,
            )
    except (torch.onnx.errors.OnnxExporterError, RuntimeError) as error:
        raise ExportError(
            f"PyTorch {torch.__version__} cannot turn this model into a graph: {_first_line(error)}"
        ) from error


def _first_line(error: BaseException) -> str:
    # The exporter's own message is pages of advice; what happened is its cause's.
    cause = error.__cause__ or error
    lines = [line.strip() for line in str(cause).splitlines() if line.strip()]
    return lines[0] if lines else type(cause).__name__


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Without the exporter's own warnings and progress, which speak to its authors."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "onnxscript", "onnx_ir")]
    levels = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
