"""A model in one ONNX file, for a machine that has numpy, Pillow and onnxruntime and nothing else."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
from PIL import Image

from exported_model import ExportedModel, ExportedModelError

from .decisions import Decisions, of_model
from .errors import DecisionsError, ModelFileError, require_package
from .photos import check_map
from .seeing import Seen


class OnnxModel:
    """The :class:`~person_search.model.Model` in an ONNX file, see ``exported_model``.

    Args:
        path: of the file.
        device: cpu, cuda or cuda:<n>; None: CUDA where onnxruntime has it.
        threads: that onnxruntime computes with; None: as many as it likes.

    Attributes:
        path: of the file.
        dim, fingerprint, needs_maps, label_system, decisions: see ``Model``.
        exported: the file's graph and metadata.

    Raises:
        ModelFileError: the file cannot be loaded, or its input, output or metadata is not of this form.
        MissingPackageError: onnxruntime is not installed.
    """

    def __init__(self, path: str | os.PathLike[str], *, device: str | None = None, threads: int | None = None):
        self.path = os.fspath(path)
        require_package("onnxruntime", "search", f"Model {self.path}")
        with _as_ours():
            self.exported = ExportedModel(self.path, device=device, threads=threads)
        self.needs_maps = self.exported.needs_masks
        self.label_system = self.exported.metadata.label_system if self.needs_maps else None
        self.dim, self.fingerprint = self.exported.dim, self.exported.fingerprint
        self.decisions = self._decisions_inside()

    def _decisions_inside(self) -> Decisions | None:
        text = self.exported.metadata.decisions
        try:
            return of_model(Decisions.from_json(text, self.path), self.fingerprint, self.path) if text else None
        except DecisionsError as error:
            raise ModelFileError(f"Model {self.path} has damaged metadata ({error}). Export it again.") from error

    def __call__(
        self,
        images: Sequence[Image.Image],
        maps: Sequence[np.ndarray] | None = None,
        *,
        map_system: str | None = None,
    ) -> np.ndarray:
        if not images:
            return np.zeros((0, self.dim), np.float32)
        inputs = [
            self.exported.inputs(image, mask)
            for image, mask in zip(images, self._masks(images, maps, map_system), strict=True)
        ]
        return self.exported.run(np.stack(inputs)).vectors

    def look(self, image: Image.Image, labels: np.ndarray | None = None, *, map_system: str | None = None) -> Seen:
        (mask,) = self._masks([image], None if labels is None else [labels], map_system)
        vectors, attention = self.exported.run(self.exported.inputs(image, mask)[None])
        return Seen(vectors[0], mask, None if attention is None else attention[0])

    def _masks(
        self, images: Sequence[Image.Image], maps: Sequence[np.ndarray] | None, map_system: str | None
    ) -> list[np.ndarray | None]:
        if not self.needs_maps:
            return [None] * len(images)
        if maps is None:
            raise ModelFileError(
                f"Model {self.path} needs the parsing map of each photo, and none was given. Name a folder of maps or "
                "a parser, or export a model that needs none (--rgb-only)."
            )
        with _as_ours():
            clothing = self.exported.clothing(str(map_system or self.label_system))
        masks: list[np.ndarray | None] = []
        for image, labels in zip(images, maps, strict=True):
            check_map(labels, image.size, "given")
            masks.append(np.isin(labels, clothing))
        return masks


@contextmanager
def _as_ours() -> Iterator[None]:
    try:
        yield
    except ExportedModelError as error:
        raise ModelFileError(str(error)) from error
