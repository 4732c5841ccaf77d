"""Parsing many images: reading, the model and writing overlap."""

import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

import torch
from tqdm import tqdm

from datasets_ext import DatasetError, ImageAndMap, read_rgb

from .parser import Parser
from .writing import write_label_png


class ParsingSummary(NamedTuple):
    """written: maps made now.   present: maps that were there.   failed: message for each image that cannot be read."""

    written: int
    present: int
    failed: list[str]


class _Prepared(NamedTuple):
    pair: ImageAndMap[str, str]
    inputs: torch.Tensor
    size: tuple[int, int]


def parse_images(
    parser: Parser,
    images: Sequence[ImageAndMap[str, str]],
    *,
    batch_size: int = 16,
    workers: int = 4,
    overwrite: bool = False,
) -> ParsingSummary:
    """Writes the maps that are missing, with a progress bar. Stopped at any time, the next call goes on from there.

    Args:
        parser: the model.
        images: paths of images and of their maps.
        batch_size: images per step of the model.   workers: threads that read images and write maps.
        overwrite: make all maps anew.

    Returns:
        what was done. An image that cannot be read is passed over and named in ``failed``.

    Raises:
        ValueError: a number is below 1.
        OSError: a map cannot be written.
    """
    if min(batch_size, workers) < 1:
        raise ValueError(f"batch size {batch_size}, workers {workers}: expected at least 1 each")
    wanted = [pair for pair in images if overwrite or not os.path.exists(pair.map)]
    written, failed = 0, []
    progress = tqdm(total=len(images), initial=len(images) - len(wanted), desc="parsing", unit="image")
    with progress, ThreadPoolExecutor(workers) as pool:
        writes: deque[Future] = deque()
        batch: list[_Prepared] = []

        def parse_batch():
            nonlocal written
            for labels, pair in _parse(parser, batch):
                writes.append(pool.submit(write_label_png, pair.map, labels))
            # The maps of one batch are written while the model is at the next.
            while len(writes) > batch_size:
                writes.popleft().result()
            written += len(batch)
            progress.update(len(batch))
            batch.clear()

        for result in _read_ahead(pool, parser, wanted, ahead=2 * max(batch_size, workers)):
            if isinstance(result, DatasetError):
                failed.append(str(result))
                progress.update()
                continue
            batch.append(result)
            if len(batch) == batch_size:
                parse_batch()
        if batch:
            parse_batch()
        for write in writes:
            write.result()
    return ParsingSummary(written, len(images) - len(wanted), failed)


def _parse(parser: Parser, batch: list[_Prepared]):
    """(labels, pair) of each; inputs of different shapes, which some image processors give, take a step each."""
    shapes: dict[torch.Size, list[_Prepared]] = {}
    for prepared in batch:
        shapes.setdefault(prepared.inputs.shape, []).append(prepared)
    for group in shapes.values():
        maps = parser.parse(torch.stack([one.inputs for one in group]), [one.size for one in group])
        yield from zip(maps, (one.pair for one in group), strict=True)


def _read_ahead(
    pool: ThreadPoolExecutor, parser: Parser, pairs: Sequence[ImageAndMap[str, str]], ahead: int
) -> Iterator:
    """What ``_prepare`` gives for each image, in order, with a bounded number of them in memory."""
    pending: deque[Future] = deque()
    for pair in pairs:
        pending.append(pool.submit(_prepare, parser, pair))
        if len(pending) > ahead:
            yield pending.popleft().result()
    while pending:
        yield pending.popleft().result()


def _prepare(parser: Parser, pair: ImageAndMap[str, str]):
    try:
        image = read_rgb(pair.image)
    except DatasetError as error:
        return error
    return _Prepared(pair, parser.prepare(image), image.size)
