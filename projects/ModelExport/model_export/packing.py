"""Packs a trained model for others: weights in half precision and the config that they need, in two small files."""

import os
import shutil
import tempfile
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
import yaml
from fastreid.config import CfgNode
from safetensors.torch import save_file

from datasets_ext.files import write_whole
from fastreid_runs.run_record import flat
from fastreid_runs.weight_files import SAFETENSORS
from ifd.engine.run_keys import default_config
from ifd.feature_extractor import FeatureExtractor

from .agreement import Agreement, agreement
from .errors import ExportError
from .exporting import described
from .people import People

#: mAP in [0, 1] that half precision may cost, in any mode.
MOST_LOST = 1e-3
# Whose machine it was says nothing of the model.
_LEFT_OUT = ("OUTPUT_DIR", "MODEL.DEVICE", "MODEL.WEIGHTS", "MODEL.BACKBONE.PRETRAIN", "IFD.PARSING.ROOT")


@dataclass(frozen=True)
class Packed:
    """A packed model.

    Attributes:
        config, weights: paths of its files.
        size: of both, in bytes.
        agreement: how it ranks beside the checkpoint.
    """

    config: str
    weights: str
    size: int
    agreement: Agreement


def pack_model(cfg: CfgNode, weights: str, output: str, people: People) -> Packed:
    """Writes a checkpoint's weights without its classifiers, in half precision, with the config beside them.

    Statistics of normalisation layers and all else that is a vector stay in float32: they cost next to nothing.

    Args:
        cfg: its config.
        weights: path of the checkpoint.
        output: path of the files without an ending; ``.yml`` and ``.safetensors`` are put to it.
        people: to compare on.

    Raises:
        ExportError: a weight is beyond half precision, or mAP falls by more than 0.1 points in a mode.
        CheckpointError: the weights cannot be loaded, or are of another model.
    """
    cfg = cfg.clone()
    cfg.defrost()
    cfg.MODEL.DEVICE = "cpu"
    extractor = FeatureExtractor(cfg, weights)
    network = extractor.network
    classifiers = set(getattr(network, "classifiers", ()))
    tensors = {
        name: _halved(name, value.detach().contiguous())
        for name, value in network.state_dict().items()
        if name not in classifiers
    }
    with tempfile.TemporaryDirectory(prefix="ifd-pack-") as folder:
        config, packed = (os.path.join(folder, f"model{ending}") for ending in (".yml", SAFETENSORS))
        save_file(tensors, packed)
        with open(config, "w", encoding="utf-8") as file:
            yaml.safe_dump(_changed(cfg), file, sort_keys=True)
        found = agreement(people, described(extractor, people), described(FeatureExtractor(config, packed), people))
        if found.largest_loss > MOST_LOST:
            raise ExportError(
                "In half precision this model ranks otherwise, and nothing was written:\n"
                + "\n".join(found.lines("packed"))
            )
        done = Packed(f"{output}.yml", output + SAFETENSORS, sum(map(os.path.getsize, (config, packed))), found)
        for source, target in ((config, done.config), (packed, done.weights)):
            with open(source, "rb") as content:
                write_whole(target, partial(shutil.copyfileobj, content))
    return done


def _halved(name: str, value: torch.Tensor) -> torch.Tensor:
    if value.dtype != torch.float32 or value.dim() < 2:
        return value
    half = value.half()
    if not torch.isfinite(half).all():
        raise ExportError(f"{name} holds values beyond {np.finfo(np.float16).max:,.0f}, which half precision has not.")
    return half


def _changed(cfg: CfgNode) -> dict[str, Any]:
    """What a config says otherwise than the defaults, nested."""
    defaults = flat(default_config())
    nested: dict[str, Any] = {}
    for name, value in flat(cfg).items():
        if value == defaults.get(name) or name in _LEFT_OUT:
            continue
        *path, last = name.split(".")
        place = nested
        for part in path:
            place = place.setdefault(part, {})
        place[last] = value
    nested.setdefault("MODEL", {}).setdefault("BACKBONE", {})["PRETRAIN"] = False
    return nested
