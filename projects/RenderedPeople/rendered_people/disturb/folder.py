"""A benchmark's folder once more, with its evaluation images made harder and all else linked."""

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from PIL import Image
from tqdm import tqdm

from rendered_people.clothes.unseen import LOOKS, UnseenLooks
from rendered_people.disturb.kinds import KINDS, STRENGTHS
from rendered_people.disturb.parts import SITES, parts_of
from rendered_people.errors import RenderingError
from rendered_people.folder.checksums import digest, file_hashes
from rendered_people.folder.files import Shelf, encoded
from rendered_people.folder.lock import locked
from rendered_people.folder.manifest import Manifest, check_manifest, new_manifest, read_manifest, write_manifest
from rendered_people.folder.parameters import BenchmarkParameters
from rendered_people.folder.shots import FilePair, Shot
from rendered_people.folder.sites import benchmark_sites
from rendered_people.folder.workers import checked_workers, render_shots
from rendered_people.person.body import require_anny
from rendered_people.seeding import stream


def disturb(
    source: str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    kind: str,
    strength: int,
    seed: int = 0,
    layouts: Sequence[str] | None = None,
    sites: str = "all",
    workers: int | None = None,
    progress: bool = True,
) -> Manifest:
    """Writes a benchmark's folder once more, with its evaluation images, queries and gallery, made harder.

    The layouts are the source's, so that what reads the one reads the other. Training images, and what else stays as
    it is, are links to the source. Nothing is rendered but unseen hair and hats. Everything follows from the source and
    the arguments; an interrupted run goes on where it was, a finished folder is checked and returned.

    Args:
        source: Path of a finished benchmark, in a folder of files.
        output: Path of the folder to write.
        kind: One of KINDS.
        strength: 1, 2 or 3.
        seed: 0 or more; what is drawn follows from it.
        layouts: Those of the source to write; None: all.
        sites: Whose evaluation images to write: of "all", "seen" or "unseen" sites; the others are left out.
        workers: Processes that render, all cores by default.
        progress: Whether to show a progress bar.

    Returns:
        The manifest of the output; its "digest" is over what was written anew.

    Raises:
        RenderingError: An argument is out of range; the source is no finished benchmark of this version; the output
            holds something else; another process writes into it.
        ImportError: People are rendered, and the package `anny` is missing.
        OSError: A file cannot be read, or the output not be written to.
    """
    workers = checked_workers(workers)
    _require("kind", kind, KINDS)
    _require("strength", strength, STRENGTHS)
    _require("sites", sites, SITES)
    if not isinstance(seed, int) or seed < 0:
        raise RenderingError(f"seed is {seed!r}; it must be a whole number, 0 or more")
    origin, shelf = Shelf(source), Shelf(output)
    told, whole = _finished(origin)
    if origin.root.resolve() in (shelf.root.resolve(), *shelf.root.resolve().parents):
        raise RenderingError(f"the output {shelf.root} is in the source {origin.root}; name a folder beside it")
    parameters = _of_layouts(whole, layouts)
    manifest = _open_manifest(
        shelf,
        new_manifest(parameters),
        {"kind": kind, "strength": strength, "seed": seed, "sites": sites, "source": told["digest"]},
    )
    looks = UnseenLooks(kind, strength / len(STRENGTHS), seed) if kind in LOOKS else None
    parts = parts_of(parameters, KINDS[kind], sites, looks)
    if _is_whole(shelf, manifest, parts.written, parts.links):
        return manifest
    if looks is not None:
        require_anny()
    with locked(shelf):
        shelf.sweep()
        again = manifest["complete"]
        manifest["complete"] = False
        write_manifest(shelf, manifest)
        for path in parts.links:
            _link(origin, shelf, path)
        for path, content in parts.small.items():
            shelf.write(path, content)
        written = set(parts.written)
        missing = {
            shot: pairs
            for shot, pairs in parts.changed.items()
            if again or not all(shelf.is_whole_image(path) for pair in pairs for path in pair if path in written)
        }
        with tqdm(total=len(missing), desc=f"{kind} {strength}", unit="image", disable=not progress) as bar:
            if looks is not None:
                for finished in render_shots(parameters, shelf.root, missing, workers, looks):
                    bar.update(finished)
            else:
                seeds = [site.seed for site in benchmark_sites(parameters)]
                for shot, pairs in missing.items():
                    for pair in pairs:
                        _spoil(origin, shelf, pair, shot, seeds[shot.site], manifest["disturbance"])
                    bar.update()
        manifest.update(complete=True, images=len(parts.changed), digest=digest(file_hashes(shelf, parts.written)))
        write_manifest(shelf, manifest)
    return manifest


