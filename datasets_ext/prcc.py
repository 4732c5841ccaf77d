"""PRCC: two outfits a person, three cameras."""

import os.path as osp

from fastreid.data.datasets import DATASET_REGISTRY

from .bases import ClothesImageDataset, Counts, Item
from .clothes_labels import ClothesLabels
from .files import is_folder
from .listing import IMAGE_SUFFIX, list_images

_CAMERAS = "ABC"


@DATASET_REGISTRY.register()
class PRCC(ClothesImageDataset):
    """PRCC, in its published layout.

        prcc/rgb/train/<pid>/{A,B,C}_cropped_rgb<n>.jpg
        prcc/rgb/val/<pid>/{A,B,C}_cropped_rgb<n>.jpg        the same people as in train; may be absent
        prcc/rgb/test/{A,B,C}/<pid>/cropped_rgb<n>.jpg

    Cameras A and B show one outfit of a person, C the other.
    Training items: pid 'prcc_<pid>', camid 'prcc_c<0, 1 or 2>', clothes id '<pid>' for A and B, '<pid>C' for C.
    Test items, with k the position of the person among the sorted test people: pid int(<pid>), camid 0, 1 or 2, clothes
    id 2k for A and B, 2k + 1 for C. The gallery is camera A; the queries are camera B (same clothes), then camera C
    (changed clothes).

    Arguments and errors: see ClothesImageDataset.
    Source: Q. Yang, A. Wu, W.-S. Zheng, "Person Re-identification by Contour Sketch under Moderate Clothing Change",
    TPAMI 2021.
    """

    dataset_name = "prcc"
    dataset_dir = "prcc"
    single_shot_gallery = True
    dataset_url = "https://www.isee-ai.cn/~yangqize/clothing.html"
    folders = ("rgb/train", "rgb/test/A", "rgb/test/B", "rgb/test/C")
    image_dir = "rgb"
    test_folder = "test"
    """Folder of the test images, below `image_dir`."""
    train_splits = ("train", "val")
    clothes_labels = ClothesLabels("labelled", "labelled", "the camera: A and B show one outfit, C another")
    published = {
        "train": Counts(ids=150, images=17896),
        "val": Counts(images=5002),
        "query B": Counts(ids=71),
        "query C": Counts(ids=71),
        "gallery A": Counts(ids=71),
        "all": Counts(ids=221, images=33698),
    }

    @property
    def val(self) -> list[Item]:
        """Items of the validation folder, labelled as the training items, which they are not part of."""
        return self.splits["val"]

    def read_splits(self) -> dict[str, list[Item]]:
        has_val = is_folder(osp.join(self.dataset_dir, "rgb", "val"))
        return {
            "train": self._read_train("train"),
            "val": self._read_train("val") if has_val else [],
            **self._read_test(),
        }

    def query_and_gallery(self) -> tuple[list[Item], list[Item]]:
        return self.splits["query B"] + self.splits["query C"], self.splits["gallery A"]

    def _read_train(self, split: str) -> list[Item]:
        images = list_images(
            osp.join(self.dataset_dir, "rgb", split),
            rf"(?P<pid>\d+)/(?P<camera>[{_CAMERAS}])_cropped_rgb\d+{IMAGE_SUFFIX}",
            "<pid>/<A, B or C>_cropped_rgb<n>.jpg, with digits for <pid> and <n>",
        )
        items: list[Item] = []
        for path, match in images:
            pid, camera = match["pid"], match["camera"]
            camid = f"{self.dataset_name}_c{_CAMERAS.index(camera)}"
            items.append((path, f"{self.dataset_name}_{pid}", camid, f"{pid}C" if camera == "C" else pid))
        return items

    def _read_test(self) -> dict[str, list[Item]]:
        images = {}
        for camera in _CAMERAS:
            images[camera] = list_images(
                osp.join(self.dataset_dir, "rgb", self.test_folder, camera),
                rf"(?P<pid>\d+)/cropped_rgb\d+{IMAGE_SUFFIX}",
                "<pid>/cropped_rgb<n>.jpg, with digits for <pid> and <n>",
            )
        people = sorted({int(match["pid"]) for listed in images.values() for _, match in listed})
        position = {pid: k for k, pid in enumerate(people)}

        def items_of(camera: str) -> list[Item]:
            camid, changed = _CAMERAS.index(camera), int(camera == "C")
            pids = ((path, int(match["pid"])) for path, match in images[camera])
            return [(path, pid, camid, 2 * position[pid] + changed) for path, pid in pids]

        return {"query B": items_of("B"), "query C": items_of("C"), "gallery A": items_of("A")}
