"""The embedded benchmark RenderedPeople, read by the very code that reads PRCC and LTCC."""

import os.path as osp

from fastreid.data.datasets import DATASET_REGISTRY

from .files import shown
from .ltcc import LTCC
from .prcc import PRCC

_FOLDER = "rendered_people"


def _how_to_render(root: str, options: str = "") -> str:
    return (
        f"Render it: python -m rendered_people --output {shown(osp.join(root, _FOLDER))}{options}\n"
        f"or set FASTREID_DATASETS to the folder that holds {_FOLDER}."
    )


@DATASET_REGISTRY.register()
class RenderedPeoplePRCCLayout(PRCC):
    """RenderedPeople in PRCC's layout, in rendered_people/prcc; labels and splits as in PRCC."""

    dataset_name = "rendered_people_prcc"
    dataset_dir = osp.join(_FOLDER, "prcc")
    dataset_url = ""
    published = {}

    def how_to_get(self) -> str:
        return _how_to_render(self.root)


@DATASET_REGISTRY.register()
class RenderedPeopleLTCCLayout(LTCC):
    """RenderedPeople in LTCC's layout, in rendered_people/LTCC_ReID; labels and splits as in LTCC."""

    dataset_name = "rendered_people_ltcc"
    dataset_dir = osp.join(_FOLDER, "LTCC_ReID")
    dataset_url = ""
    published = {}

    def how_to_get(self) -> str:
        return _how_to_render(self.root)


@DATASET_REGISTRY.register()
class RenderedPeoplePRCCLayoutUnseenSites(RenderedPeoplePRCCLayout):
    """The training set of RenderedPeoplePRCCLayout, tested on people of sites that no training image shows."""

    test_folder = "test_unseen_sites"
    folders = ("rgb/train", "rgb/test_unseen_sites/A", "rgb/test_unseen_sites/B", "rgb/test_unseen_sites/C")

    def how_to_get(self) -> str:
        return _how_to_render(self.root, " --unseen-sites 1")


@DATASET_REGISTRY.register()
class RenderedPeopleLTCCLayoutUnseenSites(RenderedPeopleLTCCLayout):
    """The training set of RenderedPeopleLTCCLayout, tested on people of sites that no training image shows."""

    query_folder = "query_unseen_sites"
    gallery_folder = "test_unseen_sites"
    folders = ("train", query_folder, gallery_folder)

    def how_to_get(self) -> str:
        return _how_to_render(self.root, " --unseen-sites 1")
