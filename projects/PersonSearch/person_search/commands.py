"""python -m person_search index | search | serve | stats | remove | calibrate."""

import argparse
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
from tqdm import tqdm

from .calibration import RATES, calibrate
from .decisions import KINDS, Decisions, Identification, keep
from .embedding import EmbedderOptions
from .endings import printable, run
from .errors import ModelFileError, PhotoError, require_package
from .gallery import Gallery, Hit, Report
from .indexing import IndexSummary, Labeller, index_folder
from .labels import TEXT_LABELS, LabelPattern, PhotoLabels, clean_label, read_label_table
from .maps import MapFolder, ParserMaps
from .model import load_model
from .open_set import identification
from .photos import read_photo
from .ray_engine import index_folder_with_ray

#: Pictures above which indexing makes an index; what that gains and costs is measured in the README.
INDEX_ABOVE = 200_000


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command to its exit code.

    Args:
        arguments: of the command line; None: this process's own.
    """
    options = parser().parse_args(arguments)
    return run(options.command, options)


# --- index


def index(options: argparse.Namespace) -> int:
    """Adds a folder's photos to a gallery; 1 where photos could not be read."""
    chosen = _embedder_options(options)
    embedder = chosen.build()
    labeller, paths = _labeller(options)
    how: dict[str, Any] = {"paths": paths, "batch_size": options.batch_size, "workers": options.workers}
    if options.maps is not None and os.path.isdir(options.maps):
        how["leave_out"] = options.maps
    with Gallery(options.gallery, embedder.model, name=options.name) as gallery:
        if options.engine == "ray":
            summary = index_folder_with_ray(gallery, options.folder, chosen, labeller, **how)
        else:
            summary = index_folder(gallery, options.folder, embedder, labeller, **how)
        _print_summary(summary)
        _keep_index(gallery, options.index_above)
        _finish_erasing(gallery)
        print(f"{len(gallery):,} pictures in {printable(options.gallery)}")
    return 1 if summary.failed else 0


def _labeller(options: argparse.Namespace) -> tuple[Labeller, list[str] | None]:
    """What says the labels, and the photos of the table where there is one."""
    pattern = None if options.pattern is None else LabelPattern(options.pattern)
    table = None if options.labels is None else read_label_table(options.labels)
    constant = PhotoLabels(camera=clean_label(options.camera, "--camera"))

    def labels_of(path: str) -> PhotoLabels:
        labels = PhotoLabels() if table is None else table[path]
        if pattern is not None:
            labels = labels.or_else(pattern(path))
        return labels.or_else(constant)

    return labels_of, None if table is None else list(table)


def _print_summary(summary: IndexSummary) -> None:
    for message in summary.failed:
        print(printable(message), file=sys.stderr)
    new, changed, present = summary.added
    print(
        f"{new:,} pictures new, {changed:,} with other labels than before, {present:,} there already, "
        f"{len(summary.failed):,} photos not read"
    )


def _keep_index(gallery: Gallery, above: int) -> None:
    stats = gallery.stats()
    # What is added later is indexed too; what it finds is measured again when the gallery has doubled.
    if stats.pictures > above and (stats.index is None or stats.pictures >= 2 * stats.index.pictures):
        print(f"{stats.pictures:,} pictures are more than {above:,}: making an index (--index-above)")
        index = gallery.build_index()
        print(f"{index.kind} finds {100 * index.recall:.2f} % of the 10 nearest, over {index.queries} pictures")


def _finish_erasing(gallery: Gallery) -> None:
    if gallery.stats().to_erase:
        with _progress("erasing what was removed", len(gallery)) as report:
            gallery.erase(report)


# --- search


def search(options: argparse.Namespace) -> int:
    """Prints the pictures most similar to a photo."""
    embedder = _embedder_options(options).build()
    photo = read_photo(options.photo)
    done = embedder([photo], [os.path.basename(options.photo)])
    if done.failed:
        raise PhotoError(done.failed[0])
    with Gallery(options.gallery, embedder.model, name=options.name) as gallery:
        hits = gallery.search(
            done.vectors[0],
            top=options.top,
            cameras=options.cameras,
            not_cameras=options.not_cameras,
            since=options.since,
            until=options.until,
            clothes=options.clothes,
            not_clothes=options.not_clothes,
        )
        pictures = len(gallery)
    if options.json:
        print(json.dumps([_as_json(hit) for hit in hits], indent=2))
    else:
        _print_hits(hits, embedder.model.decisions, pictures, options.model)
    return 0


def _as_json(hit: Hit) -> dict[str, Any]:
    picture = hit.picture
    return {
        "id": picture.id,
        "score": hit.score,
        "decision": hit.decision,
        "source": picture.source,
        "time": None if picture.time is None else picture.time.isoformat(),
        **{name: getattr(picture, name) for name in TEXT_LABELS},
    }


