"""Checkpoints that are whole or absent, and that fit the model or are refused."""

import os
import pickle
import re
from collections.abc import Mapping
from typing import Any

import torch
from fastreid.modeling.meta_arch import META_ARCH_REGISTRY
from fastreid.utils.checkpoint import Checkpointer

from datasets_ext import UserError

from ..modeling import AcceptsWeights, current_names


class CheckpointError(UserError, RuntimeError):
    """A checkpoint that cannot be read or belongs to another model."""


class IFDCheckpointer(Checkpointer):
    """The host's checkpointer, with writes that a kill cannot leave half done and loads that never skip silently.

    The host writes straight to the final name and only logs what did not fit. Three kinds of load differ:

    - resuming, and loading to evaluate: every parameter must be there in its shape, but for the classifiers, whose size
      is the number of training identities and which evaluation does not use;
    - starting a training from weights (``checkpointables=[]``): a whole part may be missing, such as the main stream in
      a checkpoint of the attention stream, but what a part holds must be complete and fit.

    ``keep``: the newest of the checkpoints named by epoch that stay after a save; 0 keeps all, as the host.
    """

    keep = 0

    def save(self, name: str, **kwargs):
        """As the host's, through a temporary file beside the final one."""
        if not self.save_dir or not self.save_to_disk:
            return
        data = {"model": self.model.state_dict()}
        data.update({key: value.state_dict() for key, value in self.checkpointables.items()})
        data.update(kwargs)
        path = os.path.join(self.save_dir, f"{name}.pth")
        self.logger.info("Saving checkpoint to %s", path)
        with open(f"{path}.part", "wb") as file:
            torch.save(data, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(f"{path}.part", path)
        self.tag_last_checkpoint(os.path.basename(path))
        if self.keep:
            # After the tag: a kill in between leaves one too many, never a tag without its file.
            by_epoch = sorted(name for name in os.listdir(self.save_dir) if re.fullmatch(r"model_\d+\.pth", name))
            for old in by_epoch[: -self.keep]:
                os.remove(os.path.join(self.save_dir, old))

    def load(self, path: str, checkpointables: list[str] | None = None):
        """As the host's; returns what the checkpoint holds beside the states.

        Raises:
            CheckpointError: the file is missing, truncated, no checkpoint of fast-reid, or of another model.
        """
        if path and not os.path.isfile(path):
            raise CheckpointError(f"checkpoint {path} does not exist; see MODEL.WEIGHTS and OUTPUT_DIR")
        self._path = path
        self._starting = checkpointables is not None and not checkpointables
        return super().load(path, checkpointables)

    def _load_file(self, f: str):
        try:
            checkpoint = super()._load_file(f)
        except Exception as error:
            raise CheckpointError(
                f"{f} cannot be read ({why_unreadable(error)}); it is truncated or no checkpoint of PyTorch"
            ) from error
        if not isinstance(checkpoint, dict) or "model" not in checkpoint:
            raise CheckpointError(
                f"{f} has no 'model' entry, so it is no checkpoint of fast-reid; weights of a backbone alone belong "
                "into MODEL.BACKBONE.PRETRAIN_PATH with MODEL.BACKBONE.PRETRAIN on"
            )
        _check_tensors(f, checkpoint["model"])
        model = current_names(checkpoint["model"])
        if list(model) != list(checkpoint["model"]):
            self.logger.warning(
                "%s is of version 0.1.0, which sampled clothing masks by their nearest pixels and left a rim of "
                "clothes in M. Evaluated with other masks it does far worse: IFD.MASK_RESIZE nearest "
                "IFD.MASK_DILATE 0 give those that it was trained with",
                f,
            )
        checkpoint["model"] = model
        _check_finite(f, checkpoint["model"])
        return checkpoint

    def _load_model(self, checkpoint):
        if self._starting and isinstance(self.model, AcceptsWeights):
            starting = self.model.starting_weights(checkpoint["model"])
            if len(starting) > len(checkpoint["model"]):
                self.logger.info("The main stream's backbone starts from the attention stream's")
            checkpoint["model"] = starting
        self._found = {key.removeprefix("module.") for key in checkpoint["model"]}
        return super()._load_model(checkpoint)

    def _log_incompatible_keys(self, incompatible):
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
                f"({'; '.join(problems) or 'nothing in it fits'}). Compare MODEL.META_ARCHITECTURE, MODEL.BACKBONE and "
                "IFD.IKT/IFD.CBD with the config.yaml beside the checkpoint."
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


def read_model(path: str) -> dict[str, torch.Tensor]:
    """The weights in a checkpoint, by today's names, whichever version saved it.

    Raises:
        CheckpointError: the file is missing, truncated or no checkpoint of fast-reid.
    """
    if not os.path.isfile(path):
        raise CheckpointError(f"checkpoint {path} does not exist; see MODEL.WEIGHTS and OUTPUT_DIR")
    return IFDCheckpointer(torch.nn.Module())._load_file(path)["model"]


def num_training_identities(cfg, path: str) -> int:
    """Rows of the configured model's classifier in a checkpoint: the identities it was trained on; 0 without one."""
    architecture = META_ARCH_REGISTRY.get(cfg.MODEL.META_ARCHITECTURE)
    return architecture.num_identities(read_model(path)) if issubclass(architecture, AcceptsWeights) else 0
