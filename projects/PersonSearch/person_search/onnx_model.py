"""A model in one ONNX file, for a machine that has numpy, Pillow and onnxruntime and nothing else.

The graph: input ``images``, (N, 4, H, W) float32, RGB in 0 to 255 and the clothing mask in 0 to 1, or (N, 3, H, W) RGB
alone; N dynamic, H and W fixed. Output (N, D) float32, each row of length 1. Normalisation, the flip test and L2 are
inside. What the graph cannot say stands in the file's metadata: see ``OnnxMetadata``.
"""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from PIL import Image

from .decisions import Decisions, beside
from .errors import DecisionsError, ModelFileError, require_package
from .photos import check_map
from .resizing import MASK_RESIZES, resized, resized_mask

_PREFIX = "person_search."
FORMAT = "1"
INPUT_NAME = "images"


@dataclass(frozen=True)
class OnnxMetadata:
    """What an exported model says of itself, as text in the file's metadata under ``person_search.<name>``.

    Attributes:
        fingerprint: the same for all that give the same vectors: an export in fp32 has its checkpoint's, one in int8
            another. Empty: a hash of the file stands in.
        label_system: that the model was trained with; None where it takes RGB alone.
        clothing: label values that count as clothing by label system, so that maps of other systems serve too; empty
            for RGB alone.
        mask_resize: how a mask comes to the model's size, see ``resized_mask``.
        descriptor: what the vector is: main, attention or joined.
        licence: of the weights.
        trained_on: of the data.
        decisions: as calibrated before the export; a file beside the model goes before.
    """

    fingerprint: str = ""
    label_system: str | None = None
    clothing: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    mask_resize: str = "antialias"
    descriptor: str = ""
    licence: str = ""
    trained_on: str = ""
    decisions: Decisions | None = None

    def to_properties(self) -> dict[str, str]:
        """Names and texts for the file's metadata, for ``onnx.helper.set_model_props``."""
        texts = {
            "format": FORMAT,
            "fingerprint": self.fingerprint,
            "label_system": self.label_system or "",
            "clothing": json.dumps({system: list(ids) for system, ids in self.clothing.items()}),
            "mask_resize": self.mask_resize,
            "descriptor": self.descriptor,
            "licence": self.licence,
            "trained_on": self.trained_on,
            "decisions": "" if self.decisions is None else self.decisions.to_json(),
        }
        return {_PREFIX + name: text for name, text in texts.items()}

    @classmethod
    def from_properties(cls, properties: Mapping[str, str], path: str) -> "OnnxMetadata":
        """Reads what ``to_properties`` gave.

        Args:
            properties: the file's metadata.
            path: what an error calls the file.

        Raises:
            ModelFileError: of another format, or damaged.
        """
        texts = {name.removeprefix(_PREFIX): text for name, text in properties.items() if name.startswith(_PREFIX)}
        if texts.get("format") != FORMAT:
            raise ModelFileError(
                f"Model {path} has no metadata of format {FORMAT} (found {texts.get('format', 'none')}): it was not "
                "exported for search. Export it with projects/IFD/tools/export.py."
            )
        try:
            clothing = json.loads(texts.get("clothing") or "{}")
            return cls(
                fingerprint=texts.get("fingerprint", ""),
                label_system=texts.get("label_system") or None,
                clothing={str(system): tuple(int(one) for one in ids) for system, ids in clothing.items()},
                mask_resize=texts["mask_resize"],
                descriptor=texts.get("descriptor", ""),
                licence=texts.get("licence", ""),
                trained_on=texts.get("trained_on", ""),
                decisions=Decisions.from_json(texts["decisions"], path) if texts.get("decisions") else None,
            )
        except (ValueError, KeyError, TypeError, AttributeError, DecisionsError) as error:
            raise ModelFileError(f"Model {path} has damaged metadata ({error}). Export it again.") from error


