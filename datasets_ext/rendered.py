"""The embedded benchmark RenderedPeople, read by the very code that reads the data sets whose layouts it has."""

import os.path as osp

from fastreid.data.datasets import DATASET_REGISTRY

from .ccvid import CCVID
from .celeb_reid import CelebReID, CelebReIDLight
from .deepchange import DeepChange
from .files import shown
from .last import LaST
from .ltcc import LTCC
from .mevid import MEVID
from .prcc import PRCC
from .vc_clothes import Real28, VCClothes

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


@DATASET_REGISTRY.register()
class RenderedPeopleVCClothesLayout(VCClothes):
    """RenderedPeople in VC-Clothes's layout, in rendered_people/VC-Clothes, read as that set."""

    dataset_name = "rendered_people_vcclothes"
    dataset_dir = osp.join(_FOLDER, "VC-Clothes")
    dataset_url = ""
    published = {}

    def how_to_get(self) -> str:
        return _how_to_render(self.root, " --layouts vcclothes")


@DATASET_REGISTRY.register()
class RenderedPeopleReal28Layout(Real28):
    """RenderedPeople in Real28's layout, in rendered_people/Real28, read as that set."""

    dataset_name = "rendered_people_real28"
    dataset_dir = osp.join(_FOLDER, "Real28")
    dataset_url = ""
    published = {}

    def how_to_get(self) -> str:
        return _how_to_render(self.root, " --layouts real28")


@DATASET_REGISTRY.register()
class RenderedPeopleLaSTLayout(LaST):
    """RenderedPeople in LaST's layout, in rendered_people/last, read as that set."""

    dataset_name = "rendered_people_last"
    dataset_dir = osp.join(_FOLDER, "last")
    dataset_url = ""
    releases = {}

    def how_to_get(self) -> str:
        return _how_to_render(self.root, " --layouts last")


@DATASET_REGISTRY.register()
class RenderedPeopleDeepChangeLayout(DeepChange):
    """RenderedPeople in DeepChange's layout, in rendered_people/DeepChangeDataset, read as that set."""

    dataset_name = "rendered_people_deepchange"
    dataset_dir = osp.join(_FOLDER, "DeepChangeDataset")
    dataset_url = ""
    releases = {}

    def how_to_get(self) -> str:
        return _how_to_render(self.root, " --layouts deepchange")


@DATASET_REGISTRY.register()
class RenderedPeopleCelebReIDLayout(CelebReID):
    """RenderedPeople in Celeb-reID's layout, in rendered_people/Celeb-reID, read as that set."""

    dataset_name = "rendered_people_celebreid"
    dataset_dir = osp.join(_FOLDER, "Celeb-reID")
    dataset_url = ""
    published = {}

    def how_to_get(self) -> str:
        return _how_to_render(self.root, " --layouts celebreid")


@DATASET_REGISTRY.register()
class RenderedPeopleCelebReIDLightLayout(CelebReIDLight):
    """RenderedPeople in Celeb-reID-light's layout, in rendered_people/Celeb-reID-light, read as that set."""

    dataset_name = "rendered_people_celebreidlight"
    dataset_dir = osp.join(_FOLDER, "Celeb-reID-light")
    dataset_url = ""
    published = {}

    def how_to_get(self) -> str:
        return _how_to_render(self.root, " --layouts celebreidlight")


@DATASET_REGISTRY.register()
class RenderedPeopleCCVIDLayout(CCVID):
    """RenderedPeople in CCVID's layout, in rendered_people/CCVID, read as that set."""

    dataset_name = "rendered_people_ccvid"
    dataset_dir = osp.join(_FOLDER, "CCVID")
    dataset_url = ""
    published = {}
    published_lengths = None
    # A third session is there from the third outfit on.
    folders = ("session1", "session2")

    def how_to_get(self) -> str:
        return _how_to_render(self.root, " --layouts ccvid")


@DATASET_REGISTRY.register()
class RenderedPeopleMEVIDLayout(MEVID):
    """RenderedPeople in MEVID's layout, in rendered_people/mevid, read as that set."""

    dataset_name = "rendered_people_mevid"
    dataset_dir = osp.join(_FOLDER, "mevid")
    dataset_url = ""
    published = {}

    def how_to_get(self) -> str:
        return _how_to_render(self.root, " --layouts mevid")
