"""Files of weights, by path or by a prefix that the host's path manager knows, of torch.save or of safetensors."""

import os

import torch
from fastreid.utils.file_io import PathManager

from datasets_ext.errors import CheckpointError

SAFETENSORS = ".safetensors"


def local_file(name: str) -> str:
    """Path of a file of weights on this machine.

    Args:
        name: a path, or what a handler of the host's ``PathManager`` answers to.

    Raises:
        CheckpointError: there is no such file.
    """
    path: str = PathManager.get_local_path(name)
    if not os.path.isfile(path):
        raise CheckpointError(f"checkpoint {name} does not exist; see MODEL.WEIGHTS and OUTPUT_DIR")
    return path


def read_safetensors(path: str) -> dict[str, torch.Tensor]:
    """The tensors of a file, those of half precision as float32.

    Raises:
        CheckpointError: the file is damaged or none of safetensors.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        found = load_file(path)
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{path} cannot be read ({error}); it is damaged or no file of safetensors") from error
    return {name: value.float() if value.dtype == torch.float16 else value for name, value in found.items()}
