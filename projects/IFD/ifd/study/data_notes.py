"""What tells a data set on disk from another one of the same name."""

import hashlib
import os

from datasets_ext import dataset_class


def data_notes(cfg) -> dict[str, str]:
    """For each data set of a config: its numbers of images and people, and a digest of file names and sizes."""
    notes = {}
    for name in dict.fromkeys((*cfg.DATASETS.NAMES, *cfg.DATASETS.TESTS)):
        dataset = dataset_class(name)(verbose=False)
        splits = {"train": dataset.train, "query": dataset.query, "gallery": dataset.gallery}
        total = hashlib.sha256()
        for path in sorted(item[0] for items in splits.values() for item in items):
            total.update(f"{os.path.relpath(path, dataset.dataset_dir)} {os.path.getsize(path)}\n".encode())
        counts = ", ".join(
            f"{split} {len(items)} images of {len({item[1] for item in items})} people"
            for split, items in splits.items()
        )
        notes[name] = f"{counts}; digest {total.hexdigest()[:16]}"
    return notes


def steps_per_epoch(cfg) -> int:
    """Training steps of an epoch, as the host counts them."""
    images = sum(len(dataset_class(name)(verbose=False).train) for name in cfg.DATASETS.NAMES)
    return max(1, images // cfg.SOLVER.IMS_PER_BATCH)
