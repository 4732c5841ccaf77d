"""Fills a folder with the shards of a benchmark: resumable, the same bytes, and what is damaged is named."""

import hashlib
import warnings
from collections.abc import Iterable, Mapping

from tqdm import tqdm

from rendered_people.folder.checksums import digest, read_checksums, write_checksums
from rendered_people.folder.data_card import write_data_card
from rendered_people.folder.files import Shelf
from rendered_people.folder.label_system import label_system_files
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
from rendered_people.folder.shards import (
    INDEX,
    INFORMATION,
    Chunk,
    ShardWriter,
    is_whole_shard,
    planned_chunks,
    write_index,
)
from rendered_people.folder.small_files import small_files
from rendered_people.folder.workers import render_shards
from rendered_people.person.body import require_anny


def fill_with_shards(shelf: Shelf, parameters: BenchmarkParameters, workers: int, progress: bool) -> Manifest:
    """Renders what is missing of a benchmark in shards; arguments and errors as `render_benchmark`.

    Returns:
        The manifest; its digest is that of the same benchmark in a folder of files.
    """
    chunks = {chunk: chunk.shards(parameters) for chunk in planned_chunks(parameters)}
    shards = [shard for names in chunks.values() for shard in names]
    manifest = open_manifest(shelf, parameters)
    lost = _lost(shelf, manifest, [*shards, INFORMATION, INDEX])
    if manifest["complete"] and not lost:
        return manifest
    if lost.intersection(shards):
        require_anny()
    with locked_and_swept(shelf):
        return _fill(shelf, parameters, chunks, lost, workers, progress)


def _fill(
    shelf: Shelf,
    parameters: BenchmarkParameters,
    chunks: Mapping[Chunk, list[str]],
    lost: set[str],
    workers: int,
    progress: bool,
) -> Manifest:
    manifest = open_manifest(shelf, parameters)
    missing = [chunk for chunk, shards in chunks.items() if lost.intersection(shards)]
    other_libraries = bool(missing) and warn_of_other_libraries(shelf, manifest)
    if manifest["complete"] and lost:
        warnings.warn(
            f"{len(lost)} files in {shelf.root} are missing or not as they were rendered ({', '.join(sorted(lost)[:3])}"
            f"{', ...' if len(lost) > 3 else ''}): they are made again",
            stacklevel=4,
        )
    write_manifest(shelf, manifest)
    if INFORMATION in lost:
        _write_information(shelf, small_files(parameters))
    images = {chunk: sum(1 for _ in chunk.files(parameters)) for chunk in chunks}
    total, left = sum(images.values()), sum(images[chunk] for chunk in missing)
    with tqdm(total=total, initial=total - left, unit="image", disable=not (progress and missing)) as bar:
        bar.set_description(NAME)
        for finished in render_shards(parameters, shelf.root, missing, workers):
            bar.update(finished)
    files, whole = write_index(shelf, [*(shard for shards in chunks.values() for shard in shards), INFORMATION])
    # As of a folder of files: records of label systems have no part in it.
    after = digest({path: content for path, content in files.items() if path not in label_system_files(parameters)})
    refuse_other_digest(shelf, manifest, after, other_libraries=other_libraries)
    manifest.update(complete=True, images=total, digest=after)
    write_checksums(shelf, whole)
    write_data_card(shelf, parameters, manifest)
    write_manifest(shelf, manifest)
    return manifest


def _write_information(shelf: Shelf, files: Mapping[str, bytes]) -> None:
    writer = ShardWriter(shelf)
    for path, content in sorted(files.items()):
        writer.add(INFORMATION, path, content)
    writer.finish()


def _lost(shelf: Shelf, manifest: Manifest, files: Iterable[str]) -> set[str]:
    """Paths of the shards, and of the index, that are missing or damaged.

    In a finished folder every byte is compared with SHA256SUMS; in one that is not, or without them, every shard has to
    begin and end as a tar does, and the index is written anew.
    """
    known = read_checksums(shelf) if manifest["complete"] else {}
    lost = set()
    for path in files:
        if path in known:
            is_whole = shelf.has(path) and _sha256(shelf, path) == known[path]
        else:
            is_whole = path != INDEX and is_whole_shard(shelf, path)
        if not is_whole:
            lost.add(path)
    return lost


def _sha256(shelf: Shelf, path: str) -> str:
    found = hashlib.sha256()
    with open(shelf.root / path, "rb") as file:
        while block := file.read(1 << 20):
            found.update(block)
    return found.hexdigest()
