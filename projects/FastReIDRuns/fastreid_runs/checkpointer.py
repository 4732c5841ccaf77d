"""Checkpoints that are whole or absent, and that fit the model or are refused."""

import os
import pickle
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from typing import IO, Any, ClassVar

import torch
from fastreid.utils.checkpoint import Checkpointer

from datasets_ext.errors import CheckpointError
from datasets_ext.files import write_whole

from .accepted_weights import AcceptsWeights, current_names
from .run_record import ENTRY, RunRecord
from .weight_files import SAFETENSORS, local_file, read_safetensors
from .whole_files import damage

# Names of the checkpoints that a training can go on from.
BEST, FINAL = "model_best", "model_final"
_BY_EPOCH = re.compile(r"model_(\d+)\.pth")
_CHECKPOINT = re.compile(r"model_(\d+|best|final)\.pth")
_TAG = "last_checkpoint"


class WholeCheckpointer(Checkpointer):
    """The host's checkpointer, with writes that a kill cannot leave half done and loads that never skip silently.

    The host writes straight to the final name, reads damaged files as if they were whole, and only logs what did not
    fit. Three kinds of load differ:

    - resuming, and loading to evaluate: every parameter must be there in its shape, but for the classifiers, whose size
      is the number of training identities and which evaluation does not use;
    - starting a training from weights (``checkpointables=[]``): a whole part may be missing, such as the main stream in
      a checkpoint of one stream alone, but what a part holds must be complete and fit.

    A model that is a :class:`AcceptsWeights` says what its weights may lack. A project whose parameters had other names
    before derives a class with ``renamed``, so that files are read without the model too.

    Attributes:
        renamed: beginnings of names in older checkpoints -> of now.
        compared: config keys to look at where a checkpoint is of another model, for the message.
        keep: the newest of the checkpoints named by epoch that stay after a save; 0 keeps all, as the host.
        record: of the run, which each checkpoint holds; None writes none.
        resumed_from: path of the checkpoint that `resume_or_load` went on from; empty where it did not.
    """

    renamed: ClassVar[Mapping[str, str]] = {}
    compared: ClassVar[str] = "MODEL.META_ARCHITECTURE and MODEL.BACKBONE"

    keep = 0
    record: RunRecord | None = None
    resumed_from = ""

    def save(self, name: str, **kwargs: Any) -> None:
        """As the host's, through a temporary file beside the final one; the best checkpoint is not tagged as the last.

        Raises:
            CheckpointError: the disk is full, or the folder cannot be written; the checkpoints before it stay.
        """
        if not self.save_dir or not self.save_to_disk:
            return
        data = {"model": self.model.state_dict()}
        data.update({key: value.state_dict() for key, value in self.checkpointables.items()})
        data.update(kwargs)
        if self.record is not None:
            data[ENTRY] = self.record.state()
        path = os.path.join(self.save_dir, f"{name}.pth")
        self.logger.info("Saving checkpoint to %s", path)
        try:
            write_whole(path, lambda file: _save(data, file), synced=True)
            if name != BEST:
                self.tag_last_checkpoint(os.path.basename(path))
        except (OSError, RuntimeError) as error:
            # torch words a full disk in its own way.
            raise CheckpointError(
                f"checkpoint {path} cannot be written ({error}); it takes about {_megabytes(data):,} MB, and the disk "
                f"has {_free_megabytes(self.save_dir):,} free. Make room, or the folder writable, then: --resume"
            ) from error
        if self.keep:
            # After the tag: a kill in between leaves one too many, never a tag without its file.
            by_epoch = sorted(
                (name for name in os.listdir(self.save_dir) if _BY_EPOCH.fullmatch(name)), key=_epoch_in_name
            )
            for old in by_epoch[: -self.keep]:
                os.remove(os.path.join(self.save_dir, old))

    def tag_last_checkpoint(self, last_filename_basename: str) -> None:
        """As the host's, through a temporary file: the tag is never empty."""
        write_whole(os.path.join(self.save_dir, _TAG), last_filename_basename, synced=True)

    def drop(self, name: str) -> None:
        """Removes a checkpoint where it is there."""
        path = os.path.join(self.save_dir, f"{name}.pth")
        if self.save_to_disk and os.path.isfile(path):
            os.remove(path)

    def has_checkpoint(self) -> bool:
        """Whether the folder holds a checkpoint to go on from; raises as `get_checkpoint_file` does."""
        return bool(self.get_checkpoint_file())

    def get_checkpoint_file(self) -> str:
        """The checkpoint that last_checkpoint names, or else the newest that is whole; empty where there is none.

        Raises:
            CheckpointError: there are some, or there were, and none is whole.
        """
        return last_whole_checkpoint(self.save_dir, self.logger.warning) if self.save_dir else ""

    def resume_or_load(self, path: str, *, resume: bool = True) -> dict[str, Any]:
        """As the host's, from a checkpoint that is whole."""
        self.resumed_from = self.get_checkpoint_file() if resume else ""
        return self.load(self.resumed_from) if self.resumed_from else self.load(path, checkpointables=[])

    def load(self, path: str, checkpointables: list[str] | None = None) -> dict[str, Any]:
        """As the host's; returns what the checkpoint holds beside the states.

        Raises:
            CheckpointError: the file is missing, truncated, no checkpoint of fast-reid, or of another model.
        """
        path = local_file(path) if path else path
        self._path = path
        self._starting = checkpointables is not None and not checkpointables
        return super().load(path, checkpointables)

    def _load_file(self, f: str) -> dict[str, Any]:
        damaged = damage(f)
        if damaged:
            raise CheckpointError(f"{f} is damaged: {damaged}. Take another checkpoint, or copy the file again")
        checkpoint = {"model": read_safetensors(f)} if f.endswith(SAFETENSORS) else self._load_pickled(f)
        if not isinstance(checkpoint, dict) or "model" not in checkpoint:
            raise CheckpointError(
                f"{f} has no 'model' entry, so it is no checkpoint of fast-reid; weights of a backbone alone belong "
                "into MODEL.BACKBONE.PRETRAIN_PATH with MODEL.BACKBONE.PRETRAIN on"
            )
        _check_tensors(f, checkpoint["model"])
        model = current_names(checkpoint["model"], self.renamed)
        if list(model) != list(checkpoint["model"]):
            self.warn_of_former_version(f)
        checkpoint["model"] = model
        _check_finite(f, checkpoint["model"])
        return checkpoint

    def _load_pickled(self, f: str) -> Any:
        try:
            return super()._load_file(f)
        except Exception as error:
            raise CheckpointError(
                f"{f} cannot be read ({why_unreadable(error)}); it is truncated or no checkpoint of PyTorch"
            ) from error

    def warn_of_former_version(self, path: str) -> None:
        """Told where a file has names of ``renamed``; a project may say what else was other then."""

    @classmethod
    def read_model(cls, path: str) -> dict[str, torch.Tensor]:
        """The weights in a checkpoint, by today's names, whichever version saved it.

        Raises:
            CheckpointError: the file is missing, truncated or no checkpoint of fast-reid.
        """
        return cls(torch.nn.Module())._load_file(local_file(path))["model"]

    def _load_model(self, checkpoint: dict[str, Any]) -> Any:
        if self._starting and isinstance(self.model, AcceptsWeights):
            checkpoint["model"] = self.model.starting_weights(checkpoint["model"])
        self._found = {key.removeprefix("module.") for key in checkpoint["model"]}
        order = [key.removeprefix("module.") for key in checkpoint["model"]]
        incompatible = super()._load_model(checkpoint)
        # The host's optimisers hold all weights of one learning rate in one row, in the order of the model's parts.
        if not self._starting and self.checkpointables and order != list(self.model.state_dict()):
            self._log_incompatible_keys(incompatible)
            raise CheckpointError(
                f"{self._path} has the model's parts in another order than this version, so its optimiser's state does "
                "not fit. Finish that training with the version that began it, or start another from it: MODEL.WEIGHTS "
                f"{self._path}, in another OUTPUT_DIR"
            )
        return incompatible

    def _log_incompatible_keys(self, incompatible: Any) -> None:
        model = self.model if isinstance(self.model, AcceptsWeights) else AcceptsWeights()
        reshaped = {key for key, _, _ in incompatible.incorrect_shapes}
        wrong_shapes = [
            f"{key} {found} instead of {expected}"
            for key, found, expected in incompatible.incorrect_shapes
            if key not in model.classifiers
        ]
        loaded = self._found - set(incompatible.unexpected_keys) - reshaped
        absent = [key for key in incompatible.missing_keys if key not in reshaped]
        missing = model.needed(absent, loaded, starting=self._starting)
        unexpected = model.foreign(incompatible.unexpected_keys)
        problems = [
            f"{what}: {', '.join(keys[:3])}{f' and {len(keys) - 3} more' if len(keys) > 3 else ''}"
            for what, keys in (
                ("other shapes", wrong_shapes),
                ("missing", missing),
                ("unknown here", unexpected),
            )
            if keys
        ]
        if problems or not loaded:
            raise CheckpointError(
                f"checkpoint {self._path} is of another model than {type(self.model).__name__} as configured "
                f"({'; '.join(problems) or 'nothing in it fits'}). Compare {self.compared} with the "
                "config.yaml beside the checkpoint."
            )
        super()._log_incompatible_keys(incompatible)