class OnnxModel:
    """The :class:`~person_search.model.Model` in an ONNX file.

    Args:
        path: of the file.
        device: cpu, cuda or cuda:<n>; None: CUDA where onnxruntime has it.
        threads: that onnxruntime computes with; None: as many as it likes.

    Attributes:
        path: of the file.
        dim, fingerprint, needs_maps, label_system, decisions: see ``Model``.
        size: (height, width) of its input.
        metadata: what the file says of itself.

    Raises:
        ModelFileError: the file cannot be loaded, or its input, output or metadata is not of this form.
        MissingPackageError: onnxruntime is not installed.
    """

    def __init__(self, path: str | os.PathLike[str], *, device: str | None = None, threads: int | None = None):
        self.path = os.fspath(path)
        runtime = require_package("onnxruntime", "search", f"Model {self.path}")
        options = runtime.SessionOptions()
        if threads is not None:
            options.intra_op_num_threads = threads
        try:
            self._session = runtime.InferenceSession(self.path, options, providers=_providers(runtime, device))
        except ModelFileError:
            raise
        except Exception as error:
            # onnxruntime raises classes of its own, one for each status, without a public base.
            raise ModelFileError(
                f"Model {self.path} cannot be loaded by onnxruntime ({str(error).splitlines()[0]}). Export it again."
            ) from error
        properties = self._session.get_modelmeta().custom_metadata_map
        self.metadata = OnnxMetadata.from_properties(properties, self.path)
        channels, self.size = self._read_input()
        self.needs_maps = channels == 4
        self.label_system = self.metadata.label_system if self.needs_maps else None
        if self.needs_maps and (self.label_system is None or self.label_system not in self.metadata.clothing):
            raise ModelFileError(
                f"Model {self.path} takes a clothing mask, but its metadata do not say which labels are clothing. "
                "Export it again."
            )
        if self.metadata.mask_resize not in MASK_RESIZES:
            raise ModelFileError(
                f"Model {self.path} resizes masks by {self.metadata.mask_resize!r}; this version knows "
                f"{', '.join(MASK_RESIZES)}. Update it."
            )
        self.dim = self._trial(channels)
        self.fingerprint = self.metadata.fingerprint or _hash_of(self.path)
        self.decisions = beside(self.path, self.fingerprint) or self.metadata.decisions

    def __call__(
        self,
        images: Sequence[Image.Image],
        maps: Sequence[np.ndarray] | None = None,
        *,
        map_system: str | None = None,
    ) -> np.ndarray:
        if not images:
            return np.zeros((0, self.dim), np.float32)
        return self._run(np.stack(self._inputs(images, maps, map_system)))

    def _inputs(
        self, images: Sequence[Image.Image], maps: Sequence[np.ndarray] | None, map_system: str | None
    ) -> list[np.ndarray]:
        pixels = [resized(image, self.size) for image in images]
        if not self.needs_maps:
            return pixels
        if maps is None:
            raise ModelFileError(
                f"Model {self.path} needs the parsing map of each photo, and none was given. Name a folder of maps or "
                "a parser, or export a model that needs none (--rgb-only)."
            )
        system = map_system or self.label_system
        clothing = self.metadata.clothing.get(str(system))
        if clothing is None:
            raise ModelFileError(
                f"Parsing maps in label system {system!r}; model {self.path} knows {', '.join(self.metadata.clothing)}."
            )
        masks = []
        for image, labels in zip(images, maps, strict=True):
            check_map(labels, image.size, "given")
            masks.append(resized_mask(np.isin(labels, clothing), self.size, self.metadata.mask_resize))
        return [np.concatenate([rgb, mask[None]]) for rgb, mask in zip(pixels, masks, strict=True)]

    def _run(self, inputs: np.ndarray) -> np.ndarray:
        result: np.ndarray = self._session.run(None, {INPUT_NAME: inputs})[0]
        return result

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
            raise ModelFileError(
                f"Model {self.path} takes {found}; expected {INPUT_NAME} tensor(float) [N, 3 or 4, height, width], N "
                "dynamic and the rest fixed. Export it again."
            )
        return shape[1], (shape[2], shape[3])

    def _trial(self, channels: int) -> int:
        """The length of a vector, from a run on two grey images: an export need not say what its outputs look like."""
        inputs = np.full((2, channels, *self.size), 127, np.float32)
        inputs[:, 3:] = 0
        try:
            found = self._run(inputs)
        except Exception as error:
            raise ModelFileError(
                f"Model {self.path} does not run on two images ({str(error).splitlines()[0]}). Export it again."
            ) from error
        if found.ndim != 2 or len(found) != 2 or found.dtype != np.float32:
            raise ModelFileError(
                f"Model {self.path} yields {found.shape} {found.dtype} for two images; expected (2, D) float32."
            )
        lengths = np.linalg.norm(found, axis=1)
        if not np.allclose(lengths, 1, atol=1e-3):
            raise ModelFileError(
                f"Model {self.path} yields vectors of length {lengths.tolist()}; expected 1, by L2 in the graph. "
                "Export it again."
            )
        return int(found.shape[1])


def _providers(runtime: Any, device: str | None) -> list[Any]:
    has_cuda = "CUDAExecutionProvider" in runtime.get_available_providers()
    if device is None:
        return ["CUDAExecutionProvider", "CPUExecutionProvider"] if has_cuda else ["CPUExecutionProvider"]
    kind, _, number = device.partition(":")
    if kind == "cpu" and not number:
        return ["CPUExecutionProvider"]
    if kind != "cuda" or not (number or "0").isdigit():
        raise ModelFileError(f"Device {device!r}; expected cpu, cuda or cuda:<n>.")
    if not has_cuda:
        raise ModelFileError(
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