def _print_hits(hits: list[Hit], decisions: Decisions | None, pictures: int, model: str) -> None:
    rows: list[tuple[str, ...]] = [("", "score", "", "camera", "time", "person", "clothes", "photo")]
    for rank, hit in enumerate(hits, 1):
        picture = hit.picture
        time = "" if picture.time is None else f"{picture.time:%Y-%m-%d %H:%M:%S}"
        texts = (picture.camera, time, picture.person, picture.clothes, picture.source or picture.id)
        rows.append((str(rank), f"{hit.score:.3f}", hit.decision or "", *(printable(text or "") for text in texts)))
    _print_table(rows)
    if not hits:
        print("no picture of the gallery passes these filters")
    if decisions is None:
        print(
            f"\nWhat a score means is not known for this model: label people and run python -m person_search calibrate "
            f"--model {printable(model)} --gallery ..."
        )
    else:
        print()
        for sentence in decisions.sentences(pictures):
            print(printable(sentence))


def _print_table(rows: list[tuple[str, ...]]) -> None:
    """Rows of text under each other; columns without any text are left out."""
    columns = [column for column in zip(*rows, strict=True) if any(column[1:])]
    widths = [max(map(len, column)) for column in columns]
    for row in zip(*columns, strict=True):
        print("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())


# --- serve


def serve(options: argparse.Namespace) -> int:
    """Serves the search page until it is interrupted."""
    for package in ("fastapi", "uvicorn", "python_multipart"):
        require_package(package, "search", "The page")
    from .page.app import create_app
    from .page.service import SearchService
    from .page.serving import bound_socket, serve_app, token_for

    chosen = _embedder_options(options)
    token = token_for(options.host)
    # First: a model takes its time to be loaded.
    with bound_socket(options.host, options.port) as bound:
        model = load_model(chosen.model, config=chosen.config, device=chosen.device)
        maps = MapFolder(chosen.maps, chosen.map_system) if model.needs_maps and chosen.maps is not None else None
        parser = ParserMaps(chosen.parser, chosen.device) if model.needs_maps and chosen.parser is not None else None
        with Gallery(options.gallery, model, name=options.name) as gallery:
            app = create_app(SearchService(gallery, model, maps, parser), token)
            serve_app(app, bound, options.host, token, options.open)
    return 0


# --- stats


def stats(options: argparse.Namespace) -> int:
    """Prints what is known of a gallery."""
    with Gallery(options.gallery, name=options.name) as gallery:
        known = gallery.stats()
        days = f"{known.days[0]} to {known.days[-1]}, {len(known.days)} days" if known.days else "unknown"
        if known.index is None:
            index = "none, every search compares all pictures"
        else:
            index = (
                f"{known.index.kind}, finds {100 * known.index.recall:.2f} % of the 10 nearest (measured over "
                f"{known.index.queries} of {known.index.pictures:,} pictures)"
            )
        lines = {
            "pictures": f"{known.pictures:,}",
            "model": f"{known.fingerprint[:12]}, vectors of {known.dim}",
            "cameras": ", ".join(known.cameras) or "unknown",
            "days": days,
            "folders": ", ".join(known.folders) or "none",
            "index": index,
        }
        for name, text in lines.items():
            print(f"{name:<10}{printable(text)}")
        if known.to_erase:
            print("Bytes of removed pictures still lie in the file: run python -m person_search remove --finish")
        if options.by is not None:
            with _progress("counting", known.pictures) as report:
                counts = gallery.count_by(options.by, report)
            found = ((printable(value or "unknown"), f"{count:,}") for value, count in counts.items())
            _print_table([(options.by, "pictures"), *found])
    return 0


# --- remove


def remove(options: argparse.Namespace) -> int:
    """Removes pictures; 1 where there were none to remove."""
    with Gallery(options.gallery, name=options.name) as gallery:
        if options.finish:
            _finish_erasing(gallery)
            return 0
        removed = gallery.remove(options.id, person=options.person, source=options.source, erase=False)
        what = next(
            text
            for value, text in (
                (options.person, f"person {options.person!r}"),
                (options.source, f"photo {options.source!r}"),
                (options.id, "these ids"),
            )
            if value is not None
        )
        if not removed:
            print(f"There is no picture of {printable(what)} in {printable(options.gallery)}: nothing was removed")
            return 1
        print(f"{removed:,} pictures of {printable(what)} removed, {len(gallery):,} left")
        if options.later:
            print("Their bytes still lie in the file: run python -m person_search remove --finish")
            return 0
        _tell_cost(gallery)
        _finish_erasing(gallery)
    return 0


def _tell_cost(gallery: Gallery) -> None:
    """Before it begins: it may take minutes."""
    index = gallery.stats().index
    if index is not None and gallery.lite:
        took = "" if index.seconds is None else f" (that took {index.seconds:,.0f} s when it was made)"
        print(
            f"The file is written anew, and its index made anew{took}: neither may hold their vectors. To remove more "
            "than once, give --later each time, and --finish at the end.",
            flush=True,
        )


# --- calibrate


def calibrate_model(options: argparse.Namespace) -> int:
    """Measures on a gallery's labelled people which similarities mean something, and keeps it with the model."""
    model = load_model(options.model, config=options.config_file, device=options.device)
    with Gallery(options.gallery, model, name=options.name) as gallery:
        with _progress("reading", len(gallery)) as report:
            pictures, vectors = gallery.labelled(options.most, report)
        labels = (
            [str(picture.person) for picture in pictures],
            [picture.clothes for picture in pictures],
            [picture.camera for picture in pictures],
        )
        decisions = calibrate(
            vectors,
            *labels,
            fingerprint=gallery.space.fingerprint,
            rates=options.rates,
            # Without the folders above it: the page's visitors read it.
            source=f"{len(pictures):,} pictures of {os.path.basename(options.gallery)}",
        )
    _print_decisions(decisions)
    decisions = replace(decisions, identified=_identified(vectors, *labels))
    _print_identified(decisions.identified)
    print(f"\nkept in {printable(str(keep(decisions, options.model)))}")
    return 0


def _print_decisions(decisions: Decisions) -> None:
    print(
        f"{decisions.people:,} people; pairs: "
        + ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in decisions.pairs.items())
    )
    kinds = [kind for kind in KINDS if kind in decisions.accepted]
    rows = [("false positives", "similarity", *(f"found, {kind.replace('_', ' ')}" for kind in kinds))]
    for rate in sorted(decisions.similarity):
        found = (f"{100 * decisions.accepted[kind][rate]:.1f} %" for kind in kinds)
        rows.append((f"1 in {1 / rate:,.0f}", f"{decisions.similarity[rate]:.4f}", *found))
    _print_table(rows)
    print(
        f"same person: from {decisions.similarity[decisions.strictest_rate]:.4f}; unknown: below "
        f"{decisions.similarity[decisions.loosest_rate]:.4f}; uncertain: between"
    )


