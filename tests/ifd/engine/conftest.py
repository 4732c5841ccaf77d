"""A finished run to change."""

import shutil

import pytest


@pytest.fixture
def copied_run(finished_config, tmp_path):
    """The finished run in a folder of its own, and its config."""
    run = tmp_path / "copy"
    shutil.copytree(finished_config.OUTPUT_DIR, run)
    finished_config.OUTPUT_DIR = str(run)
    return finished_config, run
