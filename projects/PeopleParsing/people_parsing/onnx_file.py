"""Parsers exported to ONNX, with the input that SCHP's extractor gives its models as the default."""

import functools
import math
import os
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

from datasets_ext import label_system
from datasets_ext.files import shown

from .parser import Parser, ParserError, name_of_files, require_package, torch_device
from .upsampling import by_size, upsampled_labels

# Of SCHP's published models: side of the square input by label system.
_SCHP_SIDES = {"lip": 473, "atr": 512, "pascal": 512}

_LARGEST_SIDE = 8192


@dataclass(frozen=True)
class OnnxInput:
    """How an image becomes the model's input. The defaults are those of SCHP's published models.

    Attributes:
        size: (height, width); None: the file's, else SCHP's, a square of 473 pixels for LIP and 512 for ATR and Pascal.
        bgr: channels in the order blue, green, red.
        mean: of pixels in 0 to 1, in the order of the channels.
        std: their standard deviations.
        letterbox: keep the proportions and fill the rest with black; off: stretch.

    Raises:
        ParserError: a number that cannot be.
    """

    size: tuple[int, int] | None = None
    bgr: bool = True
    mean: tuple[float, float, float] = (0.406, 0.456, 0.485)
    std: tuple[float, float, float] = (0.225, 0.224, 0.229)
    letterbox: bool = True

    def __post_init__(self) -> None:
        numbers = (*self.mean, *self.std)
        if len(self.mean) != 3 or len(self.std) != 3 or min(self.std) <= 0 or not all(map(math.isfinite, numbers)):
            raise ParserError(
                f"mean {self.mean} and standard deviation {self.std} of a parser's input; expected three finite "
                "numbers each, the deviations above 0"
            )
        if self.size is not None and (len(self.size) != 2 or min(self.size) < 1 or max(self.size) > _LARGEST_SIDE):
            raise ParserError(
                f"size {self.size} of a parser's input; expected height and width, from 1 to {_LARGEST_SIDE} each"
            )


