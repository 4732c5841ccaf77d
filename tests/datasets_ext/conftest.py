import logging
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

# Before any test module imports the host.
import fastreid_compat  # noqa: F401


class _Lines(logging.Handler):
    def __init__(self):
        super().__init__()
        self.text = ""

    def emit(self, record):
        self.text += record.getMessage() + "\n"


@pytest.fixture
def dataset_log():
    """What the data sets log; its own handler, since the host's logger may have been told not to propagate."""
    logger, handler = logging.getLogger("fastreid.datasets_ext"), _Lines()
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield handler
    logger.setLevel(level)
    logger.removeHandler(handler)


@pytest.fixture
def write_images():
    """Writes small random images below a folder; returns nothing."""
    rng = np.random.default_rng(0)

    def write(folder, names, size=(8, 16)):
        width, height = size
        for name in names:
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(rng.integers(0, 256, (height, width, 3), dtype=np.uint8)).save(path)

    return write


PRCC_FILES = [
    "rgb/train/001/A_cropped_rgb001.jpg",
    "rgb/train/001/B_cropped_rgb002.jpg",
    "rgb/train/001/C_cropped_rgb003.jpg",
    "rgb/train/010/C_cropped_rgb7.jpg",
    "rgb/val/001/B_cropped_rgb100.jpg",
    "rgb/val/001/C_cropped_rgb101.jpg",
    # The cameras do not show the same people: 003, 012 and 100 are all of the test people.
    "rgb/test/A/003/cropped_rgb001.jpg",
    "rgb/test/A/012/cropped_rgb002.jpg",
    "rgb/test/A/012/cropped_rgb003.jpg",
    "rgb/test/B/003/cropped_rgb004.jpg",
    "rgb/test/B/100/cropped_rgb005.jpg",
    "rgb/test/C/012/cropped_rgb006.jpg",
    "rgb/test/C/100/cropped_rgb007.jpg",
]

LTCC_FILES = [
    "train/001_1_c11_000012.png",
    "train/001_2_c1_000013.png",
    "train/094_1_c9_015923.png",
    "query/005_2_c12_000001.png",
    "query/020_1_c3_000002.png",
    "test/005_1_c1_000003.png",
    "test/005_10_c2_000004.png",
    "test/005_2_c2_000005.png",
]


@pytest.fixture
def prcc_root(tmp_path, write_images):
    write_images(tmp_path / "prcc", PRCC_FILES)
    return tmp_path


@pytest.fixture
def ltcc_root(tmp_path, write_images):
    write_images(tmp_path / "LTCC_ReID", LTCC_FILES)
    return tmp_path


@pytest.fixture
def lay_out(tmp_path):
    """Makes files below a folder that lies below others of the given names; content where it is given, else empty.

    Returns the root to read from: readers parse names and lists alone.
    """

    def make(folder, names, texts=None, above=()):
        root = tmp_path.joinpath(*above)
        for name in names:
            path = root / folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        for name, text in (texts or {}).items():
            (root / folder / name).write_text(text)
        return root

    return make


@pytest.fixture
def below():
    """Items with the path below a folder, '/' between its parts; of a tracklet a list of its frames."""

    def shorten(items, root):
        def one(data):
            if isinstance(data, str):
                return Path(data).relative_to(root).as_posix()
            return [Path(frame).relative_to(root).as_posix() for frame in data]

        return [(one(data), *rest) for data, *rest in items]

    return shorten
