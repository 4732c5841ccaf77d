"""python -m rendered_people.difficulty DIR: how far colours alone get, with and without a change of clothes.

No training: striped colour histograms of the whole image, of the person, of the clothes and of all but the clothes. On
a good benchmark clothes find the person as long as they are the same and mislead as soon as they change.
"""

import argparse
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from rendered_people.labels import LABEL_ID

_STRIPES = 6
_BINS = 8
_CLOTHES = [
    LABEL_ID[name]
    for name in ("Glove", "Upper-clothes", "Dress", "Coat", "Socks", "Pants", "Jumpsuits", "Scarf", "Skirt")
    + ("Left-shoe", "Right-shoe")
]
_REGIONS = {
    "whole image": lambda labels: np.ones(labels.shape, dtype=bool),
    "person": lambda labels: labels > 0,
    "clothes": lambda labels: np.isin(labels, _CLOTHES),
    "head and skin": lambda labels: (labels > 0) & ~np.isin(labels, _CLOTHES),
}
_PRCC_TEST = re.compile(r"(?P<camera>[ABC])/(?P<pid>\d+)/cropped_rgb\d+\.jpg$")
_LTCC_NAME = re.compile(r"(?P<pid>\d+)_(?P<outfit>\d+)_c(?P<camera>\d+)_\d+\.png$")


@dataclass(frozen=True)
class ImageSet:
    """Images with what is known of them: paths, parsing paths: lists of n; pids, clothes, cameras: (n,) int."""

    paths: list
    parsing_paths: list
    pids: np.ndarray
    clothes: np.ndarray
    cameras: np.ndarray


@dataclass(frozen=True)
class Result:
    """Rank-1 and chance in [0, 1] of one layout, region and mode, over the queries that have a match."""

    layout: str
    region: str
    mode: str
    rank1: float
    chance: float
    queries: int


def measure_difficulty(root):
    """Rank-1 of colour histograms on a benchmark.

    Args:
        root: folder of a benchmark, in PRCC's layout, LTCC's or both.
    Returns: list of Result.
    Raises: ValueError where the folder holds neither layout.
    """
    root = Path(root)
    results = []
    for layout, read in (("PRCC's layout", _read_prcc), ("LTCC's layout", _read_ltcc)):
        query, gallery = read(root)
        if not query.paths or not gallery.paths:
            continue
        for region, select in _REGIONS.items():
            distance = _distances(_histograms(query, select), _histograms(gallery, select))
            for mode in ("same_clothing", "clothing_change"):
                results.append(Result(layout, region, mode, *_rank1(distance, query, gallery, mode)))
    if not results:
        raise ValueError(f"{root} holds no test images in PRCC's or LTCC's layout; render a benchmark into it first")
    return results


def _read_prcc(root):
    """Queries (cameras B and C) and gallery (camera A) in PRCC's layout."""
    base = root / "prcc/rgb/test"
    entries = []
    for path in sorted(base.glob("*/*/*.jpg")):
        match = _PRCC_TEST.search(path.as_posix())
        if match:
            camera = "ABC".index(match["camera"])
            parsing = root / "prcc/parsing/test" / path.relative_to(base).with_suffix(".png")
            entries.append((path, parsing, int(match["pid"]), int(camera == 2), camera))
    return _image_set(e for e in entries if e[4] > 0), _image_set(e for e in entries if e[4] == 0)


def _read_ltcc(root):
    """Queries and gallery in LTCC's layout."""
    sets = []
    for folder in ("query", "test"):
        entries = []
        for path in sorted((root / "LTCC_ReID" / folder).glob("*.png")):
            match = _LTCC_NAME.match(path.name)
            if match:
                parsing = root / "LTCC_ReID/parsing" / folder / path.name
                entries.append((path, parsing, int(match["pid"]), int(match["outfit"]), int(match["camera"])))
        sets.append(_image_set(entries))
    return sets


def _image_set(entries):
    paths, parsing_paths, *numbers = zip(*entries, strict=True) if (entries := list(entries)) else [()] * 5
    return ImageSet(list(paths), list(parsing_paths), *(np.array(column, dtype=np.int64) for column in numbers))


def _histograms(images, select):
    """(n, stripes * 3 * bins) float64: a histogram a stripe and channel, of sum 1 where the region is in the stripe."""
    features = []
    for path, parsing_path in zip(images.paths, images.parsing_paths, strict=True):
        with Image.open(path) as image, Image.open(parsing_path) as parsing:
            bins = np.asarray(image.convert("RGB")) // (256 // _BINS)
            region = select(np.asarray(parsing))
        feature = []
        for colours, inside in zip(np.array_split(bins, _STRIPES), np.array_split(region, _STRIPES), strict=True):
            counts = [np.bincount(colours[..., c][inside], minlength=_BINS) for c in range(3)]
            feature += [count / max(count.sum(), 1) for count in counts]
        features.append(np.concatenate(feature))
    return np.array(features)


def _distances(query, gallery):
    """(Q, G) sums of absolute differences."""
    return np.stack([np.abs(gallery - feature).sum(axis=1) for feature in query])


def _rank1(distance, query, gallery, mode):
    """Rank-1, chance and number of queries with a match."""
    hits, chances = [], []
    for q in range(len(query.paths)):
        same_person = gallery.pids == query.pids[q]
        same_clothes = gallery.clothes == query.clothes[q]
        wanted = same_clothes if mode == "same_clothing" else ~same_clothes
        match = same_person & (gallery.cameras != query.cameras[q]) & wanted
        kept = ~same_person | match
        if match.any():
            nearest = np.where(kept, distance[q], np.inf).argmin()
            hits.append(match[nearest])
            chances.append(match.sum() / kept.sum())
    if not hits:
        return float("nan"), float("nan"), 0
    return float(np.mean(hits)), float(np.mean(chances)), len(hits)


def main(arguments=None):
    """Command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m rendered_people.difficulty", description=__doc__.split(":", 1)[1])
    parser.add_argument("directory", help="folder of a benchmark")
    try:
        results = measure_difficulty(parser.parse_args(arguments).directory)
    except (ValueError, OSError) as error:
        print(f"rendered_people.difficulty: {error}", file=sys.stderr)
        return 2
    print(f"{'layout':14} {'histogram of':14} {'mode':16} {'rank-1 %':>8} {'chance %':>8} {'queries':>7}")
    for r in results:
        print(f"{r.layout:14} {r.region:14} {r.mode:16} {100 * r.rank1:8.1f} {100 * r.chance:8.1f} {r.queries:7d}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