class OnnxParser(Parser):
    """A parsing model in an ONNX file: (N, 3, h, w) float in, logits (N, C, h', w') out, C the labels of a system.

    Of several outputs with C channels the last is taken: an export of SCHP gives a first parsing, then the refined.

    Args:
        path: of the file.
        system: label system that the model was trained in; its channels are the system's labels in order.
        device: cpu, cuda or cuda:<n>; None: CUDA where onnxruntime has it.
        form: how an image becomes the input.
        output: name of the output; None: as said.

    Raises:
        ParserError: ``onnxruntime`` is missing, the file cannot be loaded, or its input or output is not of this form.
        ValueError: unknown label system.
    """

    def __init__(
        self,
        path: str,
        *,
        system: str = "lip",
        device: str | None = None,
        form: OnnxInput | None = None,
        output: str | None = None,
    ):
        path = os.path.expanduser(os.fspath(path))
        self.system = label_system(system)
        self._path = path
        self._shown = shown(path)
        self._form = form or OnnxInput()
        runtime = require_package("onnxruntime", "onnx", f"Parsing with {shown(path)}")
        if not os.path.isfile(path):
            raise ParserError(f"There is no file {shown(path)}. Name an ONNX file of a parsing model.")
        try:
            self._session = runtime.InferenceSession(path, providers=_providers(runtime, device))
        except Exception as error:
            # onnxruntime raises classes of its own, one for each status, without a public base.
            raise ParserError(
                f"{shown(path)} cannot be loaded by onnxruntime ({error}). Export the model to ONNX again."
            ) from error
        self._batch, self._size = self._read_input()
        self._output = self._choose_output(output)

    @functools.cached_property
    def name(self) -> str:
        return name_of_files(self._path, [self._path])

    def prepare(self, image: Image.Image) -> torch.Tensor:
        height, width = self._size
        if self._form.letterbox:
            left, top, fitted_width, fitted_height = _fit(image.size, self._size)
            canvas = Image.new("RGB", (width, height))
            canvas.paste(image.resize((fitted_width, fitted_height), Image.Resampling.BILINEAR), (left, top))
        else:
            canvas = image.resize((width, height), Image.Resampling.BILINEAR)
        pixels = np.asarray(canvas, dtype=np.float32) / 255
        if self._form.bgr:
            pixels = pixels[..., ::-1]
        pixels = (pixels - np.asarray(self._form.mean, np.float32)) / np.asarray(self._form.std, np.float32)
        return torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1)))

    def parse(self, inputs: torch.Tensor, sizes: list[tuple[int, int]]) -> list[np.ndarray]:
        logits = torch.from_numpy(self._run(inputs.numpy()))
        if self._form.letterbox:
            # SCHP brings its logits to the size of the input with their corners aligned, then back to the image.
            logits = F.interpolate(logits, size=self._size, mode="bilinear", align_corners=True)
        maps: dict[int, np.ndarray] = {}
        for size, positions in by_size(sizes).items():
            of_size = logits[positions]
            if self._form.letterbox:
                left, top, width, height = _fit(size, self._size)
                of_size = of_size[..., top : top + height, left : left + width]
            maps.update(zip(positions, upsampled_labels(of_size, size).numpy(), strict=True))
        return [maps[position] for position in range(len(sizes))]

    def _run(self, inputs: np.ndarray) -> np.ndarray:
        """Logits (N, C, h', w') float32; a file with a batch size of its own is run as often as needed."""
        step = self._batch or len(inputs)
        results = []
        for start in range(0, len(inputs), step):
            batch = inputs[start : start + step]
            count = len(batch)
            if count < step:
                batch = np.concatenate([batch, np.zeros((step - count, *batch.shape[1:]), batch.dtype)])
            results.append(self._session.run([self._output], {self._input_name: batch})[0][:count])
        return np.concatenate(results).astype(np.float32, copy=False)

    def _read_input(self) -> tuple[int | None, tuple[int, int]]:
        """The batch size that the file fixes, if it does, and (height, width) of the input."""
        inputs = self._session.get_inputs()
        if (
            len(inputs) != 1
            or inputs[0].type != "tensor(float)"
            or len(inputs[0].shape) != 4
            or (_fixed(inputs[0].shape[1]) not in (None, 3))
        ):
            found = ", ".join(f"{entry.name} {entry.type} {entry.shape}" for entry in inputs)
            raise ParserError(f"{self._shown} takes {found}; expected one input (N, 3, h, w) of 32-bit floats.")
        self._input_name = inputs[0].name
        batch, _, *sides = (_fixed(side) for side in inputs[0].shape)
        height, width = (_SCHP_SIDES[self.system.name] if side is None else side for side in sides)
        size = self._form.size or (height, width)
        if any(side not in (None, asked) for side, asked in zip(sides, size, strict=True)):
            raise ParserError(
                f"{self._shown} takes inputs of {sides[0]} x {sides[1]} (height x width), but {size[0]} x {size[1]} "
                "was asked for; leave the size out."
            )
        return batch, size

    def _choose_output(self, wanted: str | None) -> str:
        """Runs the model once, on black, since an export need not say what its outputs look like."""
        names = [output.name for output in self._session.get_outputs()]
        black = np.zeros((self._batch or 1, 3, *self._size), dtype=np.float32)
        try:
            results = self._session.run(names, {self._input_name: black})
        except Exception as error:
            raise ParserError(
                f"{self._shown} does not run on inputs of {self._size[0]} x {self._size[1]} (height x width: {error}). "
                "Give the size that it was exported for."
            ) from error
        shapes = {name: np.shape(result) for name, result in zip(names, results, strict=True)}
        fitting = [name for name, shape in shapes.items() if len(shape) == 4 and shape[1] == len(self.system)]
        if wanted is not None:
            fitting = [name for name in fitting if name == wanted]
        if not fitting:
            found = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
            raise ParserError(
                f"{self._shown} yields {found}; expected logits (N, {len(self.system)}, h, w)"
                f"{'' if wanted is None else f' named {wanted!r}'}, a channel for each label of system "
                f"{self.system.name!r}. Name the label system that the model was trained in."
            )
        return fitting[-1]


def _providers(runtime: ModuleType, device: str | None) -> list[Any]:
    """onnxruntime's execution providers for a device of PyTorch's name."""
    has_cuda = "CUDAExecutionProvider" in runtime.get_available_providers()
    if device is None:
        return ["CUDAExecutionProvider", "CPUExecutionProvider"] if has_cuda else ["CPUExecutionProvider"]
    found = torch_device(device)
    if found.type != "cuda":
        return ["CPUExecutionProvider"]
    if not has_cuda:
        raise ParserError(
            f"device {device!r}, but this onnxruntime has no CUDA; use cpu, or: pip uninstall onnxruntime && pip "
            "install onnxruntime-gpu"
        )
    return [("CUDAExecutionProvider", {"device_id": found.index or 0}), "CPUExecutionProvider"]


def _fixed(side: int | str | None) -> int | None:
    """A side of an ONNX shape, None where the file leaves it open (it then has a name, or none)."""
    return side if isinstance(side, int) else None


def _fit(size: tuple[int, int], canvas: tuple[int, int]) -> tuple[int, int, int, int]:
    """Where an image of (width, height) lies on a canvas of (height, width): left, top, width, height in pixels."""
    scale = min(canvas[1] / size[0], canvas[0] / size[1])
    width, height = (max(1, round(side * scale)) for side in size)
    return (canvas[1] - width) // 2, (canvas[0] - height) // 2, width, height
