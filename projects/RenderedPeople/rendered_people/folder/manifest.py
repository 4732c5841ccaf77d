"""The manifest of a benchmark's folder: what it was made from, whether it is complete, what its bytes add up to."""

import hashlib
import json
import warnings
from importlib.metadata import PackageNotFoundError, version

NAME = "RenderedPeople"
FILE_NAME = "manifest.json"
# Raised with every change that alters a pixel, so that no folder mixes two.
CONTENT_VERSION = 2
_LIBRARIES = ("anny", "numba", "numpy", "pillow", "scipy", "torch")


def read_manifest(shelf):
    """The manifest in a folder as a dict, or None; shelf: Shelf. Raises ValueError where the file is not a manifest."""
    if not shelf.has(FILE_NAME):
        return None
    try:
        manifest = json.loads((shelf.root / FILE_NAME).read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise ValueError(
            f"{shelf.root / FILE_NAME} is not valid JSON ({error}); remove the folder and render again"
        ) from error
    if not isinstance(manifest, dict) or manifest.get("benchmark") != NAME:
        raise ValueError(f"{shelf.root / FILE_NAME} is not a manifest of {NAME}; choose another output folder")
    return manifest


def new_manifest(parameters):
    """Manifest of a benchmark that is about to be rendered; parameters: BenchmarkParameters."""
    return {
        "benchmark": NAME,
        "content_version": CONTENT_VERSION,
        "parameters": parameters.to_json(),
        "made_with": _library_versions(),
        "complete": False,
    }


def write_manifest(shelf, manifest):
    """Writes the manifest in one step."""
    shelf.write(FILE_NAME, (json.dumps(manifest, indent=2) + "\n").encode())


def check_manifest(shelf, manifest, parameters):
    """Raises ValueError where a folder's manifest is of other parameters or of another version of this package."""
    expected = {"content version": CONTENT_VERSION, **parameters.to_json()}
    found = {"content version": manifest.get("content_version"), **manifest.get("parameters", {})}
    differences = [
        f"{name} is {found.get(name)!r} there and {expected.get(name)!r} here"
        for name in {**expected, **found}
        if found.get(name) != expected.get(name)
    ]
    if differences:
        raise ValueError(
            f"{shelf.root} holds a benchmark made from other parameters ({'; '.join(differences)}); "
            "nothing was changed: name another output folder, or remove this one first"
        )


def warn_of_other_libraries(shelf, manifest):
    """Warns where a benchmark was begun with other library versions, since its files may then not be as in one go."""
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


def digest(shelf, relative_paths):
    """SHA-256 over the names and contents of files, in order of their names: equal for equal benchmarks."""
    total = hashlib.sha256()
    for relative in sorted(relative_paths):
        content = hashlib.sha256((shelf.root / relative).read_bytes()).hexdigest()
        total.update(f"{relative} {content}\n".encode())
    return total.hexdigest()


def _library_versions():
    return {name: _version(name) for name in _LIBRARIES}


def _version(name):
    try:
        return version(name)
    except PackageNotFoundError:
        return None
