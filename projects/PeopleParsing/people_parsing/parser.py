"""What every parser is: the model's input from an image, labels from the model's output."""

import importlib
from types import ModuleType

import numpy as np
import torch
from PIL import Image

from datasets_ext import LabelSystem, UserError


class ParserError(UserError, RuntimeError):
    """A parsing model that cannot be loaded, is not installed for, or speaks another label system."""


class Parser:
    """Human parsing of RGB images. A subclass sets ``system`` and gives ``prepare`` and ``parse``.

    system: LabelSystem that the maps are in.
    """

    system: LabelSystem

    def prepare(self, image: Image.Image) -> torch.Tensor:
        """The model's input for one RGB image: (3, h, w) float32. Called from several threads."""
        raise NotImplementedError

    def parse(self, inputs: torch.Tensor, sizes: list[tuple[int, int]]) -> list[np.ndarray]:
        """Labels of a batch.

        Args:
            inputs: (N, 3, h, w) float32, stacked results of ``prepare``.
            sizes: (width, height) of each image, as in PIL.

        Returns:
            N maps (height, width) uint8, values in [0, len(system)).
        """
        raise NotImplementedError

    def __call__(self, image: Image.Image) -> np.ndarray:
        """(height, width) uint8 labels of one RGB image."""
        return self.parse(self.prepare(image)[None], [image.size])[0]


def require_package(name: str, extra: str, purpose: str) -> ModuleType:
    """Imports a package that only some users need.

    Raises:
        ParserError: it is not installed; says what to install.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ParserError(
            f"{purpose} needs the package {name}, which cannot be imported ({error}). Install it: "
            f'pip install {name}, or, in a clone of this project, pip install ".[{extra}]"'
        ) from error


def torch_device(device: str | None) -> torch.device:
    """The device of a name; None means CUDA where there is one, else the CPU.

    Raises:
        ParserError: no such device.
    """
    if device is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        found = torch.device(device)
    except RuntimeError as error:
        raise ParserError(f"device {device!r} is none of PyTorch's; expected cpu, cuda or cuda:<n>") from error
    if found.type == "cuda" and not torch.cuda.is_available():
        raise ParserError(f"device {device!r}, but PyTorch finds no CUDA here; use cpu, or leave the device out")
    return found
