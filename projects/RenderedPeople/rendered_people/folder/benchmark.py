"""Renders a whole benchmark into a folder: resumable, on all cores, the same bytes for the same parameters."""

import os
import shutil
import warnings
from typing import Any

from tqdm import tqdm

from rendered_people.errors import RenderingError
from rendered_people.folder.checksums import FILE_NAME as CHECKSUMS
from rendered_people.folder.checksums import digest, file_hashes, read_checksums, write_checksums
from rendered_people.folder.contact_sheet import write_contact_sheet
from rendered_people.folder.data_card import write_data_card
from rendered_people.folder.files import Shelf
from rendered_people.folder.layouts import information_files, planned_files
from rendered_people.folder.lock import locked_and_swept
from rendered_people.folder.manifest import (
    NAME,
    Manifest,
    open_manifest,
    refuse_other_digest,
    warn_of_other_libraries,
    write_manifest,
)
from rendered_people.folder.parameters import BenchmarkParameters
from rendered_people.folder.sharded import fill_with_shards
from rendered_people.folder.shots import FilePair, Shot
from rendered_people.folder.small_files import small_files
from rendered_people.folder.workers import checked_workers, render_shots
from rendered_people.person.body import require_anny

Plan = dict[Shot, list[FilePair]]

# Bytes a pixel that no rendering stays below, at any size: what surely does not fit is refused before work is spent.
_LEAST_BYTES = {".jpg": 0.07, ".png": 0.35, "map": 0.005}


def render_benchmark(
    output: str | os.PathLike[str], *, workers: int | None = None, progress: bool = True, **parameters: Any
) -> Manifest:
    """Renders people in several outfits before several cameras, with parsing maps, in the field's folder layouts.

    An interrupted run goes on where it was; a finished folder is recognised, checked and returned. What is missing
    from it or damaged is rendered again.

    Args:
        output: Path of the folder to write.
        workers: Processes, all cores by default; the bytes do not depend on it.
        progress: Whether to show a progress bar.
        **parameters: See BenchmarkParameters.

    Returns:
        The folder's manifest.

    Raises:
        RenderingError: A parameter is out of range; the folder holds something else, or a benchmark of other
            parameters; another process renders into it; it lacks the space; a worker process died. A ValueError.
        ImportError: The package `anny` is missing.
        OSError: The folder cannot be written to.
    """
    checked = BenchmarkParameters(**parameters)
    workers = checked_workers(workers)
    shelf = Shelf(output)
    if checked.shards:
        return fill_with_shards(shelf, checked, workers, progress)
    plan = planned_files(checked)
    manifest = open_manifest(shelf, checked)
    if _lost_images(shelf, checked, plan, manifest):
        require_anny()
    elif manifest["complete"] and all(shelf.holds(*file) for file in small_files(checked).items()):
        return manifest
    with locked_and_swept(shelf):
        return _fill(shelf, checked, plan, workers, progress)


def _fill(shelf: Shelf, parameters: BenchmarkParameters, plan: Plan, workers: int, progress: bool) -> Manifest:
    """Renders what is missing of a folder that is ours alone."""
    manifest = open_manifest(shelf, parameters)
    lost = _lost_images(shelf, parameters, plan, manifest)
    missing = {shot: pairs for shot, pairs in plan.items() if any(path in lost for pair in pairs for path in pair)}
    other_libraries = bool(missing) and warn_of_other_libraries(shelf, manifest)
    _require_space(shelf, parameters, missing)
    if manifest["complete"] and lost:
        warnings.warn(
            f"{len(lost)} of {2 * sum(map(len, plan.values()))} images and maps in {shelf.root} are missing or not as "
            f"they were rendered (the first is {min(lost)}): they are rendered again",
            stacklevel=3,
        )
    write_manifest(shelf, manifest)
    for path, content in small_files(parameters).items():
        if not shelf.holds(path, content):
            shelf.write(path, content)
    bar = tqdm(total=len(plan), initial=len(plan) - len(missing), unit="image", disable=not (progress and missing))
    with bar:
        bar.set_description(f"{NAME}: loading the body model, a minute the first time")
        for finished in render_shots(parameters, shelf.root, missing, workers):
            bar.set_description(NAME, refresh=False)
            bar.update(finished)
    hashes = file_hashes(shelf, _digested(parameters, plan))
    after = digest(hashes)
    refuse_other_digest(shelf, manifest, after, other_libraries=other_libraries)
    manifest.update(complete=True, images=len(plan), digest=after)
    write_checksums(shelf, hashes)
    write_contact_sheet(shelf, parameters, plan)
    write_data_card(shelf, parameters, manifest)
    write_manifest(shelf, manifest)
    return manifest


def _digested(parameters: BenchmarkParameters, plan: Plan) -> list[str]:
    """Relative paths of the files that the digest speaks of."""
    return [*(path for files in plan.values() for pair in files for path in pair), *information_files(parameters)]


def _lost_images(shelf: Shelf, parameters: BenchmarkParameters, plan: Plan, manifest: Manifest) -> set[str]:
    """Relative paths of the images and maps that are missing or damaged.

    In a finished folder every byte is compared with what was rendered; in an unfinished one, where a power cut may have
    left empty files, every image has to begin and end as its format does.
    """
    paths = _digested(parameters, plan)
    rendered: dict[str, str] = {}
    found: dict[str, str] = {}
    if manifest["complete"]:
        found = file_hashes(shelf, paths)
        if digest(found) == manifest["digest"]:
            return set()
        rendered = read_checksums(shelf)
    small = information_files(parameters)
    # Folders of earlier versions have no checksums; those of a folder that was tampered with prove nothing.
    if rendered and digest({path: rendered.get(path, "") for path in paths}) == manifest["digest"]:
        return {path for path in paths if path not in small and found.get(path) != rendered[path]}
    lost = {path for path in paths if path not in small and not shelf.is_whole_image(path)}
    if manifest["complete"] and not lost and all(shelf.holds(*file) for file in small.items()):
        raise RenderingError(
            f"images in {shelf.root} are not as they were rendered, and no {CHECKSUMS} of theirs says which; "
            "remove the folder and render again"
        )
    return lost


def _require_space(shelf: Shelf, parameters: BenchmarkParameters, missing: Plan) -> None:
    """Raises RenderingError where the disk has not even the least that the missing files take."""
    # Of varied sites the smallest may have a sixth of the pixels.
    pixels = parameters.height * parameters.width / (6 if parameters.varied_sites else 1)
    images = [image for files in missing.values() for image, _ in files]
    least = sum(pixels * (_LEAST_BYTES[os.path.splitext(image)[1]] + _LEAST_BYTES["map"]) for image in images)
    total, _, free = shutil.disk_usage(shelf.root)
    # Some file systems do not say what they hold.
    if total and free < least:
        raise RenderingError(
            f"{len(images):,} images and their maps need more than {least / 1e6:,.0f} MB, and {shelf.root} has "
            f"{free / 1e6:,.0f} MB left; name a folder on another disk, or free some space"
        )