def why_unreadable(error: Exception) -> str:
    """A few words on why torch.load refused a file; its own go on for a page, and advise to switch its guard off."""
    text = " ".join(str(error).split())
    code = re.search(r"GLOBAL ([\w.]+)", text)
    if code:
        return f"it names {code[1]}, which is no tensor and could run code"
    if isinstance(error, pickle.UnpicklingError):
        return "it holds something else than tensors and plain values"
    return f"{type(error).__name__}: {text.partition('. ')[0]}" if text else type(error).__name__


def _check_tensors(path: str, model: Any) -> None:
    """Raises CheckpointError where a checkpoint's 'model' is something else than tensors by name."""
    if not isinstance(model, Mapping):
        raise CheckpointError(f"the 'model' entry of {path} is a {type(model).__name__}; expected tensors by name")
    for name, value in model.items():
        if not isinstance(name, str) or not isinstance(value, torch.Tensor):
            raise CheckpointError(
                f"the 'model' entry of {path} holds {name!r}, a {type(value).__name__}; expected tensors by name"
            )


def _check_finite(path: str, model: Mapping[str, Any]) -> None:
    """Raises CheckpointError where a parameter or statistic holds NaN or infinite values, and names it."""
    broken = [
        name
        for name, value in model.items()
        if isinstance(value, torch.Tensor) and value.is_floating_point() and not torch.isfinite(value).all()
    ]
    if broken:
        raise CheckpointError(
            f"{path} holds NaN or infinite values in {len(broken)} of {len(model)} parameters and statistics, "
            f"{broken[0]} the first of them: the training that wrote it diverged. Take an earlier checkpoint, or train "
            "again with a lower SOLVER.BASE_LR"
        )


