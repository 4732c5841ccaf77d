import os
import shutil

import numpy as np
import pytest
from PIL import Image

from datasets_ext import PRCC
from datasets_ext.check import check_dataset


class Unpublished(PRCC):
    """PRCC without its published sizes, which the tiny data set does not have."""

    published = {}


class Data:
    """A data set that can be spoiled and checked.

    root: folder of data sets.
    """

    def __init__(self, root):
        self.root = root

    def image(self, name):
        return self.root / "prcc" / "rgb" / name

    def map(self, name):
        return (self.root / "prcc" / "parsing" / name).with_suffix(".png")

    def change_map(self, name, change):
        path = self.map(name)
        Image.fromarray(change(np.array(Image.open(path))).astype(np.uint8)).save(path)

    def change_maps(self, change):
        for path in (self.root / "prcc" / "parsing").rglob("*.png"):
            Image.fromarray(change(np.array(Image.open(path))).astype(np.uint8)).save(path)

    def dataset(self, kind=Unpublished):
        return kind(root=str(self.root), verbose=False)

    def check(self, dataset=Unpublished, **options):
        return check_dataset(self.dataset(dataset), workers=1, **options)

    def found(self, **options):
        """Problems as {kind: [(images below the data set, detail)]}."""
        return problems_by_kind(self.check(**options))


def problems_by_kind(report):
    problems = {}
    for problem in report.problems:
        images = [os.path.relpath(image, report.folder) for image in problem.images]
        problems.setdefault(problem.kind, []).append((images, problem.detail))
    return problems


@pytest.fixture
def data(prcc_root, tmp_path):
    """A copy of the tiny data set."""
    shutil.copytree(prcc_root, tmp_path / "datasets")
    return Data(tmp_path / "datasets")


@pytest.fixture
def at():
    """What is below another folder of data sets, to be checked."""
    return Data


@pytest.fixture(scope="session")
def prcc_root(parsed_prcc_root):
    """Folder for FASTREID_DATASETS with 6 training and 4 test people, 3 images a camera."""
    return parsed_prcc_root
