"""SHA256SUMS: what each file of a finished benchmark held; `sha256sum --check SHA256SUMS` reads it, too."""

import hashlib
from collections.abc import Iterable, Mapping

from rendered_people.folder.files import Shelf

FILE_NAME = "SHA256SUMS"


def file_hashes(shelf: Shelf, relative_paths: Iterable[str]) -> dict[str, str]:
    """SHA-256, in hexadecimal, of the files that are there, by relative path."""
    return {
        relative: hashlib.sha256((shelf.root / relative).read_bytes()).hexdigest()
        for relative in relative_paths
        if shelf.has(relative)
    }


def digest(hashes: Mapping[str, str]) -> str:
    """SHA-256 over the names and contents of files, in order of their names: equal for equal benchmarks.

    Args:
        hashes: As `file_hashes` gives them.
    """
    total = hashlib.sha256()
    for relative, content in sorted(hashes.items()):
        total.update(f"{relative} {content}\n".encode())
    return total.hexdigest()


def write_checksums(shelf: Shelf, hashes: Mapping[str, str]) -> None:
    """Writes SHA256SUMS in one step."""
    shelf.write(FILE_NAME, "".join(f"{content}  {path}\n" for path, content in sorted(hashes.items())).encode())


def read_checksums(shelf: Shelf) -> dict[str, str]:
    """What SHA256SUMS says, by relative path; nothing where there is none or it is damaged."""
    if not shelf.has(FILE_NAME):
        return {}
    hashes = {}
    for line in (shelf.root / FILE_NAME).read_text(encoding="utf-8", errors="replace").splitlines():
        content, _, relative = line.partition("  ")
        hashes[relative] = content
    return hashes
