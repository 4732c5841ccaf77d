"""Reading one image, with an error that names the file."""

import os

from fastreid.data.data_utils import read_image
from PIL import Image

from .errors import ImageFileError


def read_rgb(path):
    """Reads an image through the host's reader, EXIF orientation applied.

    Args:
        path: str or path-like, any file format and mode that Pillow converts to RGB.
    Returns: PIL.Image.Image of mode RGB.
    Raises: ImageFileError, naming the file, where it is missing, cut short, damaged or no image.
    """
    path = os.fspath(path)
    try:
        return read_image(path, format="RGB")
    except FileNotFoundError as error:
        raise ImageFileError(f"Image {path} does not exist: was it moved after the data set was listed?") from error
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as error:
        raise ImageFileError(
            f"Image {path} cannot be read ({error}). The file is damaged, cut short or no image: "
            "copy it again from the original data set."
        ) from error
