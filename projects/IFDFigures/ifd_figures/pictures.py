"""Picture files: checked before the work that they show, and written whole or not at all."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.figure import Figure

from datasets_ext import UserError
from datasets_ext.files import write_whole

# Frame colours of right and wrong matches.
RIGHT, WRONG = "#1a9641", "#d7191c"
FORMATS = (".png", ".pdf", ".svg")


class PictureError(UserError, ValueError):
    """A picture that cannot be drawn, or not written where it should go."""


def check_picture(path: str | Path) -> Path:
    """Makes the folder of a picture, and tries whether it can be written.

    Args:
        path: of the picture; one that is there stays until it is drawn anew.

    Raises:
        PictureError: its ending is not one of FORMATS, or there is a folder of its name.
        OSError: nothing can be written there; it names the path.
    """
    path = Path(path)
    if path.suffix.lower() not in FORMATS:
        raise PictureError(f"a picture is to be written to {path}, expected a name that ends in {', '.join(FORMATS)}")
    if path.is_dir():
        raise PictureError(f"a picture is to be written to {path}, which is a folder; name a file")
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    part.touch()
    part.unlink()
    return path


def save_picture(figure: Figure, path: str | Path, *, dpi: int) -> None:
    """Writes a figure, in the format of the file's ending, through a temporary file, and closes it."""
    path = check_picture(path)
    write_whole(path, lambda file: figure.savefig(file, dpi=dpi, format=path.suffix[1:].lower()))
    plt.close(figure)


def pixels(sample: torch.Tensor) -> np.ndarray:
    """(4, H, W) float network input to its (H, W, 3) uint8 picture."""
    return sample[:3].permute(1, 2, 0).clamp(0, 255).byte().numpy()
