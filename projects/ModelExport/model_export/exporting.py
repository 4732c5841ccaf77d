"""Exports a trained model, and writes nothing that would rank otherwise."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from types import ModuleType

import numpy as np
from fastreid.config import CfgNode

from datasets_ext import (
    LABEL_SYSTEMS,
    ImageAndMap,
    as_labels,
    as_rgb,
    clothing_ids,
    clothing_mask,
    is_auto,
    label_system,
    tree_label_system,
)
from datasets_ext.files import write_whole
from exported_model import ExportedModel, Metadata
from ifd.feature_extractor import FeatureExtractor, Item
from ifd.fingerprint import checkpoint_fingerprint

from .agreement import Agreement, agreement
from .errors import ExportError, require_export_package
from .graph import ExportableModel, needs_mask, write_graph
from .people import People
from .quantization import quantize

PRECISIONS = ("fp32", "int8")
#: mAP in [0, 1] that int8 may lose.
MOST_LOST = 0.005
#: Images that int8's settings are chosen on, at most.
MOST_CALIBRATION = 256
# How many of them go through the network at once.
_BATCH = 32


@dataclass(frozen=True)
class Exported:
    """An exported model.

    Attributes:
        path: of the file.
        metadata: what it says of itself.
        agreement: how it ranks.
    """

    path: str
    metadata: Metadata
    agreement: Agreement


def export_model(
    cfg: CfgNode,
    weights: str,
    output: str,
    people: People,
    *,
    precision: str = "fp32",
    rgb_only: bool = False,
    licence: str = "",
    trained_on: str | None = None,
    decisions: str = "",
    calibration: Sequence[ImageAndMap[str, str | None]] | None = None,
) -> Exported:
    """Writes a checkpoint as one ``.onnx``, if it ranks people as the checkpoint does.

    In fp32 the first ten of every query must be the same, up to ties, and mAP up to rounding; in int8 no mode's mAP may
    lose more than 0.5 points.

    Args:
        cfg: its config.
        weights: path of the checkpoint.
        output: path of the file, written last, whole; one that is there is replaced.
        people: to compare on.
        precision: fp32 or int8.
        rgb_only: whether the file takes RGB alone. A model whose main stream was trained to predict the attention map
            (IFD.PREDICTION.ENABLED) then leaves the attention stream out.
        licence: of the weights, for the record.
        trained_on: names of the data; None: DATASETS.NAMES.
        decisions: for the file's metadata, see ``Metadata``.
        calibration: images of others than ``people``, on which int8's settings are chosen; None: those of every third
            of the people, who then take no part in the comparison.

    Raises:
        ExportError: the ranks do not agree, int8 has too few people, the model needs masks and ``rgb_only`` is on, a
            package is missing, or the label system of maps is not known.
        CheckpointError: the weights cannot be loaded, or are of another model.
    """
    if precision == "int8" and calibration is None:
        calibration, people = people.parted()
    if precision not in PRECISIONS:
        raise ValueError(f"precision {precision!r}; expected one of {', '.join(PRECISIONS)}")
    if not output.endswith(".onnx"):
        raise ExportError(f"Output {output}; expected a file ending .onnx.")
    onnx = require_export_package("onnx")
    cfg = _config(cfg, rgb_only)
    fingerprint = checkpoint_fingerprint(cfg, weights)
    if is_auto(cfg.IFD.PARSING.SYSTEM):
        cfg.IFD.PARSING.SYSTEM = _said_system(people)
    extractor = FeatureExtractor(cfg, weights)
    model = extractor.network
    size = _input_size(cfg)
    masked = needs_mask(model, size)
    if masked and rgb_only:
        raise ExportError(
            "This model needs a clothing mask: its attention stream sees the image without clothes (IFD.IKT.ENABLED), "
            "and no attention is predicted (IFD.PREDICTION.ENABLED). Export it without --rgb-only, or train it with "
            "IFD.PREDICTION.ENABLED True."
        )
    if masked and any(pair.map is None for pair in (*people.pairs, *(calibration or ()))):
        raise ExportError(
            f"This model needs a parsing map of each image of {people.name}: name their folder with --maps."
        )
    metadata = _metadata(cfg, masked, fingerprint, licence, trained_on, decisions)
    with tempfile.TemporaryDirectory(prefix="ifd-export-") as folder:
        path = os.path.join(folder, "model.onnx")
        write_graph(ExportableModel(model, cfg.TEST.FLIP.ENABLED).eval(), 4 if masked else 3, size, path)
        _mark(onnx, path, metadata)
        if precision == "int8":
            exact, path = path, os.path.join(folder, "int8.onnx")
            quantize(exact, path, _calibration_batches(ExportedModel(exact), calibration or ()))
            digest = hashlib.sha256(onnx.load(path).SerializeToString(deterministic=True)).hexdigest()
            metadata = replace(metadata, precision="int8", fingerprint=digest)
            _mark(onnx, path, metadata)
        found = agreement(people, described(extractor, people), described(FeatureExtractor(None, path), people))
        _check(found, precision)
        with open(path, "rb") as file:
            write_whole(output, partial(shutil.copyfileobj, file))
    return Exported(output, metadata, found)


def _config(cfg: CfgNode, rgb_only: bool) -> CfgNode:
    cfg = cfg.clone()
    cfg.defrost()
    cfg.MODEL.DEVICE = "cpu"
    if cfg.INPUT.CROP.ENABLED:
        raise ExportError("INPUT.CROP.ENABLED crops resized images, which no exported model does; switch it off.")
    if rgb_only and cfg.IFD.PREDICTION.ENABLED:
        cfg.IFD.IKT.ENABLED = False
    return cfg


def _input_size(cfg: CfgNode) -> tuple[int, int]:
    height, width = cfg.INPUT.SIZE_TEST
    if height < 1:
        raise ExportError(
            f"INPUT.SIZE_TEST is {[height, width]}, images of their own size; an exported model has one: set it."
        )
    return int(height), int(width)


def _said_system(people: People) -> str:
    folders = {os.path.dirname(pair.map) for pair in people.pairs if pair.map is not None}
    if folders:
        return tree_label_system(os.path.commonpath(sorted(folders)), "auto")[0].name
    raise ExportError(
        "IFD.PARSING.SYSTEM is auto, which takes the word of a tree of maps, and there is none: set it to the label "
        "system that the model was trained with."
    )


def _metadata(
    cfg: CfgNode, masked: bool, fingerprint: str, licence: str, trained_on: str | None, decisions: str
) -> Metadata:
    metadata = Metadata(
        fingerprint=fingerprint,
        mask_resize=cfg.IFD.MASK_RESIZE,
        descriptor=cfg.IFD.DESCRIPTOR if cfg.IFD.IKT.ENABLED else "main",
        pixel_mean=tuple(float(value) for value in cfg.MODEL.PIXEL_MEAN),
        pixel_std=tuple(float(value) for value in cfg.MODEL.PIXEL_STD),
        licence=licence,
        trained_on=", ".join(cfg.DATASETS.NAMES) if trained_on is None else trained_on,
        decisions=decisions,
    )
    if not masked:
        return metadata
    names = list(cfg.IFD.PARSING.CLOTHING) or None
    clothing = {}
    for system in LABEL_SYSTEMS:
        try:
            clothing[system] = tuple(int(one) for one in clothing_ids(system, names))
        except ValueError:
            # It lacks one of these labels, so its maps do not serve this model.
            continue
    return replace(
        metadata,
        label_system=label_system(cfg.IFD.PARSING.SYSTEM).name,
        clothing=clothing,
        mask_dilate=int(cfg.IFD.MASK_DILATE),
        mask_fill=tuple(float(value) for value in cfg.IFD.MASK_FILL),
    )


def _mark(onnx: ModuleType, path: str, metadata: Metadata) -> None:
    model = onnx.load(path)
    onnx.helper.set_model_props(model, metadata.to_properties())
    onnx.save(model, path)


def _calibration_batches(model: ExportedModel, pairs: Sequence[ImageAndMap[str, str | None]]) -> list[np.ndarray]:
    count = min(MOST_CALIBRATION, len(pairs))
    chosen = [pairs[place] for place in np.linspace(0, len(pairs) - 1, count).round().astype(int)]
    inputs = [_inputs(model, pair) for pair in chosen]
    return [np.stack(inputs[start : start + _BATCH]) for start in range(0, count, _BATCH)]


def _inputs(model: ExportedModel, pair: ImageAndMap[str, str | None]) -> np.ndarray:
    image = as_rgb(pair.image)
    if not model.needs_masks or pair.map is None:
        return model.inputs(image)
    system = str(model.metadata.label_system)
    return model.inputs(image, clothing_mask(as_labels(pair.map), model.clothing(system)))


def described(extractor: FeatureExtractor, people: People) -> np.ndarray:
    """(N, D) float32: people's descriptors, with their maps where they have some."""
    items: list[Item] = [pair.image if pair.map is None else ImageAndMap(pair.image, pair.map) for pair in people.pairs]
    return extractor(items)


def _check(found: Agreement, precision: str) -> None:
    lines = "\n".join(found.lines())
    if precision == "fp32" and not found.is_exact:
        raise ExportError(f"The exported model does not rank as the model does, and was not written.\n{lines}")
    if precision == "int8" and found.largest_loss > MOST_LOST:
        raise ExportError(
            f"In int8 the mode {found.worst} loses {found.mean_ap[found.worst]} of mAP, more than {100 * MOST_LOST:g}, "
            "and the model was not written. Export it in fp32; or, where that is less than two standard errors (+-) "
            f"above the bound, let it be judged on more people (--images, --dataset, --calibration).\n{lines}"
        )
