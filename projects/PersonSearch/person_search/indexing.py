"""From a folder of photos to a gallery; cut off at any time, the next run goes on from there."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple, TypeVar

import numpy as np
from tqdm import tqdm

from .embedding import Embedder
from .errors import LabelsError, PhotoError
from .gallery import Added, Gallery
from .labels import PhotoLabels
from .photos import Photo, list_photos, read_photo
from .pictures import Entry

#: Says what is known of a photo by its path below the folder; raises LabelsError where that cannot be said.
Labeller = Callable[[str], PhotoLabels]
_T = TypeVar("_T")


@dataclass
class IndexSummary:
    """What indexing did.

    Attributes:
        added: pictures new, changed and present. Of files with the same bytes the last in order counts, the others are
            present.
        failed: a message for each photo that cannot be read or labelled.
    """

    added: Added = field(default_factory=Added)
    failed: list[str] = field(default_factory=list)


class Read(NamedTuple):
    """A photo of the folder, and what is known of it."""

    path: str
    photo: Photo
    entry: Entry


def index_folder(
    gallery: Gallery,
    folder: str | os.PathLike[str],
    embedder: Embedder,
    labeller: Labeller,
    *,
    paths: Sequence[str] | None = None,
    batch_size: int = 64,
    workers: int = 4,
    leave_out: str | None = None,
) -> IndexSummary:
    """Adds the photos of a folder to a gallery, with a progress bar; what is there already is not embedded again.

    Reading overlaps with the model. A batch is in the gallery whole or not at all.

    Args:
        gallery: of the embedder's model.
        folder: of the photos.
        embedder: makes their vectors.
        labeller: what is known of each.
        paths: below the folder; None: all photos below it.
        batch_size: photos that are embedded and written together.
        workers: threads that read files.
        leave_out: a folder below it whose images are no photos, such as that of the maps.

    Raises:
        PhotoError: there is no such folder, or no photo below it.
        ValueError: a number is below 1.
    """
    if min(batch_size, workers) < 1:
        raise ValueError(f"batch size {batch_size}, workers {workers}: expected at least 1 each")
    root = os.path.abspath(os.fspath(folder))
    total = count_photos(root, leave_out) if paths is None else len(paths)
    gallery.note_folder(root)
    summary = IndexSummary()
    with tqdm(total=total, desc="indexing", unit="photo") as progress, ThreadPoolExecutor(workers) as pool:
        listed = list_photos(root, leave_out) if paths is None else paths
        for batch in _batches(_read_ahead(pool, root, listed, labeller, 2 * batch_size), batch_size):
            read = [one for one in batch if isinstance(one, Read)]
            summary.failed += [str(one) for one in batch if not isinstance(one, Read)]
            missing = gallery.missing([one.entry.id for one in read])
            wanted = [one for one, absent in zip(read, missing, strict=True) if absent]
            done = embedder([one.photo for one in wanted], [one.path for one in wanted])
            summary.failed += done.failed
            vectors = {wanted[place].entry.id: vector for place, vector in zip(done.places, done.vectors, strict=True)}
            summary.added = summary.added.and_then(put_known(gallery, [one.entry for one in read], missing, vectors))
            progress.update(len(batch))
    gallery.flush()
    return summary


def put_known(
    gallery: Gallery, entries: Sequence[Entry], missing: Sequence[bool], vectors: dict[str, np.ndarray]
) -> Added:
    """Adds those of some photos that the gallery holds or whose vectors are at hand.

    Args:
        gallery: to add to.
        entries: N photos.
        missing: N, whether the gallery lacks them.
        vectors: by id, of those of them that could be read.
    """
    kept = [entry for entry, absent in zip(entries, missing, strict=True) if not absent or entry.id in vectors]
    return gallery.put(kept, lambda places: np.stack([vectors[kept[place].id] for place in places]))


def count_photos(folder: str, leave_out: str | None = None) -> int:
    """How many photos lie below a folder, as ``list_photos`` lists them.

    Raises:
        PhotoError: none, or no such folder.
    """
    total = sum(1 for _ in list_photos(folder, leave_out))
    if not total:
        raise PhotoError(f"There is no photo below {folder}. Name the folder that holds them.")
    return total


def read_one(root: str, path: str, labeller: Labeller) -> "Read | PhotoError | LabelsError":
    """A photo and what is known of it, or why not.

    Args:
        root: the folder.
        path: of the photo below it.
        labeller: see ``index_folder``.
    """
    try:
        labels = labeller(path)
        full = os.path.join(root, *path.split("/"))
        photo = read_photo(full)
        return Read(path, photo, Entry(photo.id, full, labels))
    except (PhotoError, LabelsError) as error:
        return error


def _read_ahead(
    pool: ThreadPoolExecutor, root: str, paths: Iterable[str], labeller: Labeller, ahead: int
) -> Iterator["Read | PhotoError | LabelsError"]:
    """What ``read_one`` gives for each path, in order, with a bounded number of photos in memory."""
    pending: deque[Future[Read | PhotoError | LabelsError]] = deque()
    for path in paths:
        pending.append(pool.submit(read_one, root, path, labeller))
        if len(pending) > ahead:
            yield pending.popleft().result()
    while pending:
        yield pending.popleft().result()


def _batches(items: Iterable[_T], size: int) -> Iterator[list[_T]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
