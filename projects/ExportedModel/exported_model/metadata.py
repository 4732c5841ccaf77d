"""What an exported model says of itself, as text in its file."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .errors import ExportedModelError

PREFIX = "exported_model."
FORMAT = "1"


@dataclass(frozen=True)
class Metadata:
    """What the graph cannot say; text in the file's metadata under ``exported_model.<name>``.

    Attributes:
        fingerprint: the same for all that give the same vectors: an export in fp32 has its checkpoint's, one in int8
            another. Empty: a hash of the file stands in.
        label_system: that the model was trained with; None where it takes RGB alone.
        clothing: label values that count as clothing by label system, so that maps of other systems serve too; empty
            for RGB alone.
        mask_resize: how a mask comes to the model's size, see ``resized_mask``.
        mask_dilate: pixels by which the graph widens clothing; None for RGB alone. The graph does it, this tells of it.
        mask_fill: RGB in 0-255 that the graph puts in the place of clothing; None for RGB alone.
        descriptor: what the vector is: main, attention or joined.
        precision: fp32 or int8.
        pixel_mean, pixel_std: RGB in 0-255 of the data that its weights come from, by which the graph normalises.
        licence: of the weights.
        trained_on: names of the data.
        decisions: text of whoever calibrated the model, before the export or after it; not read here.
    """

    fingerprint: str = ""
    label_system: str | None = None
    clothing: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    mask_resize: str = "antialias"
    mask_dilate: int | None = None
    mask_fill: tuple[float, ...] | None = None
    descriptor: str = ""
    precision: str = "fp32"
    pixel_mean: tuple[float, ...] | None = None
    pixel_std: tuple[float, ...] | None = None
    licence: str = ""
    trained_on: str = ""
    decisions: str = ""

    def to_properties(self) -> dict[str, str]:
        """Names and texts for the file's metadata, for ``onnx.helper.set_model_props``."""
        texts = {
            "format": FORMAT,
            "fingerprint": self.fingerprint,
            "label_system": self.label_system or "",
            "clothing": json.dumps({system: list(ids) for system, ids in self.clothing.items()}),
            "mask_resize": self.mask_resize,
            "mask_dilate": json.dumps(self.mask_dilate),
            "mask_fill": json.dumps(self.mask_fill),
            "descriptor": self.descriptor,
            "precision": self.precision,
            "pixel_mean": json.dumps(self.pixel_mean),
            "pixel_std": json.dumps(self.pixel_std),
            "licence": self.licence,
            "trained_on": self.trained_on,
            "decisions": self.decisions,
        }
        return {PREFIX + name: text for name, text in texts.items()}

    @classmethod
    def from_properties(cls, properties: Mapping[str, str], path: str) -> "Metadata":
        """Reads what ``to_properties`` gave.

        Args:
            properties: the file's metadata.
            path: what an error calls the file.

        Raises:
            ExportedModelError: of another format, or damaged.
        """
        texts = {name.removeprefix(PREFIX): text for name, text in properties.items() if name.startswith(PREFIX)}
        if texts.get("format") != FORMAT:
            raise ExportedModelError(
                f"Model {path} has no metadata of format {FORMAT} (found {texts.get('format', 'none')}): it was not "
                "exported for search. Export it with projects/IFD/tools/export.py."
            )
        try:
            clothing = json.loads(texts.get("clothing") or "{}")
            dilate = json.loads(texts.get("mask_dilate") or "null")
            return cls(
                fingerprint=texts.get("fingerprint", ""),
                label_system=texts.get("label_system") or None,
                clothing={str(system): tuple(int(one) for one in ids) for system, ids in clothing.items()},
                mask_resize=texts["mask_resize"],
                mask_dilate=None if dilate is None else int(dilate),
                mask_fill=_numbers(texts, "mask_fill"),
                descriptor=texts.get("descriptor", ""),
                precision=texts.get("precision", "fp32"),
                pixel_mean=_numbers(texts, "pixel_mean"),
                pixel_std=_numbers(texts, "pixel_std"),
                licence=texts.get("licence", ""),
                trained_on=texts.get("trained_on", ""),
                decisions=texts.get("decisions", ""),
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ExportedModelError(f"Model {path} has damaged metadata ({error}). Export it again.") from error


def _numbers(texts: Mapping[str, str], name: str) -> tuple[float, ...] | None:
    read: Any = json.loads(texts.get(name) or "null")
    return None if read is None else tuple(float(one) for one in read)
