"""The files of a gallery's pictures: found below the folders that were indexed, and nowhere else."""

import os
from collections.abc import Sequence

from ..errors import PhotoError
from ..photos import Photo, read_photo
from ..pictures import Picture


def folder_of(source: str | None, folders: Sequence[str]) -> str | None:
    """The folder that a file lies below once all links are followed; None where it lies below none of them."""
    if source is None or not os.path.isabs(source):
        return None
    path = os.path.realpath(source)
    for folder in folders:
        root = os.path.realpath(folder)
        if path.startswith(os.path.join(root, "")):
            return folder
    return None


def path_below(source: str, folder: str) -> str:
    """A file's path below a folder, '/' between its parts, as ``index`` listed it."""
    return os.path.relpath(source, folder).replace(os.sep, "/")


def photo_of(picture: Picture, folders: Sequence[str]) -> Photo:
    """The photo of a picture.

    Args:
        picture: of the gallery.
        folders: that were indexed.

    Raises:
        PhotoError: it lies below none of them, cannot be read, or is another photo by now.
    """
    if folder_of(picture.source, folders) is None:
        raise PhotoError("This picture's file lies below no folder that was indexed.")
    photo = read_photo(str(picture.source))
    if photo.id != picture.id:
        raise PhotoError("This picture's file is another one by now; index its folder again.")
    return photo
