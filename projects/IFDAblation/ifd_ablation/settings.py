"""What an ablation is made of: config and data, which must not change while its runs go."""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from datasets_ext import dataset_class
from datasets_ext.files import write_whole
from fastreid_runs import OutputFolderError

_FILE = "settings.json"
# What version 0.1 called it.
_FORMER_FILE = "study.json"


@dataclass(frozen=True)
class DataFacts:
    """The data sets of a config.

    Attributes:
        notes: data set -> its numbers of images and people, and a digest of file names and sizes.
        training_images: of all data sets that are trained on.
    """

    notes: Mapping[str, str]
    training_images: int

    @classmethod
    def of(cls, cfg: Any) -> "DataFacts":
        """Lists every data set of a config once.

        Raises:
            DatasetError: one is missing or holds something else.
        """
        names = dict.fromkeys((*cfg.DATASETS.NAMES, *cfg.DATASETS.TESTS))
        datasets = {name: dataset_class(name)(verbose=False) for name in names}
        training_images = sum(len(datasets[name].train) for name in cfg.DATASETS.NAMES)
        return cls({name: _note(dataset) for name, dataset in datasets.items()}, training_images)

    def steps_per_epoch(self, cfg: Any) -> int:
        """Training steps of an epoch, as the host counts them."""
        return max(1, self.training_images // cfg.SOLVER.IMS_PER_BATCH)


def _note(dataset: Any) -> str:
    splits = {"train": dataset.train, "query": dataset.query, "gallery": dataset.gallery}
    total = hashlib.sha256()
    for path in sorted(item[0] for items in splits.values() for item in items):
        total.update(f"{os.path.relpath(path, dataset.dataset_dir)} {os.path.getsize(path)}\n".encode())
    counts = ", ".join(
        f"{split} {len(items)} images of {len({item[1] for item in items})} people" for split, items in splits.items()
    )
    return f"{counts}; digest {total.hexdigest()[:16]}"


@dataclass(frozen=True)
class _Settings:
    config: list[str]
    data: dict[str, str]


def check_same_settings(cfg: Any, data: DataFacts) -> None:
    """Writes down what an ablation is made of, or compares with what is written: runs of two must not be mixed.

    Args:
        cfg: the ablation's config; its OUTPUT_DIR is the folder.
        data: that it reads.

    Raises:
        OutputFolderError: the folder holds an ablation of another config or data set, one whose settings are broken, or
            something else.
    """
    folder = Path(cfg.OUTPUT_DIR)
    path = folder / _FILE
    # Where an ablation lies and which seed a run has does not make it another one.
    compared = cfg.clone()
    compared.defrost()
    compared.OUTPUT_DIR, compared.IFD.SEED = "", -1
    here = _Settings(compared.dump().splitlines(), dict(data.notes))
    if path.exists():
        _compare(here, path)
        return
    if (folder / _FORMER_FILE).exists():
        raise OutputFolderError(
            f"{folder} holds an ablation of version 0.1, whose config had other keys; name another --output"
        )
    if folder.is_dir() and any(folder.iterdir()):
        raise OutputFolderError(f"{folder} holds something that is no ablation (no {_FILE}); name another --output")
    write_whole(path, json.dumps(asdict(here), indent=1))


def _compare(here: _Settings, path: Path) -> None:
    try:
        there = TypeAdapter(_Settings).validate_json(path.read_bytes())
    except ValidationError as error:
        raise OutputFolderError(
            f"{path} is broken ({error.errors()[0]['msg']}), so that nobody knows what the runs beside it are made of; "
            "name another --output"
        ) from error
    if there != here:
        changed = [line.strip() for line in set(there.config) ^ set(here.config)]
        changed += [f"{name}: {note}" for name, note in set(there.data.items()) ^ set(here.data.items())]
        raise OutputFolderError(
            f"{path.parent} holds an ablation of another config or data set; these lines are on one side only: "
            f"{'; '.join(sorted(changed)[:6])}. Name another --output, or go on with the old settings."
        )
