"""Indexing with Ray Data: reading and embedding on all machines of a cluster, writing from one.

The machines need the folder, the maps and the model at the same paths. Each picture is in the gallery exactly once,
whatever Ray does twice: its id follows from its bytes, and the one writer puts it in the place of itself.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from tqdm import tqdm

from .embedding import EmbedderOptions
from .errors import EngineError, LabelsError, PhotoError, require_package
from .gallery import Gallery
from .indexing import IndexSummary, Labeller, count_photos, put_known
from .photos import list_photos, read_photo
from .pictures import Entry

# Ray reports to its makers otherwise, and gives its workers up where a busy machine is slow to start or to answer them.
_RAY_VARIABLES = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_worker_register_timeout_seconds": "300",
    "RAY_health_check_failure_threshold": "60",
}


class _Ids:
    """Ids of photos, by path."""

    def __init__(self, root: str):
        self._root = root

    def __call__(self, batch: dict[str, np.ndarray]) -> dict[str, Any]:
        ids, failed = [], []
        for path in batch["path"]:
            try:
                ids.append(read_photo(os.path.join(self._root, str(path))).id)
                failed.append("")
            except PhotoError as error:
                ids.append("")
                failed.append(str(error))
        return {"path": batch["path"], "id": np.array(ids), "failed": np.array(failed)}


class _Vectors:
    """Vectors of photos, by path: one embedder a worker."""

    def __init__(self, root: str, options: EmbedderOptions):
        self._root = root
        self._embedder = options.build()

    def __call__(self, batch: dict[str, np.ndarray]) -> dict[str, Any]:
        paths = [str(path) for path in batch["path"]]
        vectors = np.zeros((len(paths), self._embedder.model.dim), np.float32)
        ids, failed = [""] * len(paths), [""] * len(paths)
        photos, read = [], []
        for place, path in enumerate(paths):
            try:
                photos.append(read_photo(os.path.join(self._root, path)))
            except PhotoError as error:
                failed[place] = str(error)
                continue
            read.append(place)
            # Of the bytes that are embedded: the file may be another by now.
            ids[place] = photos[-1].id
        done = self._embedder(photos, [paths[place] for place in read])
        for place, vector in zip(done.places, done.vectors, strict=True):
            vectors[read[place]] = vector
        unread = [place for place in range(len(photos)) if place not in set(done.places)]
        for place, message in zip(unread, done.failed, strict=True):
            failed[read[place]] = message
        return {"path": batch["path"], "id": np.array(ids), "vector": vectors, "failed": np.array(failed)}


def index_folder_with_ray(
    gallery: Gallery,
    folder: str | os.PathLike[str],
    options: EmbedderOptions,
    labeller: Labeller,
    *,
    paths: Sequence[str] | None = None,
    batch_size: int = 64,
    workers: int = 1,
    leave_out: str | None = None,
) -> IndexSummary:
    """As ``index_folder``, with the work on Ray's workers; of RAY_ADDRESS's cluster, else on this machine.

    Args:
        gallery, folder, labeller, paths, batch_size, leave_out: see ``index_folder``.
        options: of the embedders.
        workers: embedders, each with a model of its own.

    Raises:
        MissingPackageError: Ray is not installed.
        EngineError: Ray does not start.
        PhotoError: there is no such folder, or no photo below it.
        ValueError: a number is below 1.
    """
    if min(batch_size, workers) < 1:
        raise ValueError(f"batch size {batch_size}, workers {workers}: expected at least 1 each")
    data = require_package("ray.data", "ray", "--engine ray")
    root = os.path.abspath(os.fspath(folder))
    if paths is None:
        count_photos(root, leave_out)
        paths = list(list_photos(root, leave_out))
    gallery.note_folder(root)
    summary = IndexSummary()
    with _ray(), tqdm(total=len(paths), desc="indexing", unit="photo") as progress:
        labelled, entries = _labelled(paths, labeller, summary)
        progress.update(len(paths) - len(labelled))
        context = data.DataContext.get_current()
        context.enable_progress_bars = False
        wanted: list[str] = []
        hashed = data.from_items([{"path": path} for path in labelled])
        for batch in _batches(hashed.map_batches(_Ids(root), batch_size=batch_size), batch_size, summary, progress):
            known = [_entry(root, path, one, entries) for path, one in zip(batch["path"], batch["id"], strict=True)]
            missing = gallery.missing([entry.id for entry in known])
            wanted += [str(path) for path, absent in zip(batch["path"], missing, strict=True) if absent]
            summary.added = summary.added.and_then(put_known(gallery, known, missing, {}))
            progress.update(len(missing) - sum(missing))
        if wanted:
            embedded = data.from_items([{"path": path} for path in wanted]).map_batches(
                _Vectors,
                fn_constructor_args=(root, options),
                batch_size=batch_size,
                compute=data.ActorPoolStrategy(size=workers),
            )
            for batch in _batches(embedded, batch_size, summary, progress):
                known = [_entry(root, path, one, entries) for path, one in zip(batch["path"], batch["id"], strict=True)]
                vectors = {entry.id: vector for entry, vector in zip(known, batch["vector"], strict=True)}
                summary.added = summary.added.and_then(put_known(gallery, known, [True] * len(known), vectors))
                progress.update(len(known))
    gallery.flush()
    return summary


def _labelled(paths: Sequence[str], labeller: Labeller, summary: IndexSummary) -> tuple[list[str], dict[str, Any]]:
    """Paths that can be labelled, and the labels by path."""
    labels = {}
    for path in paths:
        try:
            # Ray carries text in UTF-8.
            path.encode()
            labels[path] = labeller(path)
        except UnicodeEncodeError:
            summary.failed.append(f"The name of {path!r} holds bytes that are no UTF-8; rename it.")
        except LabelsError as error:
            summary.failed.append(str(error))
    return list(labels), labels


def _entry(root: str, path: Any, one: Any, labels: dict[str, Any]) -> Entry:
    return Entry(str(one), os.path.join(root, *str(path).split("/")), labels[str(path)])


def _batches(dataset: Any, size: int, summary: IndexSummary, progress: Any) -> Iterator[dict[str, np.ndarray]]:
    """Batches of the rows that did not fail; the others go to the summary."""
    for batch in dataset.iter_batches(batch_size=size, batch_format="numpy"):
        fine = batch["failed"] == ""
        summary.failed += [str(message) for message in batch["failed"][~fine]]
        progress.update(int((~fine).sum()))
        if fine.any():
            yield {name: column[fine] for name, column in batch.items()}


def start_ray(ray: Any, **options: Any) -> None:
    """Starts Ray on this machine, or connects to RAY_ADDRESS's cluster, without its page and its reports.

    Args:
        ray: the package.
        **options: of ``ray.init``, for a small machine.

    Raises:
        EngineError: its processes do not start.
    """
    for variable, value in _RAY_VARIABLES.items():
        os.environ.setdefault(variable, value)
    for last in (False, False, True):
        try:
            ray.init(include_dashboard=False, log_to_driver=False, logging_level="warning", **options)
            return
        except Exception as error:
            # Of no class of its own where a busy machine takes longer than the 30 seconds that Ray waits.
            ray.shutdown()
            if last:
                raise EngineError(
                    f"Ray does not start ({error}). Try again when the machine is less busy, name a cluster in "
                    "RAY_ADDRESS, or leave --engine out."
                ) from error


@contextmanager
def _ray() -> Iterator[None]:
    """Ray, of the cluster that is there, else for the time on this machine alone."""
    ray = require_package("ray", "ray", "--engine ray")
    started = not ray.is_initialized()
    if started:
        start_ray(ray)
    try:
        yield
    finally:
        if started:
            ray.shutdown()
