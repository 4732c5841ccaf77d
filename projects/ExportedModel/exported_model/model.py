"""Running a model in an ONNX file, on a machine that has numpy, Pillow and onnxruntime and nothing else.

The graph: input ``images``, (N, 4, H, W) float32, RGB in 0 to 255 and the clothing mask in 0 to 1, or (N, 3, H, W) RGB
alone; N dynamic, H and W fixed. First output (N, D) float32, each row of length 1; a second one, where the model has an
attention map, (N, 1, h, w) float32 in 0 to 1. Normalisation, the flip test, what the model does to masks and L2 are
inside. What the graph cannot say stands in the file's metadata: see ``Metadata``.
"""

import hashlib
import os
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from .errors import ExportedModelError
from .metadata import Metadata
from .resizing import MASK_RESIZES, resized, resized_mask

INPUT_NAME = "images"


class Outputs(NamedTuple):
    """What a model makes of N images.

    Attributes:
        vectors: (N, D) float32, each of length 1.
        attention: (N, h, w) float32 in 0 to 1, W_I; None where the model has none.
    """

    vectors: np.ndarray
    attention: np.ndarray | None


class ExportedModel:
    """A model in an ONNX file.

    Args:
        path: of the file.
        device: cpu, cuda or cuda:<n>; None: CUDA where onnxruntime has it.
        threads: that onnxruntime computes with; None: as many as it likes.

    Attributes:
        path: of the file.
        metadata: what the file says of itself.
        needs_masks: whether images come with their clothing masks.
        size: (height, width) of its input.
        dim: D, length of a vector.
        fingerprint: the same text for all that give the same vectors, and for nothing else.

    Raises:
        ExportedModelError: the file cannot be loaded, its input, output or metadata is not of this form, there is no
            such device, or onnxruntime is not installed.
    """

    def __init__(self, path: str | os.PathLike[str], *, device: str | None = None, threads: int | None = None):
        self.path = os.fspath(path)
        runtime = _onnxruntime(self.path)
        options = runtime.SessionOptions()
        if threads is not None:
            options.intra_op_num_threads = threads
        providers = _providers(runtime, device)
        try:
            self._session = runtime.InferenceSession(self.path, options, providers=providers)
        except Exception as error:
            # onnxruntime raises classes of its own, one for each status, without a public base.
            raise ExportedModelError(
                f"Model {self.path} cannot be loaded by onnxruntime ({str(error).splitlines()[0]}). Export it again."
            ) from error
        properties = self._session.get_modelmeta().custom_metadata_map
        self.metadata = Metadata.from_properties(properties, self.path)
        channels, self.size = self._read_input()
        self.needs_masks = channels == 4
        system = self.metadata.label_system
        if self.needs_masks and (system is None or system not in self.metadata.clothing):
            raise ExportedModelError(
                f"Model {self.path} takes a clothing mask, but its metadata do not say which labels are clothing. "
                "Export it again."
            )
        if self.metadata.mask_resize not in MASK_RESIZES:
            raise ExportedModelError(
                f"Model {self.path} resizes masks by {self.metadata.mask_resize!r}; this version knows "
                f"{', '.join(MASK_RESIZES)}. Update it."
            )
        self.dim = self._trial(channels)
        self.fingerprint = self.metadata.fingerprint or _hash_of(self.path)

    def clothing(self, system: str) -> tuple[int, ...]:
        """Label values that count as clothing in a label system.

        Raises:
            ExportedModelError: the model does not know it.
        """
        found = self.metadata.clothing.get(system)
        if found is None:
            raise ExportedModelError(
                f"Parsing maps in label system {system!r}; model {self.path} knows {', '.join(self.metadata.clothing)}."
            )
        return found

    def inputs(self, image: Image.Image, mask: np.ndarray | None = None) -> np.ndarray:
        """One image as the model takes it.

        Args:
            image: upright RGB of any size.
            mask: (height, width) bool or 0 and 1, the image's clothing; not looked at where the model needs none.

        Returns:
            (4, H, W) float32, or (3, H, W).

        Raises:
            ExportedModelError: a mask is needed and not given.
        """
        pixels = resized(image, self.size)
        if not self.needs_masks:
            return pixels
        if mask is None:
            raise ExportedModelError(
                f"Model {self.path} needs the clothing mask of each image, from its parsing map, and none was given."
            )
        return np.concatenate([pixels, resized_mask(mask != 0, self.size, self.metadata.mask_resize)[None]])

    def run(self, inputs: np.ndarray) -> Outputs:
        """What the model makes of N images.

        Args:
            inputs: (N, 4, H, W) or (N, 3, H, W) float32, see ``inputs``.
        """
        if not len(inputs):
            return Outputs(np.zeros((0, self.dim), np.float32), None)
        return self._run(inputs)

    def _run(self, inputs: np.ndarray) -> Outputs:
        vectors, *others = self._session.run(None, {INPUT_NAME: inputs})
        return Outputs(vectors, others[0][:, 0] if others else None)

    def _read_input(self) -> tuple[int, tuple[int, int]]:
        """Channels and (height, width) of the input."""
        inputs = self._session.get_inputs()
        first = inputs[0]
        shape = first.shape
        if (
            len(inputs) != 1
            or first.name != INPUT_NAME
            or first.type != "tensor(float)"
            or len(shape) != 4
            or isinstance(shape[0], int)
            or shape[1] not in (3, 4)
            or not all(isinstance(side, int) for side in shape[2:])
        ):
            found = ", ".join(f"{one.name} {one.type} {one.shape}" for one in inputs)
            raise ExportedModelError(
                f"Model {self.path} takes {found}; expected {INPUT_NAME} tensor(float) [N, 3 or 4, height, width], N "
                "dynamic and the rest fixed. Export it again."
            )
        return shape[1], (shape[2], shape[3])

    def _trial(self, channels: int) -> int:
        """The length of a vector, from a run on two grey images: an export need not say what its outputs look like."""
        inputs = np.full((2, channels, *self.size), 127, np.float32)
        inputs[:, 3:] = 0
        try:
            found, attention = self._run(inputs)
        except Exception as error:
            raise ExportedModelError(
                f"Model {self.path} does not run on two images ({str(error).splitlines()[0]}). Export it again."
            ) from error
        if found.ndim != 2 or len(found) != 2 or found.dtype != np.float32:
            raise ExportedModelError(
                f"Model {self.path} yields {found.shape} {found.dtype} for two images; expected (2, D) float32."
            )
        lengths = np.linalg.norm(found, axis=1)
        if not np.allclose(lengths, 1, atol=1e-3):
            raise ExportedModelError(
                f"Model {self.path} yields vectors of length {lengths.tolist()}; expected 1, by L2 in the graph. "
                "Export it again."
            )
        if attention is not None and (attention.ndim != 3 or len(attention) != 2):
            raise ExportedModelError(
                f"Model {self.path} yields attention maps of {attention.shape} for two images; expected (2, h, w)."
            )
        return int(found.shape[1])


