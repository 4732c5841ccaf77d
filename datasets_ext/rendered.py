"""The embedded benchmark RenderedPeople, read by the very code that reads the data sets whose layouts it has."""

import os.path as osp
from typing import ClassVar

from fastreid.data.datasets import DATASET_REGISTRY

from .bases import ClothesImageDataset
from .ccvid import CCVID
from .celeb_reid import CelebReID, CelebReIDLight
from .deepchange import DeepChange
from .files import is_folder, shown
from .last import LaST
from .ltcc import LTCC
from .mevid import MEVID
from .prcc import PRCC
from .shards import shard_path
from .vc_clothes import Real28, VCClothes

_FOLDER = "rendered_people"


class _Rendered(ClothesImageDataset):
    """What sets RenderedPeople apart from the data set whose layout it has.

    Attributes:
        render_options: of the command that renders it.
    """

    dataset_url = ""
    published = {}
    releases = {}
    render_options: ClassVar[str] = ""

    def find_dir(self) -> str:
        # Whatever it was rendered into: a folder of files, or shards, which hold the same tree.
        folder = super().find_dir()
        inside = shard_path(osp.join(self.root, _FOLDER, "shards"), osp.relpath(type(self).dataset_dir, _FOLDER))
        return inside if not osp.isdir(folder) and is_folder(inside) else folder

    def how_to_get(self) -> str:
        folder = shown(osp.join(self.root, _FOLDER))
        return (
            f"Render it: python -m rendered_people --output {folder}{self.render_options}\n"
            f"or set FASTREID_DATASETS to the folder that holds {_FOLDER}."
        )


@DATASET_REGISTRY.register()
class RenderedPeoplePRCCLayout(_Rendered, PRCC):
    """RenderedPeople in PRCC's layout, in rendered_people/prcc; labels and splits as in PRCC."""

    dataset_name = "rendered_people_prcc"
    dataset_dir = osp.join(_FOLDER, "prcc")


@DATASET_REGISTRY.register()
class RenderedPeopleLTCCLayout(_Rendered, LTCC):
    """RenderedPeople in LTCC's layout, in rendered_people/LTCC_ReID; labels and splits as in LTCC."""

    dataset_name = "rendered_people_ltcc"
    dataset_dir = osp.join(_FOLDER, "LTCC_ReID")


@DATASET_REGISTRY.register()
class RenderedPeoplePRCCLayoutUnseenSites(RenderedPeoplePRCCLayout):
    """The training set of RenderedPeoplePRCCLayout, tested on people of sites that no training image shows."""

    test_folder = "test_unseen_sites"
    folders = ("rgb/train", "rgb/test_unseen_sites/A", "rgb/test_unseen_sites/B", "rgb/test_unseen_sites/C")
    render_options = " --unseen-sites 1"


@DATASET_REGISTRY.register()
class RenderedPeopleLTCCLayoutUnseenSites(RenderedPeopleLTCCLayout):
    """The training set of RenderedPeopleLTCCLayout, tested on people of sites that no training image shows."""

    query_folder = "query_unseen_sites"
    gallery_folder = "test_unseen_sites"
    folders = ("train", query_folder, gallery_folder)
    render_options = " --unseen-sites 1"


@DATASET_REGISTRY.register()
class RenderedPeopleVCClothesLayout(_Rendered, VCClothes):
    """RenderedPeople in VC-Clothes's layout, in rendered_people/VC-Clothes, read as that set."""

    dataset_name = "rendered_people_vcclothes"
    dataset_dir = osp.join(_FOLDER, "VC-Clothes")
    render_options = " --layouts vcclothes"


@DATASET_REGISTRY.register()
class RenderedPeopleReal28Layout(_Rendered, Real28):
    """RenderedPeople in Real28's layout, in rendered_people/Real28, read as that set."""

    dataset_name = "rendered_people_real28"
    dataset_dir = osp.join(_FOLDER, "Real28")
    render_options = " --layouts real28"


@DATASET_REGISTRY.register()
class RenderedPeopleLaSTLayout(_Rendered, LaST):
    """RenderedPeople in LaST's layout, in rendered_people/last, read as that set."""

    dataset_name = "rendered_people_last"
    dataset_dir = osp.join(_FOLDER, "last")
    render_options = " --layouts last"


@DATASET_REGISTRY.register()
class RenderedPeopleDeepChangeLayout(_Rendered, DeepChange):
    """RenderedPeople in DeepChange's layout, in rendered_people/DeepChangeDataset, read as that set."""

    dataset_name = "rendered_people_deepchange"
    dataset_dir = osp.join(_FOLDER, "DeepChangeDataset")
    render_options = " --layouts deepchange"


@DATASET_REGISTRY.register()
class RenderedPeopleCelebReIDLayout(_Rendered, CelebReID):
    """RenderedPeople in Celeb-reID's layout, in rendered_people/Celeb-reID, read as that set."""

    dataset_name = "rendered_people_celebreid"
    dataset_dir = osp.join(_FOLDER, "Celeb-reID")
    render_options = " --layouts celebreid"


@DATASET_REGISTRY.register()
class RenderedPeopleCelebReIDLightLayout(_Rendered, CelebReIDLight):
    """RenderedPeople in Celeb-reID-light's layout, in rendered_people/Celeb-reID-light, read as that set."""

    dataset_name = "rendered_people_celebreidlight"
    dataset_dir = osp.join(_FOLDER, "Celeb-reID-light")
    render_options = " --layouts celebreidlight"


@DATASET_REGISTRY.register()
class RenderedPeopleCCVIDLayout(_Rendered, CCVID):
    """RenderedPeople in CCVID's layout, in rendered_people/CCVID, read as that set."""

    dataset_name = "rendered_people_ccvid"
    dataset_dir = osp.join(_FOLDER, "CCVID")
    published_lengths = None
    # A third session is there from the third outfit on.
    folders = ("session1", "session2")
    render_options = " --layouts ccvid"


@DATASET_REGISTRY.register()
class RenderedPeopleMEVIDLayout(_Rendered, MEVID):
    """RenderedPeople in MEVID's layout, in rendered_people/mevid, read as that set."""

    dataset_name = "rendered_people_mevid"
    dataset_dir = osp.join(_FOLDER, "mevid")
    render_options = " --layouts mevid"