def last_whole_checkpoint(folder: str, warn: Callable[[str], Any]) -> str:
    """The checkpoint in a folder that a training goes on from.

    Args:
        folder: of a run's stage.
        warn: told what cannot be used.

    Returns:
        path of the file that last_checkpoint names, or else of the newest that is whole; empty where there is none at
        all.

    Raises:
        CheckpointError: there are some, or last_checkpoint says so, and none is whole.
    """
    tag = os.path.join(folder, _TAG)
    tagged = _tagged(tag) if os.path.lexists(tag) else None
    if tagged:
        problem = _problem(os.path.join(folder, tagged))
        if not problem:
            return os.path.join(folder, tagged)
        warn(f"{tag} names {tagged}: {problem}")
    elif tagged is not None:
        warn(f"{tag} names no checkpoint of its folder")
    others = [name for name in checkpoint_names(folder) if name != tagged]
    problems = {}
    for name, _ in sorted(((name, _epoch(folder, name)) for name in others), key=lambda item: item[1], reverse=True):
        problems[name] = _problem(os.path.join(folder, name))
        if not problems[name]:
            warn(f"going on from {name}, the newest checkpoint of {folder} that is whole")
            return os.path.join(folder, name)
        warn(f"{os.path.join(folder, name)}: {problems[name]}")
    if tagged is not None or problems:
        found = ", ".join(filter(None, [tagged, *problems])) or "none"
        raise CheckpointError(
            f"{folder} has no whole checkpoint to go on from (found: {found}). Put one back, or start anew in another "
            "OUTPUT_DIR"
        )
    return ""


