"""Parsers of the ``transformers`` library, from the model hub or a local folder."""

import functools
import os
from typing import Any

import numpy as np
import torch
from PIL import Image

from datasets_ext import match_label_system
from datasets_ext.files import shown

from .parser import Parser, ParserError, name_of_files, require_package, torch_device
from .upsampling import by_size, upsampled_labels

# Steps of an image processor after which its result no longer shows the whole image, or shows more.
_REFRAMING = ("do_center_crop", "do_pad")

_WHAT_TO_NAME = (
    "Name a folder with config.json, preprocessor_config.json and model.safetensors, as save_pretrained writes, or "
    "a semantic segmentation model on huggingface.co, with a connection to it."
)

# A model's folder and what is loaded from it cannot run code: no pickles, no Python files beside the weights.
_HARMLESS: dict[str, Any] = {"trust_remote_code": False}


class HubParser(Parser):
    """A semantic segmentation model of ``transformers`` whose ``id2label`` names the labels of one of our systems.

    The labels may stand in any order; they are matched by name. SegFormer models for clothes have ATR's. Weights are
    read from safetensors alone: a pickle, such as pytorch_model.bin, could run code.

    Args:
        name: local folder that ``save_pretrained`` wrote (model and image processor), or a name on huggingface.co.
        device: cpu, cuda or cuda:<n>; None: CUDA where there is one.
        system: name of the only label system that will do; None: any.

    Raises:
        ParserError: ``transformers`` is missing, the model cannot be loaded, is incomplete, has no safetensors or needs
            code of its own, or its labels are not those of a label system (the message lists what is unknown).
    """

    def __init__(self, name: str, *, device: str | None = None, system: str | None = None):
        name = os.path.expanduser(os.fspath(name))
        self._path = name
        self.device = torch_device(device)
        transformers = require_package("transformers", "parse", f"Parsing with {shown(name)}")
        _check_local(name)
        try:
            self._processor = transformers.AutoImageProcessor.from_pretrained(name, **_HARMLESS)
            model, report = transformers.AutoModelForSemanticSegmentation.from_pretrained(
                name, use_safetensors=True, output_loading_info=True, **_HARMLESS
            )
        except Exception as error:
            # Files that someone else wrote, read by libraries that raise whatever they come upon.
            raise ParserError(
                f"Parsing model {shown(name)} cannot be loaded ({_first_line(error)}). {_WHAT_TO_NAME}"
            ) from error
        if report["missing_keys"]:
            missing = sorted(report["missing_keys"])
            raise ParserError(
                f"Model {shown(name)} lacks {len(missing)} weights of a {type(model).__name__}, the first "
                f"{missing[0]}; it was trained for something else, and its maps would be random. {_WHAT_TO_NAME}"
            )
        labels = model.config.id2label
        try:
            self.system, table = match_label_system([labels[value] for value in sorted(labels, key=int)], system)
        except ValueError as error:
            raise ParserError(
                f"Parsing model {shown(name)} does not speak a label system of this project. {error}"
            ) from error
        self._table = torch.from_numpy(table).to(self.device)
        self._options = {step: False for step in _REFRAMING if getattr(self._processor, step, False)}
        self._model = model.float().eval().to(self.device)

    @functools.cached_property
    def name(self) -> str:
        if not os.path.isdir(self._path):
            return self._path
        files = [entry.path for entry in os.scandir(self._path) if entry.name.endswith((".json", ".safetensors"))]
        return name_of_files(self._path, files)

    def prepare(self, image: Image.Image) -> torch.Tensor:
        return self._processor(images=image, return_tensors="pt", **self._options)["pixel_values"][0]

    @torch.no_grad()
    def parse(self, inputs: torch.Tensor, sizes: list[tuple[int, int]]) -> list[np.ndarray]:
        logits = self._model(pixel_values=inputs.to(self.device)).logits
        maps: dict[int, np.ndarray] = {}
        for size, positions in by_size(sizes).items():
            labels = self._table[upsampled_labels(logits[positions], size).long()].cpu().numpy()
            maps.update(zip(positions, labels, strict=True))
        return [maps[position] for position in range(len(sizes))]


def _check_local(name: str) -> None:
    if not os.path.isdir(name):
        if os.path.lexists(name) or os.path.isabs(name) or name.startswith("."):
            raise ParserError(f"There is no folder {shown(name)}. {_WHAT_TO_NAME}")
        return
    for entry in os.scandir(name):
        # Opening a named pipe would wait for ever.
        if not entry.is_file() and not entry.is_dir():
            raise ParserError(f"{shown(entry.path)}, in the folder of a model, is no file. {_WHAT_TO_NAME}")


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
