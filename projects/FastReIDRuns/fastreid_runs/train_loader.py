"""Training loaders whose every epoch follows (seed, stage, epoch), over the host's samplers and a project's own."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from fastreid.config import CfgNode
from fastreid.data import build_reid_train_loader, samplers
from fastreid.utils import comm
from torch.utils.data import Dataset

from .epoch_stream import EpochStream
from .fingerprint import fingerprint
from .loader import StreamLoader, detach_from_process, workers_that_fit
from .seeding import SeededIndex, drawing_from

logger = logging.getLogger("fastreid.runs")


class SeededDataset(Dataset):
    """A data set of the host whose transforms draw from the seed that comes with an index, in whichever process.

    Args:
        dataset: the host's CommDataset, or another with ``img_items``, ``num_classes`` and ``num_cameras``.
    """

    def __init__(self, dataset: Any):
        self._dataset = dataset
        # The host's samplers and trainer read these.
        self.img_items: list[tuple] = dataset.img_items
        self.num_classes: int = dataset.num_classes
        self.num_cameras: int = dataset.num_cameras

    def __len__(self) -> int:
        return len(self._dataset)

    def __getitem__(self, index: int) -> Any:
        if not isinstance(index, SeededIndex):
            return self._dataset[index]
        with drawing_from(index.seed):
            return self._dataset[index]

    def fingerprint(self) -> dict[str, int | str]:
        """What tells this data from other data, see :func:`fastreid_runs.fingerprint`."""
        return fingerprint(self.img_items)


def sampler_builder(
    cfg: CfgNode,
    items: list[tuple],
    batch_size: int,
    own: Mapping[str, Callable[[int], Iterable[int]]] | None = None,
) -> Callable[[int], Iterable[int]]:
    """Takes a seed and gives the sampler of endless indices that DATALOADER.SAMPLER_TRAIN names, as the host builds it.

    Args:
        cfg: full config.
        items: of the data set, (path, pid, camid, ...).
        batch_size: of one process.
        own: a project's samplers by name, beside the host's.

    Raises:
        ValueError: there is no sampler of the name.
    """
    instances = cfg.DATALOADER.NUM_INSTANCE
    builders: dict[str, Callable[[int], Iterable[int]]] = {
        **(own or {}),
        "TrainingSampler": lambda seed: samplers.TrainingSampler(len(items), seed=seed),
        "NaiveIdentitySampler": lambda seed: samplers.NaiveIdentitySampler(items, batch_size, instances, seed),
        "BalancedIdentitySampler": lambda seed: samplers.BalancedIdentitySampler(items, batch_size, instances, seed),
        "SetReWeightSampler": lambda seed: samplers.SetReWeightSampler(
            items, batch_size, instances, cfg.DATALOADER.SET_WEIGHT, seed
        ),
        "ImbalancedDatasetSampler": lambda seed: samplers.ImbalancedDatasetSampler(items, seed=seed),
    }
    name = cfg.DATALOADER.SAMPLER_TRAIN
    if name not in builders:
        raise ValueError(f"DATALOADER.SAMPLER_TRAIN is {name!r}; expected one of {', '.join(builders)}")
    return builders[name]


def build_loader(
    cfg: CfgNode,
    train_set: Any,
    *,
    seed: int,
    stage: int,
    own: Mapping[str, Callable[[int], Iterable[int]]] | None = None,
    channels: int = 3,
) -> StreamLoader:
    """The endless training loader over a data set, with the batch, the sampler and the workers that the config names.

    Args:
        cfg: full config.
        train_set: read by :class:`SeededIndex`, with ``img_items``.
        seed: of the training; negative: a random one, shared by the processes.
        stage: which of a training's stages it is, from 1.
        own: a project's samplers by name, as of :func:`sampler_builder`.
        channels: of an image, with what comes beside it.

    Raises:
        ValueError: the images do not fill one batch, or cannot be sampled as the config says.
    """
    if len(train_set) < cfg.SOLVER.IMS_PER_BATCH:
        raise ValueError(
            f"{len(train_set)} training images do not fill one batch of SOLVER.IMS_PER_BATCH "
            f"{cfg.SOLVER.IMS_PER_BATCH}; lower it"
        )
    batch_size = cfg.SOLVER.IMS_PER_BATCH // comm.get_world_size()
    size = batch_bytes(cfg.INPUT.SIZE_TRAIN, batch_size, channels)
    return build_stream_loader(
        train_set,
        sampler_builder(cfg, train_set.img_items, batch_size, own),
        total_batch_size=cfg.SOLVER.IMS_PER_BATCH,
        num_workers=workers_that_fit(cfg.DATALOADER.NUM_WORKERS, size),
        seed=seed,
        stage=stage,
    )


def build_stream_loader(
    train_set: Dataset,
    build_sampler: Callable[[int], Iterable[int]],
    *,
    total_batch_size: int,
    num_workers: int,
    seed: int,
    stage: int,
) -> StreamLoader:
    """The host's endless training loader, over a stream of samples that can start at any epoch.

    Args:
        train_set: read by :class:`SeededIndex`.
        build_sampler: as of :class:`EpochStream`.
        total_batch_size: of all processes together, no more than there are images.
        num_workers: of each process.
        seed: of the training; negative: a random one, shared by the processes.
        stage: which of a training's stages it is, from 1.

    Raises:
        ValueError: the images cannot be sampled as the config says.
    """
    batch_size = total_batch_size // comm.get_world_size()
    build_sampler(0)  # what it refuses is told now, not with the first batch
    stream = EpochStream(
        build_sampler,
        len(train_set) // total_batch_size * batch_size,  # type: ignore[arg-type]  # the host's have a length
        seed if seed >= 0 else comm.shared_random_seed(),
        stage,
    )
    loader = build_reid_train_loader(
        train_set, sampler=stream, total_batch_size=total_batch_size, num_workers=num_workers
    )
    return StreamLoader(detach_from_process(loader), stream)


def batch_bytes(size: Sequence[int], images: int, channels: int = 3) -> int:
    """Bytes of a batch in float32.

    Args:
        size: [height, width].
        images: of one process.
        channels: of an image.
    """
    return images * channels * size[0] * size[1] * 4
