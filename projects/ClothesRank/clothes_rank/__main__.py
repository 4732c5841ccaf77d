"""Scores anybody's features: ``python -m clothes_rank FILE.npz``."""

import argparse
import json
import sys
from typing import Any

import numpy as np

from .camera_centering import center_by_camera
from .feature_files import COLUMNS, KEYS, FeatureFile, FeatureFileError, read_feature_file
from .inputs import METRICS
from .modes import CLOTHES_MODES, MODES
from .report import RANKS, Figures, table
from .rerank import rerank
from .retrieval import Retrieval

_REFUSED = 2
_PROTOCOLS = {
    "multi-shot": "the whole gallery",
    "single-shot": "one random gallery image a person",
}


def arguments(given: list[str] | None = None) -> argparse.Namespace:
    """The command line, of sys.argv where it is not given."""
    modes = "\n".join(
        f"  {mode.name:<16} match: {mode.match.text}; taken out: {mode.removed.text}" for mode in CLOTHES_MODES.values()
    )
    parser = argparse.ArgumentParser(
        prog="python -m clothes_rank",
        description="Scores features in every clothes-aware mode, with what a random ranking would reach beside it.",
        epilog=f"keys of an .npz:\n  {', '.join(KEYS[:4])},\n  {', '.join(KEYS[4:])}\n"
        f"columns of a table beside an .npy:\n  {', '.join(COLUMNS)}\n"
        f"Cameras and clothes may be absent; what they decide is then told or left out.\n"
        f"modes, for the images of the query's person:\n{modes}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", metavar="FILE", help=".npz with features and labels, or .npy with features, (N, D)")
    parser.add_argument("--labels", metavar="FILE", help="table of the .npy's rows (default: the one beside it)")
    parser.add_argument("--modes", nargs="+", choices=MODES, help="(default: all that the labels allow)")
    parser.add_argument("--metric", choices=METRICS, default="cosine")
    parser.add_argument("--protocol", choices=tuple(_PROTOCOLS), default="multi-shot")
    parser.add_argument("--draws", type=_at_least_one, default=10, help="galleries of single-shot (default: 10)")
    parser.add_argument("--seed", type=_not_negative, default=0, help="of the draws (default: 0)")
    parser.add_argument(
        "--center-cameras", action="store_true", help="also with each camera's mean taken out, in rows of that name"
    )
    parser.add_argument("--rerank", action="store_true", help="also re-rank (k-reciprocal), in rows of that name")
    parser.add_argument("--k1", type=_at_least_one, default=20, help="of re-ranking (default: 20)")
    parser.add_argument("--k2", type=_at_least_one, default=6, help="of re-ranking (default: 6)")
    parser.add_argument("--lambda", type=_share, default=0.3, dest="lambda_value", help="of re-ranking (default: 0.3)")
    parser.add_argument("--json", action="store_true", help="print JSON, in [0, 1], in the place of the table")
    options = parser.parse_args(given)
    for name in ("rerank", "center_cameras"):
        if getattr(options, name) and options.protocol == "single-shot":
            option = name.replace("_", "-")
            parser.error(f"--{option} does not go with single-shot: images that were not drawn would have their part")
    return options


def main(options: argparse.Namespace) -> None:
    """Prints the scores of a file.

    Raises:
        FeatureFileError: the file cannot be scored.
    """
    found = read_feature_file(options.file, options.labels)
    try:
        retrieval = Retrieval(
            found.query_features,
            found.gallery_features,
            found.query_labels,
            found.gallery_labels,
            metric=options.metric,
        )
    except (TypeError, ValueError) as error:
        raise FeatureFileError(f"{options.file}: {error}") from error
    modes = _modes(options.modes, found)
    if options.center_cameras and not found.has_cameras:
        raise FeatureFileError(f"{options.file}: --center-cameras needs camera labels, which the file does not hold")
    figures = _figures(retrieval, found, modes, options)
    notes = _notes(found, figures, asked=options.modes is not None)
    protocol = _protocol(options)
    if options.json:
        print(json.dumps(_as_json(options.file, found, protocol, notes, figures), indent=2, allow_nan=False))
        return
    (num_query, dim), num_gallery = found.query_features.shape, len(found.gallery_features)
    print(f"{options.file}: queries {num_query}, gallery images {num_gallery}, dimensions {dim}")
    words = [f"{options.protocol} ({_PROTOCOLS[options.protocol]}"]
    words[0] += f", {options.draws} draws, seed {options.seed})" if options.protocol == "single-shot" else ")"
    words.append(f"{options.metric} distance")
    if options.center_cameras:
        words.append("camera-centered rows less each camera's mean over queries and gallery")
    if options.rerank:
        words.append(f"re-ranked rows with k1 {options.k1}, k2 {options.k2}, lambda {options.lambda_value:g}")
    print(f"protocol: {', '.join(words)}; per cent")
    for note in notes:
        print(f"note: {note}")
    print(f"\n{table(figures, options.protocol)}")


