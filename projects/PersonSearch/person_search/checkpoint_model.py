"""A checkpoint of IFD as a model of person_search: needs ifd, the host and PyTorch."""

import contextlib
import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from .decisions import beside
from .errors import ModelFileError, require_package
from .photos import check_map
from .seeing import Seen


class CheckpointModel:
    """The :class:`~person_search.model.Model` in a checkpoint, through ``ifd.feature_extractor.FeatureExtractor``.

    Args:
        path: of the checkpoint.
        config: its config file; None: ``config.yaml`` beside it, where training wrote it.
        device: cpu, cuda or cuda:<n>; None: what the config says, CUDA where there is one.

    Attributes:
        path: of the checkpoint.
        dim, fingerprint, needs_maps, decisions: see ``Model``.
        label_system: see ``Model``; None too where the config says auto, and then each map's own must be said.

    Raises:
        ModelFileError: there is no config.
        MissingPackageError: ifd cannot be imported.
        datasets_ext.UserError: what ifd says of a checkpoint or config that does not fit.
    """

    def __init__(self, path: str | os.PathLike[str], *, config: str | None = None, device: str | None = None):
        self.path = os.fspath(path)
        config = config or os.path.join(os.path.dirname(self.path), "config.yaml")
        if not os.path.isfile(config):
            raise ModelFileError(f"Checkpoint {self.path} needs its config, and {config} is none: name it.")
        module = require_package("ifd.feature_extractor", "parse", f"Checkpoint {self.path}")
        fingerprint = require_package("ifd.fingerprint", "parse", f"Checkpoint {self.path}")
        engine = require_package("ifd.engine", "parse", f"Checkpoint {self.path}")
        datasets_ext = require_package("datasets_ext", "parse", f"Checkpoint {self.path}")
        cfg = engine.load_config(config, [] if device is None else ["MODEL.DEVICE", device])
        self.fingerprint = fingerprint.checkpoint_fingerprint(cfg, self.path)
        clothing = list(cfg.IFD.PARSING.CLOTHING) or None
        told = None
        if datasets_ext.is_auto(cfg.IFD.PARSING.SYSTEM):
            # In training each tree of maps said its own. The extractor, which reads none, needs one to be spoken to in.
            cfg.IFD.PARSING.SYSTEM = _first_system(clothing)
        else:
            told = datasets_ext.label_system(cfg.IFD.PARSING.SYSTEM).name
        self._extract = module.FeatureExtractor(cfg, self.path)
        self._pair = datasets_ext.ImageAndMap
        self._masks = _Masks(str(cfg.IFD.PARSING.SYSTEM), clothing)
        grey = Image.new("RGB", (32, 64), (127, 127, 127))
        try:
            found = self._extract(grey)
            self.needs_maps = False
        except ValueError:
            found = self._extract(grey, np.zeros((64, 32), np.uint8))
            self.needs_maps = True
        self.dim = int(found.shape[-1])
        self.label_system = told if self.needs_maps else None
        self.decisions = beside(self.path, self.fingerprint)

    def __call__(
        self,
        images: Sequence[Image.Image],
        maps: Sequence[np.ndarray] | None = None,
        *,
        map_system: str | None = None,
    ) -> np.ndarray:
        if not images:
            return np.zeros((0, self.dim), np.float32)
        if not self.needs_maps:
            return _unit(self._extract(images))
        return _unit(self._extract(self._pairs(images, maps, map_system)))

    def look(self, image: Image.Image, labels: np.ndarray | None = None, *, map_system: str | None = None) -> Seen:
        item = image
        if self.needs_maps:
            (item,) = self._pairs([image], None if labels is None else [labels], map_system)
        found = self._extract.inspect(item)
        return Seen(_unit(found.descriptor[None])[0], found.mask, found.attention_map)

    def _pairs(
        self, images: Sequence[Image.Image], maps: Sequence[np.ndarray] | None, map_system: str | None
    ) -> list[Any]:
        system = map_system or self.label_system
        if maps is None or system is None:
            what = "the parsing map of each photo" if maps is None else "to know the label system of the maps"
            raise ModelFileError(
                f"Checkpoint {self.path} needs {what}. Name a folder of maps or a parser (--maps, --map-system, "
                "--parser)."
            )
        pairs = []
        for image, labels in zip(images, maps, strict=True):
            check_map(labels, image.size, "given")
            pairs.append(self._pair(image, self._masks(labels, system)))
        return pairs


class _Masks:
    """Maps in the extractor's label system with the same clothing as maps in any.

    Args:
        system: the extractor's.
        clothing: names of the clothing labels, None for those of each system.
    """

    def __init__(self, system: str, clothing: list[str] | None):
        self._system, self._clothing = system, clothing

    def __call__(self, labels: np.ndarray, system: str) -> np.ndarray:
        if system == self._system:
            return labels
        from datasets_ext import clothing_ids, clothing_mask

        try:
            mask = clothing_mask(labels, clothing_ids(system, self._clothing))
        except ValueError as error:
            raise ModelFileError(f"Parsing maps in label system {system!r} do not serve this model: {error}") from error
        masked: np.ndarray = mask * np.uint8(clothing_ids(self._system, self._clothing)[0])
        return masked


def _first_system(clothing: list[str] | None) -> str:
    """The first label system that has these clothing labels; the first of all where none has."""
    from datasets_ext import LABEL_SYSTEMS, clothing_ids

    for system in LABEL_SYSTEMS:
        with contextlib.suppress(ValueError):
            clothing_ids(system, clothing)
            return str(system)
    return str(next(iter(LABEL_SYSTEMS)))


def _unit(vectors: np.ndarray) -> np.ndarray:
    unit: np.ndarray = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return unit
