"""After all else ran: the installed host is what its publisher shipped, byte for byte."""

import base64
import hashlib
from importlib import metadata
from pathlib import Path

import pytest


@pytest.fixture
def distribution():
    try:
        return metadata.distribution("fastreid")
    except metadata.PackageNotFoundError:
        pytest.skip("the host is a clone on PYTHONPATH")


def test_installed_files_match_their_record(distribution):
    recorded = [file for file in distribution.files if file.hash is not None]
    assert len(recorded) > 100
    for file in recorded:
        digest = hashlib.new(file.hash.mode, file.locate().read_bytes()).digest()
        assert base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == file.hash.value, file


def test_nothing_was_added_beside_them(distribution):
    recorded = {Path(file.locate()).resolve() for file in distribution.files}
    folder = Path(distribution.locate_file("fastreid")).resolve()
    present = {path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc"}
    assert present <= recorded
