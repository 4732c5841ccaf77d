#!/usr/bin/env python
"""How well parsing maps tell which label system they are of, on rendered people whose maps are exact.

    python -m rendered_people --output datasets/judged --people 30 --height 64 --width 32 --layouts ltcc --seed 3
    python benchmarks/label_systems.py datasets/judged/LTCC_ReID/parsing

Each map is taken as it is, in LIP, and rewritten in the other systems; each is read as each system, as the camera sees
it and with parts of the person out of sight.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from datasets_ext import LABEL_SYSTEMS, convert_labels, label_system, read_label_png
from datasets_ext.plausibility import MapStatistics, impossible_share, map_statistics, misreading

LIP = {name: value for value, name in enumerate(label_system("lip").names)}
HEAD = [LIP[name] for name in ("Hat", "Hair", "Sunglasses", "Face")]
UPPER = [LIP[name] for name in ("Upper-clothes", "Coat", "Dress", "Jumpsuits", "Scarf")]
ARMS = [LIP["Left-arm"], LIP["Right-arm"], LIP["Glove"]]


def as_pascal(labels: np.ndarray) -> np.ndarray:
    """Head, torso with its outer fifths as upper arms, arms, the legs' halves: clothes are no parts of the body."""
    parts = np.zeros_like(labels)
    parts[np.isin(labels, HEAD)] = 1
    upper = np.isin(labels, UPPER)
    for row, inside in enumerate(upper):
        columns = np.flatnonzero(inside)
        side = len(columns) // 5
        parts[row, columns] = 2
        parts[row, [*columns[:side], *columns[len(columns) - side :]]] = 3
    parts[np.isin(labels, ARMS)] = 4
    lower = (parts == 0) & (labels > 0)
    rows = np.flatnonzero(lower.any(axis=1))
    if len(rows):
        middle = (rows[0] + rows[-1] + 1) // 2
        parts[:middle][lower[:middle]] = 5
        parts[middle:][lower[middle:]] = 6
    return parts


def from_behind(labels: np.ndarray) -> np.ndarray:
    return np.where(labels == LIP["Face"], LIP["Hair"], labels)


def behind_a_post(labels: np.ndarray) -> np.ndarray:
    return np.where(np.arange(labels.shape[1]) < labels.shape[1] // 2, 0, labels)


def behind_a_wall(labels: np.ndarray) -> np.ndarray:
    rows = np.arange(len(labels))[:, None]
    return np.where((rows >= len(labels) // 3) & (rows < 2 * len(labels) // 3), 0, labels)


MADE_IN: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "lip": lambda labels: labels,
    "atr": lambda labels: convert_labels(labels, "lip", "atr", fallback="Left-shoe"),
    "pascal": as_pascal,
}
VIEWS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "whole": lambda labels: labels,
    "from behind": from_behind,
    "behind a post": behind_a_post,
    "behind a wall": behind_a_wall,
    "without feet": lambda labels: labels[: len(labels) * 8 // 10],
    "above the waist": lambda labels: labels[: len(labels) // 2],
    "below the waist": lambda labels: labels[len(labels) // 2 :],
    "above the waist, from behind": lambda labels: from_behind(labels[: len(labels) // 2]),
}


def main(folder: str, draws: int, sizes: list[int]) -> int:
    maps = [read_label_png(path) for path in sorted(Path(folder).rglob("*.png"))]
    print(f"{len(maps):,} maps, per cent: those that cannot be of a system; of {draws} draws of each of {sizes} maps,")
    print("wrong readings that are named rightly, and right ones that are refused.\n")
    print(f"| made in | seen | {' | '.join(f'as {name}' for name in LABEL_SYSTEMS)} | named | refused |")
    print("| --- " * (4 + len(LABEL_SYSTEMS)) + "|")
    random = np.random.default_rng(0)
    for view, see in VIEWS.items():
        for made_in, make in MADE_IN.items():
            statistics = [map_statistics(make(see(labels))) for labels in maps]
            people = [of_map for of_map in statistics if any(of_map.labels)]
            shares = [f"{100 * impossible_share(people, system):.1f}" for system in LABEL_SYSTEMS.values()]
            named, refused = drawn(people, made_in, random, draws, sizes)
            print(f"| {made_in} | {view} | {' | '.join(shares)} | {100 * named:.1f} | {100 * refused:.1f} |")
    return 0


def drawn(
    people: list[MapStatistics], made_in: str, random: np.random.Generator, draws: int, sizes: list[int]
) -> tuple[float, float]:
    """Shares of the wrong readings that are named rightly and of the right ones that are refused."""
    named, refused = [], []
    for size in sizes:
        for _ in range(draws):
            picked = [people[index] for index in random.choice(len(people), size, replace=False)]
            for name, system in LABEL_SYSTEMS.items():
                found = misreading(picked, system)
                fitting = None if found is None or found.fitting is None else found.fitting.name
                if name == made_in:
                    refused.append(fitting is not None)
                else:
                    named.append(fitting == made_in)
    return float(np.mean(named)), float(np.mean(refused))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", help="LIP maps, such as those of rendered people")
    parser.add_argument("--draws", type=int, default=200, help="of each size")
    parser.add_argument("--sizes", type=int, nargs="+", default=[5, 8, 32], help="maps a draw")
    args = parser.parse_args()
    sys.exit(main(args.folder, args.draws, args.sizes))
