"""Outfit labels from the colours of clothes, made once for a run."""

import hashlib
import json
import logging
import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from fastreid.utils import comm

from clothes_methods import clothing_colours, colour_clusters
from datasets_ext import ParsingMaps, image_paths, read_rgb
from datasets_ext.files import write_whole
from fastreid_runs import fingerprint

logger = logging.getLogger("fastreid.ifd.data")

#: In OUTPUT_DIR.
FILE = "outfit_clusters.json"

# Of this process: a training asks for its data several times, and reading all images takes a while.
_made: dict[str, list[int]] = {}


def with_colour_outfits(
    items: Sequence[tuple], parsing_maps: Sequence[ParsingMaps], clusters: int, distance: float, folder: str
) -> list[tuple]:
    """The same images with clusters of their clothes' colours in the place of their outfit labels.

    All images are read once, and what comes of it is kept in the run's folder, for the run that goes on. Of a tracklet
    the frame in the middle is looked at.

    Args:
        items: (path or tracklet, pid, camid, clothes_id); the clothes_id is not used.
        parsing_maps: for each item.
        clusters: outfits of each person, 0: as ``distance`` says; see :func:`clothes_methods.colour_clusters`.
        distance: mean colour difference from which two groups are two outfits.
        folder: of the run; where it is not there yet, nothing is written.
    """
    paths = [_middle(data) for data, *_ in items]
    pids = [pid for _, pid, *_ in items]
    images = [(path, pid, camera, "") for path, (_, pid, camera, _) in zip(paths, items, strict=True)]
    beside = [[maps.path_for(path)] for path, maps in zip(paths, parsing_maps, strict=True)]
    clothing = [maps.clothing for maps in dict.fromkeys(parsing_maps)]
    key = f"{fingerprint(images, beside)} {clothing} {clusters} {distance}"
    made_of = hashlib.sha256(key.encode()).hexdigest()
    outfits = _made.get(made_of) or _read(folder, made_of, len(items))
    if outfits is None:
        logger.info("Telling the outfits on %d images apart by their colours", len(items))
        colours = np.array([_colours(path, maps) for path, maps in zip(paths, parsing_maps, strict=True)])
        outfits = colour_clusters(colours, pids, clusters=clusters, distance=distance).tolist()
        logger.info("%d outfits of %d people", len(set(zip(pids, outfits, strict=True))), len(set(pids)))
    _made[made_of] = outfits
    if os.path.isdir(folder) and comm.is_main_process():
        write_whole(os.path.join(folder, FILE), json.dumps({"made_of": made_of, "outfits": outfits}))
    return [(data, pid, camera, clothes_id) for (data, pid, camera, _), clothes_id in zip(items, outfits, strict=True)]


def _colours(path: str, maps: ParsingMaps) -> np.ndarray:
    image = read_rgb(path)
    return clothing_colours(np.asarray(image), maps.load_mask(path, image.size))


def _middle(data: Any) -> str:
    paths = list(image_paths(data))
    return paths[len(paths) // 2]


def _read(folder: str, made_of: str, count: int) -> list[int] | None:
    """What the run's folder holds of the same images; None for anything else."""
    try:
        with open(os.path.join(folder, FILE), encoding="utf-8") as file:
            kept = json.load(file)
        same = kept["made_of"] == made_of and len(kept["outfits"]) == count
        return [int(outfit) for outfit in kept["outfits"]] if same else None
    except (OSError, ValueError, KeyError, TypeError):
        return None