def _identified(
    vectors: np.ndarray, people: list[str], clothes: list[str | None], cameras: list[str | None]
) -> dict[str, dict[float, Identification]]:
    """How often a search ends rightly where the person may not be there; empty where it cannot be measured."""
    try:
        return identification(vectors, people, clothes, cameras)
    except ImportError as error:
        print(f"\nDetection and identification rates are left out ({error}): install PyTorch for them.")
        return {}


def _print_identified(found: Mapping[str, Mapping[float, Identification]]) -> None:
    """Figures of searches; those of pairs stand above them."""
    if not found:
        print("\nDetection and identification: too few people in known clothes to measure it")
        return
    print("\nDetection and identification: half of the people are missing from the gallery, at random, ten times")
    rows = [("false alarms", *(f"identified, {kind.replace('_', ' ')}" for kind in found))]
    for rate in next(iter(found.values())):
        figures = (found[kind][rate] for kind in found)
        rows.append(
            (f"{100 * rate:g} %", *(f"{100 * one.rate:.1f} % (chance {100 * one.chance:.2f} %)" for one in figures))
        )
    _print_table(rows)


# --- the command line


def parser() -> argparse.ArgumentParser:
    """The parser of all commands; each sets ``command``."""
    top = argparse.ArgumentParser(prog="python -m person_search", description="Finds people in a gallery by photo.")
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    one = _command(commands, "index", index, "add a folder of photos to a gallery")
    one.add_argument("folder", metavar="FOLDER", help="of photos, one person each")
    _add_gallery(one)
    _add_model(one)
    labels = one.add_argument_group("what is known of the photos")
    labels.add_argument(
        "--pattern",
        help="of their paths without ending: '{camera}/{person}_{clothes}_{time:%%Y%%m%%d-%%H%%M%%S}_{}', {tracklet}",
    )
    labels.add_argument(
        "--labels", metavar="CSV", help="table with the column path and camera, time, person, clothes, tracklet"
    )
    labels.add_argument("--camera", help="of all photos that say no other")
    how = one.add_argument_group("how")
    how.add_argument("--engine", choices=("local", "ray"), default="local", help="ray: on a cluster (default: local)")
    how.add_argument("--batch-size", type=positive, default=64, metavar="N", help="photos at once (default: 64)")
    how.add_argument(
        "--workers", type=positive, metavar="N", default=min(4, os.cpu_count() or 1),
        help="threads that read photos; with ray, models (default: %(default)s)",
    )  # fmt: skip
    how.add_argument(
        "--index-above", type=positive, default=INDEX_ABOVE, metavar="N",
        help="pictures above which an index (HNSW) takes the place of comparing all (default: %(default)s)",
    )  # fmt: skip

    one = _command(commands, "search", search, "find the pictures most similar to a photo")
    one.add_argument("photo", metavar="PHOTO")
    _add_gallery(one)
    _add_model(one)
    one.add_argument("--top", type=positive, default=10, metavar="N", help="how many (default: 10)")
    only = one.add_argument_group("only pictures")
    only.add_argument("--camera", dest="cameras", action="append", default=[], help="of this camera; again for more")
    only.add_argument(
        "--not-camera", dest="not_cameras", action="append", default=[], metavar="CAMERA", help="of others"
    )
    only.add_argument("--since", metavar="TIME", help="ISO 8601, UTC where no zone is said")
    only.add_argument("--until", metavar="TIME")
    only.add_argument("--clothes", action="append", default=[], help="in these clothes")
    only.add_argument("--not-clothes", action="append", default=[], metavar="CLOTHES", help="in others")
    one.add_argument("--json", action="store_true", help="print JSON")

    one = _command(commands, "serve", serve, "serve the search page")
    _add_gallery(one)
    _add_model(one)
    one.add_argument(
        "--host", default="127.0.0.1", metavar="ADDRESS",
        help="to listen at; beyond this machine visitors bring a token, PERSON_SEARCH_TOKEN or one made up (default: "
        "%(default)s)",
    )  # fmt: skip
    one.add_argument("--port", type=positive, default=8000, metavar="N", help="default: 8000")
    one.add_argument("--open", action="store_true", help="open it in a browser")

    one = _command(commands, "stats", stats, "print what is known of a gallery")
    _add_gallery(one)
    one.add_argument("--by", choices=TEXT_LABELS, help="count the pictures of each; reads the whole gallery")

    one = _command(commands, "remove", remove, "remove pictures, and their bytes from the file")
    _add_gallery(one)
    which = one.add_mutually_exclusive_group(required=True)
    which.add_argument("--person", help="all pictures labelled so")
    which.add_argument("--source", metavar="PHOTO", help="the picture of this file, its path as search prints it")
    which.add_argument("--id", nargs="+", help="the pictures of these ids")
    which.add_argument("--finish", action="store_true", help="finish an erasure that was cut off, or left for later")
    one.add_argument("--later", action="store_true", help="no search finds them, and their bytes go with --finish")

    one = _command(commands, "calibrate", calibrate_model, "measure which similarities mean the same person")
    _add_gallery(one)
    _add_model(one, maps=False)
    one.add_argument("--rates", type=float, nargs="+", default=RATES, metavar="R", help="false positive rates")
    one.add_argument("--most", type=positive, default=10_000, metavar="N", help="pictures at most (default: 10,000)")
    return top


