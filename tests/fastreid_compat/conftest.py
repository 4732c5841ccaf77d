"""What the tests share: a small data set in Market-1501's layout, a small config for it, and a fresh interpreter."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import fastreid_compat  # noqa: F401  (adapts the host before a test imports it)

HERE = Path(__file__).parent
TRAIN_IDS, TEST_IDS = range(1, 5), range(101, 105)
CAMERAS = (1, 2, 3)


def write_images(folder, pids, camids, images):
    folder.mkdir(parents=True)
    for pid in pids:
        random = np.random.default_rng(pid)
        colour = random.integers(0, 256, 3)
        for camid in camids:
            for number in range(images):
                pixels = np.clip(colour + random.normal(0, 20, (64, 32, 3)), 0, 255).astype(np.uint8)
                Image.fromarray(pixels).save(folder / f"{pid:04d}_c{camid}s1_{number:06d}_00.jpg")


@pytest.fixture(scope="session")
def datasets_root(tmp_path_factory):
    """A folder with 4 training identities (3 cameras, 2 images each) and 4 test identities as Market1501 reads them."""
    root = tmp_path_factory.mktemp("datasets")
    market = root / "Market-1501-v15.09.15"
    write_images(market / "bounding_box_train", TRAIN_IDS, CAMERAS, images=2)
    write_images(market / "query", TEST_IDS, CAMERAS[:1], images=1)
    write_images(market / "bounding_box_test", TEST_IDS, CAMERAS[1:], images=2)
    return root


@pytest.fixture
def market(datasets_root, monkeypatch):
    """Lets the host find the small Market1501; its folder is read from the environment when the host is imported."""
    from fastreid.data import build

    monkeypatch.setattr(build, "_root", str(datasets_root))


@pytest.fixture
def small_config(tmp_path):
    """Makes the host's config for ResNet-18 on 64x32 images; takes further keys as `merge_from_list` does."""
    from fastreid.config import get_cfg

    def make(*options):
        cfg = get_cfg()
        cfg.merge_from_file(str(HERE / "baseline_r18.yml"))
        cfg.OUTPUT_DIR = str(tmp_path / "output")
        cfg.merge_from_list(list(options))
        Path(cfg.OUTPUT_DIR).mkdir(exist_ok=True)
        return cfg

    return make


@pytest.fixture(scope="session")
def run_python():
    """Runs a fresh interpreter on the given arguments, with variables added to the environment."""

    def run(*arguments, cwd=None, **variables):
        environment = {**os.environ, **{name: str(value) for name, value in variables.items()}}
        return subprocess.run(
            [sys.executable, *map(str, arguments)],
            cwd=cwd,
            env=environment,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )

    return run