def _require(name: str, value: object, known: Sequence[object] | Mapping[str, object]) -> None:
    if value not in known:
        raise RenderingError(f"{name} is {value!r}; it must be one of {', '.join(map(str, known))}")


def _finished(origin: Shelf) -> tuple[Manifest, BenchmarkParameters]:
    manifest = read_manifest(origin)
    if manifest is None or not manifest["complete"]:
        raise RenderingError(f"{origin.root} holds no finished benchmark; render one there first")
    if "disturbance" in manifest:
        raise RenderingError(f"{origin.root} is disturbed itself; name the folder that it was made from")
    try:
        parameters = BenchmarkParameters(**manifest["parameters"])
    except TypeError as error:
        raise RenderingError(f"{origin.root} was rendered by another version of this package ({error})") from error
    check_manifest(origin, manifest, parameters)
    if parameters.shards:
        raise RenderingError(f"{origin.root} is written in shards; render it without --shards to disturb it")
    return manifest, parameters


def _of_layouts(parameters: BenchmarkParameters, layouts: Sequence[str] | None) -> BenchmarkParameters:
    if layouts is None:
        return parameters
    chosen = replace(parameters, layouts=tuple(layouts))
    if not set(chosen.layouts) <= set(parameters.layouts):
        raise RenderingError(
            f"layouts are {', '.join(chosen.layouts)}; the source has {', '.join(parameters.layouts)} alone"
        )
    return chosen


def _open_manifest(shelf: Shelf, manifest: Manifest, disturbance: dict[str, Any]) -> Manifest:
    found = read_manifest(shelf)
    if found is None:
        if not shelf.is_empty():
            raise RenderingError(f"{shelf.root} is not empty and holds no disturbed benchmark; name a new folder")
        return {**manifest, "disturbance": disturbance}
    asked = {"disturbance": disturbance, "parameters": manifest["parameters"]}
    if any(found.get(key) != value for key, value in asked.items()):
        raise RenderingError(
            f"{shelf.root} holds another benchmark (its disturbance is {found.get('disturbance')}, asked for is "
            f"{disturbance}; or its layouts are others); nothing was changed: name another output folder, or remove "
            "this one first"
        )
    return found


def _is_whole(shelf: Shelf, manifest: Manifest, written: Sequence[str], links: Sequence[str]) -> bool:
    if not manifest["complete"] or not all((shelf.root / path).exists() for path in links):
        return False
    return digest(file_hashes(shelf, written)) == manifest["digest"]


def _link(origin: Shelf, shelf: Shelf, relative: str) -> None:
    there, here = origin.root.resolve() / relative, shelf.root.resolve() / relative
    if here.exists():
        return
    here.parent.mkdir(parents=True, exist_ok=True)
    here.unlink(missing_ok=True)
    try:
        # Relative, so that both folders may be moved together.
        here.symlink_to(os.path.relpath(there, here.parent), target_is_directory=there.is_dir())
    except OSError:
        # A file system without links.
        if there.is_dir():
            shutil.copytree(there, here)
        else:
            shutil.copyfile(there, here)


def _spoil(
    origin: Shelf, shelf: Shelf, pair: FilePair, shot: Shot, site_seed: int, disturbance: Mapping[str, Any]
) -> None:
    """Writes what changes of an image and its map.

    What is drawn is the shot's, whichever layout shows it, and the same at every strength.
    """
    kind = KINDS[disturbance["kind"]]
    assert kind.spoil is not None, "people who look different are rendered"
    place = (shot.person, shot.outfit, shot.camera, shot.frame, int(shot.walks))
    rng = stream(site_seed, f"disturbance {disturbance['kind']}", disturbance["seed"], *place)
    image_path, parsing_path = pair
    image, labels = kind.spoil(
        _pixels(origin, image_path, "RGB"), _pixels(origin, parsing_path, "L"), rng, disturbance["strength"]
    )
    if kind.changes_map:
        shelf.write(parsing_path, encoded(labels, ".png"))
    if kind.changes_image:
        shelf.write(image_path, encoded(image, os.path.splitext(image_path)[1]))


def _pixels(origin: Shelf, relative: str, mode: str) -> np.ndarray:
    path = origin.root / relative
    try:
        with Image.open(path) as image:
            return np.asarray(image.convert(mode))
    except (OSError, SyntaxError, ValueError) as error:
        raise RenderingError(f"{path} is missing or damaged ({error}); render into that folder again") from error
