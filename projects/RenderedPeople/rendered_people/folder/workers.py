"""Rendering on all cores: processes that take the images of one person in one outfit at a time."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager
from functools import cache, lru_cache, partial
from itertools import groupby
from typing import TYPE_CHECKING, Any

from rendered_people.camera.variety import draw_variety
from rendered_people.errors import RenderingError
from rendered_people.folder.files import Shelf, encoded
from rendered_people.folder.parameters import BenchmarkParameters
from rendered_people.folder.shards import Chunk, ShardWriter, layout_folders, member_names, part_of, sample_json
from rendered_people.folder.shots import FilePair, Shot
from rendered_people.folder.sites import benchmark_sites

if TYPE_CHECKING:
    from rendered_people.clothes.unseen import UnseenLooks
    from rendered_people.studio import Studio

_MOST_A_CORE = 8

Task = list[tuple[Shot, list[FilePair]]]


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def checked_workers(workers: int | None) -> int:
    """Number of processes.

    Args:
        workers: What was asked for; None means as many as there are cores.

    Raises:
        RenderingError: It is below 1 or beyond all reason.
    """
    if workers is None:
        return cores()
    if not isinstance(workers, int) or workers < 1:
        raise RenderingError(f"workers is {workers}; it must be at least 1")
    if workers > _MOST_A_CORE * cores():
        raise RenderingError(
            f"workers is {workers}; it must be at most {_MOST_A_CORE * cores()}, {_MOST_A_CORE} for each core: "
            "more processes than cores gain nothing"
        )
    return workers


def render_shots(
    parameters: BenchmarkParameters,
    root: os.PathLike[str],
    missing: Mapping[Shot, list[FilePair]],
    workers: int,
    looks: "UnseenLooks | None" = None,
) -> Iterator[int]:
    """Renders shots and writes their files.

    Args:
        parameters: What the benchmark is made from.
        root: Its folder.
        missing: Where each shot goes.
        workers: Processes; with 1, this process renders.
        looks: Who is shown with looks that are drawn for nobody else.

    Yields:
        How many shots were finished since the last time.

    Raises:
        RenderingError: A worker process died, or none can be started.
        OSError: A file could not be written.
    """
    tasks = [
        [(shot, missing[shot]) for shot in shots]
        for _, shots in groupby(sorted(missing), key=lambda shot: (shot.site, shot.person, shot.outfit))
    ]
    yield from _render(parameters, root, tasks, workers, looks)


def render_shards(
    parameters: BenchmarkParameters, root: os.PathLike[str], missing: Sequence[Chunk], workers: int
) -> Iterator[int]:
    """Renders chunks of people into shards; arguments, errors and what it yields as `render_shots`, but for `missing`.

    Args:
        parameters: What the benchmark is made from.
        root: Its folder.
        missing: Whose shards are to be written.
        workers: Processes; with 1, this process renders.
    """
    yield from _render(parameters, root, missing, workers, None)


def _render(
    parameters: BenchmarkParameters,
    root: os.PathLike[str],
    tasks: Sequence[Task | Chunk],
    workers: int,
    looks: "UnseenLooks | None",
) -> Iterator[int]:
    if not tasks:
        return
    if workers == 1:
        renderer = _Renderer(parameters, root, looks=looks)
        yield from map(renderer.render, tasks)
        return
    # Forking a process that has used torch or BLAS threads can hang; new processes cannot.
    context = multiprocessing.get_context("spawn")
    try:
        lock = context.Lock()
    except OSError as error:
        raise RenderingError(
            f"no lock between processes can be made ({error.strerror}): /dev/shm is full, tiny or not writable; "
            "enlarge it (Docker: --shm-size), or render with --workers 1"
        ) from error
    others = multiprocessing.active_children()
    with ProcessPoolExecutor(
        min(workers, len(tasks)), context, initializer=_start_worker, initargs=(parameters, root, lock, looks)
    ) as pool:
        try:
            futures = [pool.submit(_render_in_worker, task) for task in tasks]
            for future in as_completed(futures):
                yield future.result()
        except BaseException as error:
            # At once, even while they load: no file is ever half there.
            for process in multiprocessing.active_children():
                if process not in others:
                    process.terminate()
            if isinstance(error, BrokenProcessPool):
                raise RenderingError(
                    "a worker process died (killed, or out of memory); the same command goes on where it stopped: "
                    f"give fewer --workers than {workers}"
                ) from error
            raise


class _Renderer:
    """Renders and writes the shots of one person in one outfit at a time."""

    def __init__(
        self,
        parameters: BenchmarkParameters,
        root: os.PathLike[str],
        lock: AbstractContextManager[Any] | None = None,
        looks: "UnseenLooks | None" = None,
    ) -> None:
        from rendered_people.person.body import BodyModel

        self._parameters = parameters
        self._looks = looks
        self._sites = benchmark_sites(parameters)
        self._body = BodyModel(lock)
        self._shelf = Shelf(root)
        # Tasks come site by site.
        self._studio = lru_cache(maxsize=1)(self._open_studio)

    def _open_studio(self, site: int) -> "Studio":
        from rendered_people.clothes.wardrobe import Wardrobe
        from rendered_people.studio import Studio

        seed = self._sites[site].seed
        variety = draw_variety(seed) if self._parameters.varied_sites else None
        warmth = variety.warmth if variety else None
        wardrobe = Wardrobe(seed, self._parameters.shared_outfits, self._parameters.stock, warmth)
        return Studio(seed, wardrobe, self._body, self._looks, variety)

    def render(self, task: Task | Chunk) -> int:
        """Writes the files of shots, or the shards of a chunk; returns how many shots they were."""
        return self._fill_shards(task) if isinstance(task, Chunk) else self._write_files(task)

    def _write_files(self, task: Task) -> int:
        for _, sample in self._samples(task):
            for (image_path, parsing_path), image, parsing in sample:
                self._shelf.write(parsing_path, parsing)
                self._shelf.write(image_path, image)
        return len(task)

    def _fill_shards(self, chunk: Chunk) -> int:
        writer, layouts, count = ShardWriter(self._shelf), layout_folders(self._parameters), 0
        try:
            for shot, sample in self._samples(chunk.files(self._parameters)):
                count += 1
                for pair, image, parsing in sample:
                    shard = chunk.shard_of(pair[0], layouts)
                    told = sample_json(shot, pair, part_of(shard), self._parameters)
                    for name, content in zip(member_names(pair), (image, parsing, told), strict=True):
                        writer.add(shard, name, content)
            writer.finish()
        except BaseException:
            writer.abandon()
            raise
        return count

    def _samples(
        self, task: Iterable[tuple[Shot, list[FilePair]]]
    ) -> Iterator[tuple[Shot, list[tuple[FilePair, bytes, bytes]]]]:
        """Shots with the bytes of image and map for each of their places."""
        size = self._parameters.height, self._parameters.width
        for shot, files in task:
            studio = self._studio(shot.site)
            image, labels = studio.photograph(
                shot.person, shot.outfit, shot.camera, shot.frame, *size, walks=shot.walks
            )
            # However many layouts show it, it is rendered once and compressed once in each format.
            parsing = encoded(labels, ".png")
            images = {suffix: encoded(image, suffix) for suffix in {os.path.splitext(path)[1] for path, _ in files}}
            yield shot, [(pair, images[os.path.splitext(pair[0])[1]], parsing) for pair in files]


_open_renderer: Callable[[], _Renderer]


def _start_worker(
    parameters: BenchmarkParameters,
    root: os.PathLike[str],
    lock: AbstractContextManager[Any] | None,
    looks: "UnseenLooks | None",
) -> None:
    global _open_renderer
    import torch

    torch.set_num_threads(1)
    # An interrupt reaches the whole group of processes; the parent ends its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    # Opened by the first task: an error in here could not be told from a death.
    _open_renderer = cache(partial(_Renderer, parameters, root, lock, looks))


def _end_with_parent() -> None:
    """A killed parent cannot tell its workers to stop; they would wait for tasks for ever."""
    parent = multiprocessing.parent_process()
    assert parent is not None, "only workers run this"
    parent.join()
    os._exit(1)


def _render_in_worker(task: Task | Chunk) -> int:
    return _open_renderer().render(task)