def _command(commands: Any, name: str, function: Any, text: str) -> argparse.ArgumentParser:
    one: argparse.ArgumentParser = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
    one.set_defaults(command=function)
    return one


def _add_gallery(one: argparse.ArgumentParser) -> None:
    one.add_argument("--gallery", required=True, metavar="URI", help="file ending .db, or http://host:19530 of Milvus")
    one.add_argument("--name", default="people", help="of the gallery on it (default: people)")


def _add_model(one: argparse.ArgumentParser, *, maps: bool = True) -> None:
    group = one.add_argument_group("the model")
    group.add_argument("--model", required=True, metavar="FILE", help=".onnx, or a checkpoint .pth")
    group.add_argument("--config-file", metavar="FILE", help="of a checkpoint (default: config.yaml beside it)")
    group.add_argument("--device", help="cpu, cuda or cuda:<n> (default: CUDA where there is one)")
    if maps:
        group.add_argument("--maps", metavar="PATH", help="folder of parsing maps; for one photo, its map")
        group.add_argument("--map-system", metavar="NAME", help="label system of the maps (default: the model's)")
        group.add_argument("--parser", metavar="MODEL", help="makes the maps, in their place; see people_parsing")


def _embedder_options(options: argparse.Namespace) -> EmbedderOptions:
    if options.maps is not None and not os.path.exists(options.maps):
        raise ModelFileError(f"There is nothing at {options.maps}; name the folder of the maps.")
    return EmbedderOptions(
        model=options.model,
        config=options.config_file,
        device=options.device,
        maps=options.maps,
        map_system=options.map_system,
        parser=options.parser,
    )


@contextmanager
def _progress(what: str, total: int | None) -> Iterator[Report]:
    with tqdm(total=total, desc=what, unit="picture", leave=False, delay=0.5) as bar:

        def report(pictures: int) -> None:
            bar.update(pictures)

        yield report


def positive(text: str) -> int:
    """A number above 0, of an option."""
    if int(text) < 1:
        raise ValueError
    return int(text)
