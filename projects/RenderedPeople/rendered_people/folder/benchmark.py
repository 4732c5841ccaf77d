"""Renders a whole benchmark into a folder: resumable, on all cores, the same bytes for the same parameters."""

import multiprocessing
import os
import threading
from concurrent.futures import ProcessPoolExecutor, as_completed
from itertools import groupby

from tqdm import tqdm

from rendered_people.folder.contact_sheet import write_contact_sheet
from rendered_people.folder.data_card import write_data_card
from rendered_people.folder.files import Shelf
from rendered_people.folder.layouts import information_files, planned_files
from rendered_people.folder.manifest import (
    NAME,
    check_manifest,
    digest,
    new_manifest,
    read_manifest,
    warn_of_other_libraries,
    write_manifest,
)
from rendered_people.folder.parameters import BenchmarkParameters
from rendered_people.person.body import require_anny


def render_benchmark(output, *, workers=None, progress=True, **parameters):
    """Renders people in several outfits before several cameras, with parsing maps, in PRCC's and LTCC's folder layouts.

    An interrupted run goes on where it was; a finished folder is recognised and returned at once.

    Args:
        output: path of the folder to write.   workers: processes, all cores by default; the bytes do not depend on it.
        progress: whether to show a progress bar.   parameters: see BenchmarkParameters.
    Returns: dict, the folder's manifest.
    Raises:
        ValueError for a parameter out of range, and where the folder holds a benchmark of other parameters.
        ImportError where the package 'anny' is missing.
    """
    parameters = BenchmarkParameters(**parameters)
    workers = workers or _cores()
    if workers < 1:
        raise ValueError(f"workers is {workers}; it must be at least 1")
    shelf = Shelf(output)
    plan = planned_files(parameters)
    manifest = _open_manifest(shelf, parameters)
    missing = {
        shot: files for shot, files in plan.items() if not all(shelf.has(path) for pair in files for path in pair)
    }
    information = information_files(parameters)
    if manifest["complete"] and not missing and all(map(shelf.has, information)):
        return manifest

    require_anny()
    warn_of_other_libraries(shelf, manifest)
    write_manifest(shelf, manifest)
    for path, content in information.items():
        shelf.write(path, content.encode())
    bar = tqdm(total=len(plan), initial=len(plan) - len(missing), unit="image", disable=not progress)
    with bar:
        bar.set_description(f"{NAME}: loading the body model, a minute the first time")
        for finished in _render_all(parameters, shelf.root, missing, workers):
            bar.set_description(NAME, refresh=False)
            bar.update(finished)
    paths = [path for files in plan.values() for pair in files for path in pair]
    manifest.update(complete=True, images=len(plan), digest=digest(shelf, [*paths, *information]))
    write_contact_sheet(shelf, parameters, plan)
    write_data_card(shelf, parameters, manifest)
    write_manifest(shelf, manifest)
    shelf.sweep()
    return manifest


def _open_manifest(shelf, parameters):
    manifest = read_manifest(shelf)
    if manifest is not None:
        check_manifest(shelf, manifest, parameters)
        return manifest
    if shelf.root.is_dir() and any(shelf.root.iterdir()):
        raise ValueError(f"{shelf.root} is not empty and holds no benchmark of {NAME}; name a new or empty folder")
    return new_manifest(parameters)


def _cores():
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _render_all(parameters, root, missing, workers):
    """Renders the missing shots; yields the number of images finished since the last time."""
    tasks = [
        [(shot, missing[shot]) for shot in shots]
        for _, shots in groupby(sorted(missing), key=lambda shot: (shot.person, shot.outfit))
    ]
    if not tasks:
        return
    if workers == 1:
        renderer = _Renderer(parameters, root)
        yield from map(renderer.render, tasks)
        return
    # Forking a process that has used torch or BLAS threads can hang; new processes cannot.
    context = multiprocessing.get_context("spawn")
    lock = context.Lock()
    with ProcessPoolExecutor(
        min(workers, len(tasks)), context, initializer=_start_worker, initargs=(parameters, root, lock)
    ) as pool:
        futures = [pool.submit(_render_in_worker, task) for task in tasks]
        try:
            for future in as_completed(futures):
                yield future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


class _Renderer:
    """Renders and writes the shots of one person in one outfit at a time."""

    def __init__(self, parameters, root, lock=None):
        from rendered_people.clothes.wardrobe import Wardrobe
        from rendered_people.person.body import BodyModel
        from rendered_people.studio import Studio

        wardrobe = Wardrobe(parameters.seed, parameters.shared_outfits, parameters.stock)
        self._studio = Studio(parameters.seed, wardrobe, BodyModel(lock))
        self._size = parameters.height, parameters.width
        self._shelf = Shelf(root)

    def render(self, task):
        """Writes the files of a list of (Shot, file pairs); returns how many shots they were."""
        for shot, files in task:
            image, labels = self._studio.photograph(shot.person, shot.outfit, shot.camera, shot.frame, *self._size)
            for image_path, parsing_path in files:
                self._shelf.write_image(parsing_path, labels)
                self._shelf.write_image(image_path, image)
        return len(task)


_renderer = None


def _start_worker(parameters, root, lock):
    global _renderer
    import torch

    torch.set_num_threads(1)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _renderer = _Renderer(parameters, root, lock)


def _end_with_parent():
    """A killed parent cannot tell its workers to stop; they would wait for tasks for ever."""
    multiprocessing.parent_process().join()
    os._exit(1)


def _render_in_worker(task):
    return _renderer.render(task)