def _onnxruntime(path: str) -> ModuleType:
    try:
        import onnxruntime
    except ImportError as error:
        raise ExportedModelError(
            f"Model {path} needs the package onnxruntime, which cannot be imported ({error}). Install it: pip install "
            "onnxruntime"
        ) from error
    found: ModuleType = onnxruntime
    return found


def _providers(runtime: Any, device: str | None) -> list[Any]:
    has_cuda = "CUDAExecutionProvider" in runtime.get_available_providers()
    if device is None:
        return ["CUDAExecutionProvider", "CPUExecutionProvider"] if has_cuda else ["CPUExecutionProvider"]
    kind, _, number = device.partition(":")
    if kind == "cpu" and not number:
        return ["CPUExecutionProvider"]
    if kind != "cuda" or not (number or "0").isdigit():
        raise ExportedModelError(f"Device {device!r}; expected cpu, cuda or cuda:<n>.")
    if not has_cuda:
        raise ExportedModelError(
            f"Device {device!r}, but this onnxruntime has no CUDA; use cpu, or: pip uninstall onnxruntime && pip "
            "install onnxruntime-gpu"
        )
    return [("CUDAExecutionProvider", {"device_id": int(number or 0)}), "CPUExecutionProvider"]


def _hash_of(path: str) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(2**20):
            digest.update(block)
    return digest.hexdigest()
