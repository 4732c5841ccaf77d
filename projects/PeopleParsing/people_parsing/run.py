"""Parsing many images: reading, the model and writing overlap."""

import datetime
import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

import torch
from tqdm import tqdm

from datasets_ext import DatasetError, ImageAndMap, TreeRecord, claim_tree, read_rgb
from datasets_ext.files import sweep

from .parser import Parser
from .version import VERSION
from .writing import is_whole, write_label_png


class ParsingSummary(NamedTuple):
    """What a run did.

    Attributes:
        written: maps made now.
        present: maps that were there.
        failed: a message for each image that cannot be read.
    """

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
    parsing_root: str,
    *,
    batch_size: int = 16,
    workers: int = 4,
    overwrite: bool = False,
) -> ParsingSummary:
    """Writes the maps that are missing, with a progress bar. Stopped at any time, the next call goes on from there.

    First of all ``label_system.json`` in the root of the tree says which label system and model its maps are of; see
    :func:`datasets_ext.claim_tree`.

    Args:
        parser: the model.
        images: paths of images and of their maps.
        parsing_root: root of the tree of maps.
        batch_size: images per step of the model.
        workers: threads that read images and write maps.
        overwrite: make all maps anew.

    Returns:
        what was done. An image that cannot be read is passed over and named in ``failed``.

    Raises:
        ParsingMapError: the tree holds maps of another label system or model, and ``overwrite`` is off.
        ValueError: a number is below 1.
        OSError: a map cannot be written.
    """
    if min(batch_size, workers) < 1:
        raise ValueError(f"batch size {batch_size}, workers {workers}: expected at least 1 each")
    record = TreeRecord(parser.system.name, parser.name, VERSION, datetime.date.today().isoformat())
    claim_tree(parsing_root, record, [pair.map for pair in images], overwrite=overwrite)
    for folder in {os.path.dirname(pair.map) for pair in images}:
        sweep(folder)
    wanted = [pair for pair in images if overwrite or not is_whole(pair.map)]
    written, failed = 0, []
    progress = tqdm(total=len(images), initial=len(images) - len(wanted), desc="parsing", unit="image")
    with progress, ThreadPoolExecutor(workers) as pool:
        writes: deque[Future[None]] = deque()
        batch: list[_Prepared] = []

        def parse_batch() -> None:
            nonlocal written
            maps = parser.parse_prepared([one.inputs for one in batch], [one.size for one in batch])
            for prepared, labels in zip(batch, maps, strict=True):
                writes.append(pool.submit(write_label_png, prepared.pair.map, labels))
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


def _read_ahead(
    pool: ThreadPoolExecutor, parser: Parser, pairs: Sequence[ImageAndMap[str, str]], ahead: int
) -> Iterator[_Prepared | DatasetError]:
    """What ``_prepare`` gives for each image, in order, with a bounded number of them in memory."""
    pending: deque[Future[_Prepared | DatasetError]] = deque()
    for pair in pairs:
        pending.append(pool.submit(_prepare, parser, pair))
        if len(pending) > ahead:
            yield pending.popleft().result()
    while pending:
        yield pending.popleft().result()


def _prepare(parser: Parser, pair: ImageAndMap[str, str]) -> _Prepared | DatasetError:
    try:
        image = read_rgb(pair.image)
    except DatasetError as error:
        return error
    return _Prepared(pair, parser.prepare(image), image.size)
