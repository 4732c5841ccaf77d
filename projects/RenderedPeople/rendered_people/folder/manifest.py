"""The manifest of a benchmark's folder: what it was made from, whether it is complete, what its bytes add up to."""

import json
import warnings
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from rendered_people.errors import RenderingError
from rendered_people.folder.files import Shelf
from rendered_people.folder.parameters import BenchmarkParameters, with_defaults

NAME = "RenderedPeople"
FILE_NAME = "manifest.json"
# Raised with every change that alters a pixel, so that no folder mixes two; and the day on which it was.
CONTENT_VERSION = 2
CONTENT_DATE = "2026-11-22"
_LIBRARIES = ("anny", "numba", "numpy", "pillow", "scipy", "torch")
_KINDS = {"parameters": dict, "made_with": dict, "complete": bool}

Manifest = dict[str, Any]


def read_manifest(shelf: Shelf) -> Manifest | None:
    """The manifest in a folder, or None where there is none.

    Raises:
        RenderingError: The file is damaged, or no manifest of ours.
    """
    if not shelf.has(FILE_NAME):
        return None
    path = shelf.root / FILE_NAME
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise RenderingError(f"{path} is not valid JSON ({error}); remove the folder and render again") from error
    if not isinstance(manifest, dict) or manifest.get("benchmark") != NAME:
        raise RenderingError(f"{path} is not a manifest of {NAME}; choose another output folder")
    for key, kind in _KINDS.items():
        if not isinstance(manifest.get(key), kind):
            raise RenderingError(f"{path} is damaged (no {key!r} as it is written); remove the folder and render again")
    if manifest["complete"] and not isinstance(manifest.get("digest"), str):
        raise RenderingError(f"{path} is damaged (no 'digest' as it is written); remove the folder and render again")
    return manifest


def open_manifest(shelf: Shelf, parameters: BenchmarkParameters) -> Manifest:
    """The manifest of a folder, or a new one where the folder is empty.

    Raises:
        RenderingError: The folder holds something else, or a benchmark of other parameters.
    """
    manifest = read_manifest(shelf)
    if manifest is not None:
        check_manifest(shelf, manifest, parameters)
        return manifest
    if not shelf.is_empty():
        raise RenderingError(f"{shelf.root} is not empty and holds no benchmark of {NAME}; name a new or empty folder")
    return new_manifest(parameters)


def new_manifest(parameters: BenchmarkParameters) -> Manifest:
    """Manifest of a benchmark that is about to be rendered."""
    return {
        "benchmark": NAME,
        "content_version": CONTENT_VERSION,
        "parameters": parameters.to_json(),
        "made_with": _library_versions(),
        "complete": False,
    }


def write_manifest(shelf: Shelf, manifest: Manifest) -> None:
    """Writes the manifest in one step."""
    shelf.write(FILE_NAME, (json.dumps(manifest, indent=2) + "\n").encode())


def check_manifest(shelf: Shelf, manifest: Manifest, parameters: BenchmarkParameters) -> None:
    """Checks that a folder's manifest is of these parameters and of this version of the package.

    Raises:
        RenderingError: It is not; the message names what differs.
    """
    expected = {"content version": CONTENT_VERSION, **with_defaults(parameters.to_json())}
    found = {"content version": manifest.get("content_version"), **with_defaults(manifest["parameters"])}
    if "disturbance" in manifest:
        found["disturbance"] = manifest["disturbance"]
    differences = [
        f"{name} is {found.get(name)!r} there and {expected.get(name)!r} here"
        for name in {**expected, **found}
        if found.get(name) != expected.get(name)
    ]
    if differences:
        raise RenderingError(
            f"{shelf.root} holds a benchmark made from other parameters ({'; '.join(differences)}); "
            "nothing was changed: name another output folder, or remove this one first"
        )


def warn_of_other_libraries(shelf: Shelf, manifest: Manifest) -> bool:
    """Warns where a benchmark was begun with other library versions, since its files may then not be as in one go.

    Returns:
        Whether it was.
    """
    here = _library_versions()
    changed = [
        f"{name} {there} (now {here.get(name)})"
        for name, there in manifest["made_with"].items()
        if there != here.get(name)
    ]
    if changed:
        warnings.warn(
            f"{shelf.root} was begun with {', '.join(changed)}; the files still to come may differ in some bytes from "
            "a rendering in one go",
            stacklevel=3,
        )
    return bool(changed)


def refuse_other_digest(shelf: Shelf, manifest: Manifest, found: str, *, other_libraries: bool) -> None:
    """Refuses a folder that was finished before, and is not as it was with what was damaged made again.

    Args:
        shelf: The folder.
        manifest: As the folder was finished, or left.
        found: Digest of what it holds now.
        other_libraries: Whether other versions made a part of it, so that some bytes may differ.

    Raises:
        RenderingError: It is not as it was.
    """
    if manifest["complete"] and found != manifest["digest"] and not other_libraries:
        raise RenderingError(
            f"with what was damaged rendered again, {shelf.root} is still not as it was (digest {found[:16]}, it was "
            f"{str(manifest['digest'])[:16]}); remove the folder and render again"
        )


def _library_versions() -> dict[str, str | None]:
    return {name: _version(name) for name in _LIBRARIES}


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
