"""Descriptors of photos, for serving and searching.

from ifd.feature_extractor import FeatureExtractor
extractor = FeatureExtractor("configs/IFD_R50.yml", "model_final.pth", parser="path/to/a/segformer")
descriptors = extractor(["photo.jpg", "another.png"])

An exported model (``tools/export.py``) takes the place of both: FeatureExtractor(None, "model.onnx"). It needs neither
fast-reid nor PyTorch, but for a parser; photos bring their maps then, unless the model was exported for RGB alone.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
from PIL import Image

from datasets_ext import (
    ImageAndMap,
    ImageForm,
    MapForm,
    as_labels,
    as_rgb,
    check_labels,
    clothing_mask,
    label_system,
)
from datasets_ext.errors import CheckpointError
from datasets_ext.files import shown
from exported_model import Outputs

from .describers import Describer, ExportedDescriber, MaskMissing

if TYPE_CHECKING:
    import torch
    from fastreid.config import CfgNode

    from people_parsing import Parser

Item: TypeAlias = ImageForm | ImageAndMap[ImageForm, MapForm | None]
"""What one descriptor is of: an image, alone or with its parsing map."""

_ONE = (str, os.PathLike, Image.Image, np.ndarray, ImageAndMap)


class _Ready(NamedTuple):
    """An item as the model takes it.

    Attributes:
        name: what an error calls it.
        inputs: (4, H, W) float32, or (3, H, W) without a mask.
    """

    name: str
    inputs: np.ndarray


class _ToParse(NamedTuple):
    """An item whose map is to be made.

    Attributes:
        name: what an error calls it.
        image: upright RGB.
        inputs: of the parser.
    """

    name: str
    image: Image.Image
    inputs: torch.Tensor


class Inspection(NamedTuple):
    """What a model makes of one photo, for people to look at.

    Attributes:
        descriptor: (D,) float32, as of a call.
        mask: (height, width) bool of the upright photo's size, the clothing; None where there is no map.
        attention_map: (h, w) float32 in 0 to 1, W_I; None where the model has none.
    """

    descriptor: np.ndarray
    mask: np.ndarray | None
    attention_map: np.ndarray | None


class FeatureExtractor:
    """Gives photos the descriptors that the evaluation gives them: same size, same flip test, same model.

    Args:
        config: path of the trained model's config file, or the config itself; None for an ``.onnx``.
        weights: its checkpoint; or the model as ``tools/export.py`` exports it, an ``.onnx``, which is its own config.
        parser: makes the maps of photos that come without: a :class:`people_parsing.Parser`, or what
            :func:`people_parsing.load_parser` takes. Not needed where every photo brings its map, or the model needs
            none. It needs PyTorch.
        device: cpu, cuda or cuda:<n> in place of MODEL.DEVICE, or of what onnxruntime has.
        batch_size: photos per step of the model.
        workers: threads that read and transform photos ahead of the model.

    Raises:
        CheckpointError: the weights cannot be loaded, or are of another model; an ``.onnx`` with a config, or weights
            without one.
        ParserError: the parser cannot be loaded.
        ValueError: ``batch_size`` or ``workers`` is below 1; an unknown label system or clothing label.
    """

    def __init__(
        self,
        config: str | os.PathLike[str] | CfgNode | None,
        weights: str | os.PathLike[str],
        parser: Parser | str | os.PathLike[str] | None = None,
        *,
        device: str | None = None,
        batch_size: int = 64,
        workers: int = 4,
    ):
        if min(batch_size, workers) < 1:
            raise ValueError(f"batch size {batch_size}, workers {workers}: expected at least 1 each")
        self._batch_size = batch_size
        self._workers = workers
        self._model: Describer = _as_describer(config, weights, device)
        if isinstance(parser, (str, os.PathLike)):
            from people_parsing import load_parser

            parser = load_parser(os.fspath(parser), device=self._model.device)
        self._parser = parser if self._model.takes_masks else None
        self._parsed_clothing = () if self._parser is None else self._model.clothing(self._parser.system)

    def __call__(self, items: Item | Iterable[Item], parsing: MapForm | None = None) -> np.ndarray:
        """Descriptors of one photo or of many.

        Args:
            items: a photo, as a path, a PIL image of any mode, or an array (H, W), (H, W, 1), (H, W, 3) RGB or
                (H, W, 4) RGBA of uint8 or uint16; an :class:`ImageAndMap` of a photo and its parsing map; or an
                iterable of such, of any length. EXIF orientation is applied, 16 bits are scaled to 8, alpha is dropped.
                A map is a path of a PNG, (H, W) integers or a PIL image of mode L or P, of the upright image's size, in
                label system IFD.PARSING.SYSTEM; where there is none, the parser makes it.
            parsing: the map of a single photo that is no ImageAndMap.

        Returns:
            (D,) float32 for one photo, (N, D) for an iterable of N, in order; rows of length 1 where TEST.METRIC is
            cosine, so that a product of two is their similarity, and as the model gives them otherwise, as in the
            evaluation. Of an empty iterable (0, 0).

        Raises:
            ImageFileError: a photo cannot be read.
            ParsingMapError: a map cannot be read, or fits neither its photo nor the label system.
            TypeError: an item of another kind.
            ValueError: an array of another shape, or neither map nor parser where the model needs one. All of them name
                the item: the path, or its position from 0.
        """
        if isinstance(items, _ONE):
            one = items if parsing is None else ImageAndMap(items, parsing)
            return next(self._rows(iter([("given", one)])))
        if parsing is not None:
            raise TypeError("parsing is the map of a single photo; give many as ImageAndMap(image, map) each")
        rows = list(self.stream(items))
        return np.stack(rows) if rows else np.zeros((0, 0), dtype=np.float32)

    def stream(self, items: Iterable[Item]) -> Iterator[np.ndarray]:
        """Descriptors one by one, with three batches of photos in memory at most, however many there are.

        Args:
            items: as of a call.

        Yields:
            (D,) float32 of each, in order.

        Raises:
            TypeError: this is no iterable of photos; else as of a call, when the item's turn has come.
        """
        if isinstance(items, _ONE) or not isinstance(items, Iterable):
            raise TypeError(f"expected an iterable of photos, found {type(items).__name__}")
        return self._rows((f"at position {position}", item) for position, item in enumerate(items))

    @property
    def network(self) -> torch.nn.Module:
        """The checkpoint's network, in evaluation mode.

        Raises:
            AttributeError: of an ``.onnx``, which has none.
        """
        found: torch.nn.Module | None = getattr(self._model, "network", None)
        if found is None:
            raise AttributeError("an exported model has no network of PyTorch")
        return found

    def inspect(self, item: Item, parsing: MapForm | None = None) -> Inspection:
        """What the model makes of one photo: descriptor, clothing mask and attention map.

        Args:
            item: a photo, as of a call.
            parsing: its map, where the item is no ImageAndMap.

        Raises:
            ImageFileError, ParsingMapError, TypeError, ValueError: as of a call.
        """
        form, labels = (item.image, item.map) if isinstance(item, ImageAndMap) else (item, parsing)
        name = shown(form) if isinstance(form, (str, os.PathLike)) else "given"
        image = as_rgb(form, name)
        mask: np.ndarray | None = None
        if labels is not None and self._model.takes_masks:
            mask = self._mask(name, image, labels)
        elif self._parser is not None:
            (parsed,) = self._parser.parse_prepared([self._parser.prepare(image)], [image.size])
            mask = clothing_mask(parsed, self._parsed_clothing)
        found = self._described(self._inputs(image, mask)[None], name)
        return Inspection(
            found.vectors[0],
            None if mask is None else mask != 0,
            None if found.attention is None else found.attention[0],
        )

    def _inputs(self, image: Image.Image, mask: np.ndarray | None) -> np.ndarray:
        if mask is not None:
            return self._model.inputs(image, mask)
        # A mask of zeros goes through the transforms and is left out after them.
        return self._model.inputs(image, np.zeros(image.size[::-1], np.uint8))[:3]

    def _rows(self, named: Iterator[tuple[str, Any]]) -> Iterator[np.ndarray]:
        with ThreadPoolExecutor(self._workers) as pool:
            ahead: deque[Future[_Ready | _ToParse]] = deque()
            refused: Exception | None = None
            try:
                while refused is None:
                    missing = 2 * self._batch_size - len(ahead)
                    ahead.extend(pool.submit(self._prepare, *entry) for entry in islice(named, missing))
                    if not ahead:
                        return
                    batch: list[_Ready | _ToParse] = []
                    while ahead and len(batch) < self._batch_size and refused is None:
                        try:
                            batch.append(ahead.popleft().result())
                        except Exception as error:
                            # Those before it have their turn first.
                            refused = error
                    yield from self._describe(self._with_maps(batch, pool))
                raise refused
            finally:
                # After an error, or where the caller stops, what was read ahead is for nobody.
                for future in ahead:
                    future.cancel()

    def _prepare(self, name: str, item: Any) -> _Ready | _ToParse:
        """Reads an item and, unless its map is to be made, turns it into the model's input."""
        form, labels = (item.image, item.map) if isinstance(item, ImageAndMap) else (item, None)
        if isinstance(form, (str, os.PathLike)):
            name = shown(form)
        image = as_rgb(form, name)
        if labels is not None and self._model.takes_masks:
            return _Ready(name, self._inputs(image, self._mask(name, image, labels)))
        if self._parser is not None:
            return _ToParse(name, image, self._parser.prepare(image))
        return _Ready(name, self._inputs(image, None))

    def _mask(self, name: str, image: Image.Image, labels: MapForm) -> np.ndarray:
        system = self._model.system
        if system is None:
            raise ValueError(
                f"The parsing map of image {name} comes alone, and IFD.PARSING.SYSTEM is auto, which takes the word of "
                "a tree of maps: set it to the label system of the map"
            )
        map_name = shown(labels) if isinstance(labels, (str, os.PathLike)) else f"of image {name}"
        found = as_labels(labels, map_name)
        check_labels(found, image.size, system, map_name, f"image {name}")
        return clothing_mask(found, self._model.clothing(label_system(system)))

    def _with_maps(self, batch: list[_Ready | _ToParse], pool: ThreadPoolExecutor) -> list[_Ready]:
        """A batch with the maps that it lacked, made by the parser in one go."""
        lacking = [one for one in batch if isinstance(one, _ToParse)]
        maps: list[np.ndarray] = []
        if lacking and self._parser is not None:
            maps = self._parser.parse_prepared([one.inputs for one in lacking], [one.image.size for one in lacking])

        def finish(one: _ToParse, labels: np.ndarray) -> _Ready:
            return _Ready(one.name, self._inputs(one.image, clothing_mask(labels, self._parsed_clothing)))

        made = pool.map(finish, lacking, maps)
        return [one if isinstance(one, _Ready) else next(made) for one in batch]

    def _describe(self, batch: list[_Ready]) -> list[np.ndarray]:
        shapes: dict[tuple[int, ...], list[int]] = {}
        for position, one in enumerate(batch):
            shapes.setdefault(one.inputs.shape, []).append(position)
        rows: dict[int, np.ndarray] = {}
        for positions in shapes.values():
            inputs = np.stack([batch[position].inputs for position in positions])
            features = self._described(inputs, batch[positions[0]].name).vectors
            rows.update(zip(positions, features, strict=True))
        return [rows[position] for position in range(len(batch))]

    def _described(self, inputs: np.ndarray, name: str) -> Outputs:
        try:
            return self._model.describe(inputs)
        except MaskMissing as error:
            raise ValueError(
                f"This model needs a photo's clothing mask, but for image {name} neither a map nor a parser was "
                "given: give ImageAndMap(image, map), or make the extractor with parser=..."
            ) from error


def _as_describer(
    config: str | os.PathLike[str] | CfgNode | None, weights: str | os.PathLike[str], device: str | None
) -> Describer:
    """The model of a checkpoint, or of an ``.onnx``; arguments and errors as of :class:`FeatureExtractor`."""
    path = os.fspath(weights)
    if path.lower().endswith(".onnx"):
        if config is not None:
            raise CheckpointError(f"{path} holds its own config, and another was given: give None in its place")
        return ExportedDescriber(path, device)
    if config is None:
        raise CheckpointError(f"{path} is no .onnx, which would hold its own config: give the config that it is of")
    from .trained_describer import trained_describer

    return trained_describer(config, path, device)
