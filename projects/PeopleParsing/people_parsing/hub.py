"""Parsers of the ``transformers`` library, from the model hub or a local folder."""

import os

import numpy as np
import torch
from PIL import Image

from datasets_ext import match_label_system

from .parser import Parser, ParserError, require_package, torch_device
from .upsampling import by_size, upsampled_labels

# Steps of an image processor after which its result no longer shows the whole image, or shows more.
_REFRAMING = ("do_center_crop", "do_pad")


class HubParser(Parser):
    """A semantic segmentation model of ``transformers`` whose ``id2label`` names the labels of one of our systems.

    The labels may stand in any order; they are matched by name. SegFormer models for clothes have ATR's.

    Args:
        name: local folder that ``save_pretrained`` wrote (model and image processor), or a name on huggingface.co.
        device: cpu, cuda or cuda:<n>; None: CUDA where there is one.
        system: name of the only label system that will do; None: any.

    Raises:
        ParserError: ``transformers`` is missing, the model cannot be loaded or is incomplete, or its labels are not
            those of a label system (the message lists what is unknown).
    """

    def __init__(self, name: str, *, device: str | None = None, system: str | None = None):
        name = os.path.expanduser(os.fspath(name))
        self.device = torch_device(device)
        transformers = require_package("transformers", "parse", f"Parsing with {name}")
        if not os.path.isdir(name) and (os.path.isabs(name) or name.startswith(".")):
            raise ParserError(f"There is no folder {name}. {_WHAT_TO_NAME}")
        try:
            self._processor = transformers.AutoImageProcessor.from_pretrained(name)
            model, report = transformers.AutoModelForSemanticSegmentation.from_pretrained(
                name, output_loading_info=True
            )
        except (OSError, ValueError, ImportError, RuntimeError) as error:
            raise ParserError(f"Parsing model {name} cannot be loaded ({error}). {_WHAT_TO_NAME}") from error
        if report["missing_keys"]:
            missing = sorted(report["missing_keys"])
            raise ParserError(
                f"Model {name} lacks {len(missing)} weights of a {type(model).__name__}, the first {missing[0]}; "
                f"it was trained for something else, and its maps would be random. {_WHAT_TO_NAME}"
            )
        labels = model.config.id2label
        try:
            self.system, table = match_label_system([labels[value] for value in sorted(labels, key=int)], system)
        except ValueError as error:
            raise ParserError(f"Parsing model {name} does not speak a label system of this project. {error}") from error
        self._table = torch.from_numpy(table).to(self.device)
        self._options = {step: False for step in _REFRAMING if getattr(self._processor, step, False)}
        self._model = model.float().eval().to(self.device)

    def prepare(self, image: Image.Image) -> torch.Tensor:
        return self._processor(images=image, return_tensors="pt", **self._options)["pixel_values"][0]

    @torch.no_grad()
    def parse(self, inputs: torch.Tensor, sizes: list[tuple[int, int]]) -> list[np.ndarray]:
        logits = self._model(pixel_values=inputs.to(self.device)).logits
        maps: list = [None] * len(sizes)
        for size, positions in by_size(sizes).items():
            labels = self._table[upsampled_labels(logits[positions], size).long()].cpu().numpy()
            for position, labels_of_image in zip(positions, labels, strict=True):
                maps[position] = labels_of_image
        return maps


_WHAT_TO_NAME = (
    "Name a folder with config.json, preprocessor_config.json and model.safetensors, as save_pretrained writes, or "
    "a semantic segmentation model on huggingface.co, with a connection to it."
)
