"""Descriptors of single photos, for serving.

from ifd.feature_extractor import FeatureExtractor
extractor = FeatureExtractor("configs/IFD_R50.yml", "model_final.pth", parser="path/to/a/segformer")
descriptor = extractor("photo.jpg")
"""

import os

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

from datasets_ext import (
    ParsingMapError,
    check_labels,
    clothing_ids,
    clothing_mask,
    read_label_png,
    read_rgb,
    scale_16_bit,
    to_rgb,
)
from people_parsing import Parser, load_parser

from .data import build_masked_transforms
from .engine import load_config, load_trained_model


class FeatureExtractor:
    """Gives the descriptor of a photo that the evaluation gives for it: same size, same flip test, same model.

    Args:
        config: path of the trained model's config file, or the config itself.
        weights: its checkpoint.
        parser: makes the maps of photos that come without: a :class:`people_parsing.Parser`, or what
            :func:`people_parsing.load_parser` takes. Not needed where every photo brings its map, or the model needs
            none.

    Calling it:
        image: path, PIL image of any mode, or array (H, W), (H, W, 1), (H, W, 3) RGB or (H, W, 4) RGBA of uint8 or
            uint16. EXIF orientation is applied, 16 bits are scaled to 8, alpha is dropped.
        parsing: the photo's parsing map in label system IFD.PARSING.SYSTEM: path of a PNG, (H, W) integer array, or PIL
            image of mode L or P; of the upright image's size. None: the parser makes it.
        result: (D,) float32 array; of length 1 where TEST.METRIC is cosine, so that the product of two is their
            similarity; as the model gives it otherwise.

    Raises:
        CheckpointError, ParserError: weights or parser cannot be loaded.
        ImageFileError, ParsingMapError: a file cannot be read, or a map does not fit its image or label system.
        TypeError, ValueError: an image or map of another kind or shape; neither map nor parser where one is needed.
    """

    def __init__(self, config, weights: str, parser: Parser | str | None = None):
        cfg = load_config(os.fspath(config)) if isinstance(config, (str, os.PathLike)) else config
        self._model = load_trained_model(cfg, os.fspath(weights))
        self._transform = build_masked_transforms(cfg, is_train=False)
        if isinstance(parser, (str, os.PathLike)):
            parser = load_parser(os.fspath(parser), device=cfg.MODEL.DEVICE)
        self._parser = parser
        self._system = cfg.IFD.PARSING.SYSTEM
        names = list(cfg.IFD.PARSING.CLOTHING) or None
        self._clothing = clothing_ids(self._system, names)
        self._parsed_clothing = None if parser is None else clothing_ids(parser.system, names)
        self._flip = cfg.TEST.FLIP.ENABLED
        self._normalized = cfg.TEST.METRIC == "cosine"

    @torch.no_grad()
    def __call__(self, image, parsing=None) -> np.ndarray:
        image = _rgb(image)
        mask = self._mask(image, parsing)
        # Where there is no map, a mask of zeros goes through the transforms and is left out after them.
        inputs = self._transform(image, np.zeros(image.size[::-1], np.uint8) if mask is None else mask)[None]
        if mask is None:
            inputs = inputs[:, :3]
        try:
            features = self._model({"images": inputs})
        except ValueError as error:
            if mask is not None:
                raise
            raise ValueError(
                "This model needs the photo's clothing mask, but neither a map nor a parser was given: call the "
                "extractor with parsing=..., or make it with parser=..."
            ) from error
        if self._flip:
            features = (features + self._model({"images": inputs.flip(dims=[3])})) / 2
        features = features.float()
        if self._normalized:
            features = F.normalize(features)
        return features[0].cpu().numpy()

    def _mask(self, image: Image.Image, parsing) -> np.ndarray | None:
        if parsing is not None:
            labels, name = _labels(parsing)
            check_labels(labels, image.size, self._system, name)
            return clothing_mask(labels, self._clothing)
        if self._parser is None:
            return None
        return clothing_mask(self._parser(image), self._parsed_clothing)


def _rgb(image) -> Image.Image:
    """The upright RGB image of a path, a PIL image or an array."""
    if isinstance(image, (str, os.PathLike)):
        return read_rgb(image)
    if isinstance(image, Image.Image):
        return to_rgb(image)
    if not isinstance(image, np.ndarray):
        raise TypeError(f"expected a path, a PIL image or a NumPy array, found {type(image).__name__}")
    if image.dtype not in (np.uint8, np.uint16):
        raise TypeError(
            f"an image array of dtype {image.dtype}, whose white is not known; expected uint8 in 0 to 255 "
            "or uint16 in 0 to 65535"
        )
    channels = image.shape[2] if image.ndim == 3 else 1
    if image.ndim not in (2, 3) or channels not in (1, 3, 4) or 0 in image.shape:
        raise ValueError(f"an image array of shape {image.shape}; expected (H, W), (H, W, 1), (H, W, 3) or (H, W, 4)")
    if image.dtype == np.uint16:
        image = scale_16_bit(image)
    pixels = image.reshape(*image.shape[:2], channels)[..., :3]
    return Image.fromarray(np.ascontiguousarray(np.broadcast_to(pixels, (*image.shape[:2], 3))))


def _labels(parsing) -> tuple[np.ndarray, str]:
    """(H, W) integer labels of a path, an array or a PIL image, and what an error calls them."""
    if isinstance(parsing, (str, os.PathLike)):
        return read_label_png(os.fspath(parsing)), os.fspath(parsing)
    if isinstance(parsing, Image.Image):
        if parsing.mode not in ("L", "P"):
            raise ParsingMapError(
                f"A parsing map of mode {parsing.mode}; expected one byte per pixel, L or P, the labels themselves."
            )
        parsing = np.array(parsing)
    if not isinstance(parsing, np.ndarray):
        raise TypeError(f"expected a parsing map as path, array or PIL image, found {type(parsing).__name__}")
    if parsing.ndim != 2 or not np.issubdtype(parsing.dtype, np.integer):
        raise ParsingMapError(
            f"A parsing map of shape {parsing.shape} and dtype {parsing.dtype}; expected (H, W) integers, the labels."
        )
    return parsing, "given"