def _tagged(tag: str) -> str:
    """The file name that a tag holds; empty where it holds none, or one outside its folder."""
    try:
        with open(tag, encoding="utf-8") as file:
            name = file.read(256).strip()
    except (OSError, UnicodeDecodeError):
        return ""
    return name if _CHECKPOINT.fullmatch(name) else ""


def checkpoint_names(folder: str) -> list[str]:
    """The checkpoints in a folder, whole or not, by name."""
    return sorted(name for name in os.listdir(folder) if _CHECKPOINT.fullmatch(name)) if os.path.isdir(folder) else []


def _epoch_in_name(name: str) -> int:
    found = _BY_EPOCH.fullmatch(name)
    return int(found[1]) if found else -1


def _epoch(folder: str, name: str) -> int:
    if _BY_EPOCH.fullmatch(name):
        return _epoch_in_name(name)
    try:
        return int(read_entries(os.path.join(folder, name)).get("epoch", -1))
    except (CheckpointError, TypeError, ValueError):
        return -1


def _problem(path: str) -> str:
    try:
        read_entries(path)
    except CheckpointError as error:
        return str(error)
    return ""


def read_entries(path: str) -> dict[str, Any]:
    """What a checkpoint holds; its tensors stay on the disk until they are looked at.

    Raises:
        CheckpointError: the file is missing, damaged or no checkpoint of fast-reid.
    """
    if not os.path.isfile(path):
        raise CheckpointError(f"checkpoint {path} does not exist; see MODEL.WEIGHTS and OUTPUT_DIR")
    damaged = damage(path)
    if damaged:
        raise CheckpointError(f"{path} is damaged: {damaged}")
    try:
        checkpoint = torch.load(path, map_location="cpu", mmap=True, weights_only=True)
    except Exception as error:
        raise CheckpointError(f"{path} cannot be read ({type(error).__name__}: {error})") from error
    if not isinstance(checkpoint, dict) or "model" not in checkpoint:
        raise CheckpointError(f"{path} has no 'model' entry, so it is no checkpoint of fast-reid")
    return checkpoint


def _save(data: dict[str, Any], file: IO[bytes]) -> None:
    # A program may have switched torch's checksums off.
    before = torch.serialization.get_crc32_options()
    torch.serialization.set_crc32_options(True)
    try:
        torch.save(data, file)
    finally:
        torch.serialization.set_crc32_options(before)


def _free_megabytes(folder: str) -> int:
    return shutil.disk_usage(folder).free // 2**20


def _megabytes(data: Any) -> int:
    return -(-sum(tensor.nbytes for tensor in _tensors(data)) // 2**20)


def _tensors(data: Any) -> Iterator[torch.Tensor]:
    if isinstance(data, torch.Tensor):
        yield data
    elif isinstance(data, Mapping):
        for value in data.values():
            yield from _tensors(value)
    elif isinstance(data, list | tuple):
        for value in data:
            yield from _tensors(value)