def _modes(asked: list[str] | None, found: FeatureFile) -> list[str]:
    known = {"camera"} | ({"clothes"} if found.has_clothes else set())
    allowed = [name for name, mode in CLOTHES_MODES.items() if known >= set(mode.columns)]
    refused = [name for name in asked or () if name not in allowed]
    if refused:
        raise FeatureFileError(f"mode {refused[0]} needs clothes labels, which the file does not hold")
    return asked or allowed


def _figures(
    retrieval: Retrieval, found: FeatureFile, modes: list[str], options: argparse.Namespace
) -> dict[str, list[Figures]]:
    if options.protocol == "single-shot":
        drawn = retrieval.single_shot(
            modes, max_rank=RANKS[-1], draws=options.draws, seed=options.seed, chance_ranks=RANKS
        )
        return {name: [Figures.of("", of), Figures.of_chance(of.chance)] for name, of in drawn.items()}
    chance = retrieval.chance(modes, ranks=RANKS)
    figures = {
        name: [Figures.of("", of), Figures.of_chance([chance[name]])]
        for name, of in retrieval.rank(modes, max_rank=RANKS[-1]).items()
    }
    if options.center_cameras:
        assert found.query_labels.camids is not None
        assert found.gallery_labels.camids is not None
        sides = center_by_camera(
            found.query_features,
            found.gallery_features,
            np.asarray(found.query_labels.camids),
            np.asarray(found.gallery_labels.camids),
            metric=options.metric,
        )
        centered = Retrieval(*sides, found.query_labels, found.gallery_labels, metric=options.metric)
        for name, of in centered.rank(modes, max_rank=RANKS[-1]).items():
            figures[name].append(Figures.of("camera-centered", of))
    if options.rerank:
        distances = rerank(
            found.query_features,
            found.gallery_features,
            k1=options.k1,
            k2=options.k2,
            lambda_value=options.lambda_value,
            metric=options.metric,
        )
        again = Retrieval.from_distances(distances, found.query_labels, found.gallery_labels)
        for name, of in again.rank(modes, max_rank=RANKS[-1]).items():
            figures[name].append(Figures.of("re-ranked", of))
    return figures


def _notes(found: FeatureFile, figures: dict[str, list[Figures]], *, asked: bool) -> list[str]:
    notes = []
    if not found.has_cameras:
        notes.append(
            "no camera labels: every image counts as seen by a camera of its own, so that nothing is taken out for "
            "sharing the query's, not even the query itself where the gallery holds it"
        )
    if not found.has_clothes and not asked:
        notes.append("no clothes labels: same_clothing and clothing_change are left out")
    notes += [
        f"no query has a match in {name} mode: there is nothing to score"
        for name, (scored, *_) in figures.items()
        if scored.counts and scored.counts[0] == 0
    ]
    if found.unused:
        notes.append(f"not used: {', '.join(found.unused)}")
    return notes


def _protocol(options: argparse.Namespace) -> dict[str, Any]:
    protocol: dict[str, Any] = {"name": options.protocol, "metric": options.metric}
    if options.protocol == "single-shot":
        protocol |= {"draws": options.draws, "seed": options.seed}
    if options.center_cameras:
        protocol["camera-centering"] = True
    if options.rerank:
        protocol["re-ranking"] = {"k1": options.k1, "k2": options.k2, "lambda": options.lambda_value}
    return protocol


def _as_json(
    file: str, found: FeatureFile, protocol: dict[str, Any], notes: list[str], figures: dict[str, list[Figures]]
) -> dict[str, Any]:
    return {
        "file": file,
        "queries": len(found.query_features),
        "gallery_images": len(found.gallery_features),
        "dimensions": found.query_features.shape[1],
        "protocol": protocol,
        "notes": notes,
        "modes": {name: {of.name or "plain": of.as_json() for of in of_mode} for name, of_mode in figures.items()},
    }


def _at_least_one(text: str) -> int:
    return _number(text, 1)


def _not_negative(text: str) -> int:
    return _number(text, 0)


def _number(text: str, least: int) -> int:
    try:
        number = int(text)
    except ValueError:
        number = least - 1
    if number < least:
        raise argparse.ArgumentTypeError(f"{text!r}, expected a whole number of at least {least}")
    return number


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0.0 <= share <= 1.0:
        raise argparse.ArgumentTypeError(f"{text!r}, expected a number from 0 to 1")
    return share


def _printable(text: str) -> str:
    # A file's name could hold control characters.
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


if __name__ == "__main__":
    try:
        main(arguments())
    except FeatureFileError as refused:
        print(f"error: {_printable(str(refused))}", file=sys.stderr)
        sys.exit(_REFUSED)
