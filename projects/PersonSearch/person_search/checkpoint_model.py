"""A checkpoint of IFD as a model of person_search: needs ifd, the host and PyTorch."""

import hashlib
import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from .decisions import beside
from .errors import ModelFileError, require_package


class CheckpointModel:
    """The :class:`~person_search.model.Model` in a checkpoint, through ``ifd.feature_extractor.FeatureExtractor``.

    Args:
        path: of the checkpoint.
        config: its config file; None: ``config.yaml`` beside it, where training wrote it.
        device: cpu, cuda or cuda:<n>; None: what the config says, CUDA where there is one.

    Attributes:
        path: of the checkpoint.
        dim, fingerprint, needs_maps, label_system, decisions: see ``Model``.

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
        extractor = require_package("ifd.feature_extractor", "parse", f"Checkpoint {self.path}")
        engine = require_package("ifd.engine", "parse", f"Checkpoint {self.path}")
        cfg = engine.load_config(config, [] if device is None else ["MODEL.DEVICE", device])
        self._extract = extractor.FeatureExtractor(cfg, self.path)
        self._clothing = list(cfg.IFD.PARSING.CLOTHING) or None
        grey = Image.new("RGB", (32, 64), (127, 127, 127))
        try:
            found = self._extract(grey)
            self.needs_maps = False
        except ValueError:
            found = self._extract(grey, np.zeros((64, 32), np.uint8))
            self.needs_maps = True
        self.dim = int(found.shape[-1])
        self.label_system = str(cfg.IFD.PARSING.SYSTEM) if self.needs_maps else None
        self.fingerprint = checkpoint_fingerprint(cfg, self.path)
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
            return _unit(np.stack([self._extract(image) for image in images]))
        if maps is None:
            raise ModelFileError(
                f"Checkpoint {self.path} needs the parsing map of each photo, and none was given. Name a folder of "
                "maps or a parser."
            )
        own = [self._own_labels(labels, map_system) for labels in maps]
        return _unit(np.stack([self._extract(image, labels) for image, labels in zip(images, own, strict=True)]))

    def _own_labels(self, labels: np.ndarray, map_system: str | None) -> np.ndarray:
        """A map in the model's label system that has the same clothing as one in another."""
        if map_system is None or self.label_system in (None, map_system):
            return labels
        from datasets_ext import clothing_ids, clothing_mask

        mask = clothing_mask(labels, clothing_ids(map_system, self._clothing))
        return mask * np.uint8(clothing_ids(self.label_system, self._clothing)[0])


def checkpoint_fingerprint(cfg: Any, path: str | os.PathLike[str]) -> str:
    """A hash of all that a checkpoint's vectors follow from: its bytes, and the config's model and test settings.

    Args:
        cfg: the config that it is loaded with.
        path: of the checkpoint.

    Returns:
        64 hexadecimal digits.
    """
    settings = cfg.clone()
    settings.defrost()
    # Where the weights come from and where they run says nothing of the vectors.
    settings.MODEL.WEIGHTS = settings.MODEL.DEVICE = settings.MODEL.BACKBONE.PRETRAIN_PATH = ""
    settings.IFD.PARSING.ROOT = ""
    kept = (settings.MODEL, settings.INPUT.SIZE_TEST, settings.INPUT.CROP, settings.TEST.FLIP, settings.TEST.METRIC,
            settings.IFD.PARSING, settings.IFD.DESCRIPTOR, settings.IFD.NECK_ORDER, settings.IFD.MASK_FILL)  # fmt: skip
    digest = hashlib.sha256("\n".join(map(str, kept)).encode())
    with open(path, "rb") as file:
        while block := file.read(2**20):
            digest.update(block)
    return digest.hexdigest()


def _unit(vectors: np.ndarray) -> np.ndarray:
    unit: np.ndarray = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return unit
