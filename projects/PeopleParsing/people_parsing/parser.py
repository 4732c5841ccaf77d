"""What every parser is: the model's input from an image, labels from the model's output."""

import hashlib
import importlib
import os
from collections.abc import Sequence
from types import ModuleType

import numpy as np
import torch
from PIL import Image

from datasets_ext import LabelSystem, UserError
from datasets_ext.files import shown


class ParserError(UserError, RuntimeError):
    """A parsing model that cannot be loaded, is not installed for, or speaks another label system."""


class Parser:
    """Human parsing of RGB images. A subclass sets ``system`` and gives ``prepare`` and ``parse``.

    Attributes:
        system: label system that the maps are in.
    """

    system: LabelSystem

    @property
    def name(self) -> str:
        """What tells this model from others; the record of a tree of maps has it."""
        return type(self).__name__

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

    def parse_prepared(self, inputs: Sequence[torch.Tensor], sizes: Sequence[tuple[int, int]]) -> list[np.ndarray]:
        """Labels of images whose inputs may be of different shapes, which some image processors give.

        Args:
            inputs: results of ``prepare``.
            sizes: (width, height) of each image.

        Returns:
            a map (height, width) uint8 for each, in order; those of one shape took one step of the model.
        """
        shapes: dict[torch.Size, list[int]] = {}
        for position, tensor in enumerate(inputs):
            shapes.setdefault(tensor.shape, []).append(position)
        maps: dict[int, np.ndarray] = {}
        for positions in shapes.values():
            stacked = torch.stack([inputs[position] for position in positions])
            maps.update(zip(positions, self.parse(stacked, [sizes[position] for position in positions]), strict=True))
        return [maps[position] for position in range(len(inputs))]

    def __call__(self, image: Image.Image) -> np.ndarray:
        """(height, width) uint8 labels of one RGB image."""
        return self.parse(self.prepare(image)[None], [image.size])[0]


def require_package(name: str, extra: str, purpose: str) -> ModuleType:
    """Imports a package that only some users need.

    Args:
        name: of the package.
        extra: of this project, that brings it.
        purpose: what it is needed for.

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
    if found.type == "cuda" and found.index is not None and found.index >= torch.cuda.device_count():
        raise ParserError(f"device {device!r}, but PyTorch finds {torch.cuda.device_count()} here")
    if found.type not in ("cpu", "cuda"):
        raise ParserError(f"device {device!r}; expected cpu, cuda or cuda:<n>")
    return found


def name_of_files(path: str, files: Sequence[str]) -> str:
    """What tells a model on disk from others, wherever it lies: its name and a digest of its files.

    Args:
        path: of the model.
        files: that it consists of.
    """
    digest = hashlib.sha256()
    for file_path in sorted(files):
        with open(file_path, "rb") as file:
            while part := file.read(2**20):
                digest.update(part)
    return f"{shown(os.path.basename(os.path.abspath(path)))} (sha256 {digest.hexdigest()[:16]})"
