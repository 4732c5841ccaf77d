"""Celeb-reID and Celeb-reID-light: street photographs of known people, without cameras or outfits."""

import os.path as osp
import re

from fastreid.data.datasets import DATASET_REGISTRY

from .bases import ClothesImageDataset, Counts, Finding, Item
from .clothes_labels import ClothesLabels
from .listing import IMAGE_SUFFIX, list_images


@DATASET_REGISTRY.register()
class CelebReID(ClothesImageDataset):
    """Celeb-reID, in its published layout.

        Celeb-reID/{train,query,gallery}/<pid>_<number>_<without meaning>.jpg

    People are numbered anew in the test part: equal numbers in train and test are two people. There are no cameras and
    no clothes labels: each image of query and gallery has a camera of its own, so that nothing is taken out of a
    ranking. (The data set's own code reads the first digit of <number> as the camera.)
    Training items: pid 'celebreid_<pid>', camid 'celebreid_c0', clothes id ''. Test items: pid int(<pid>), clothes id
    -1.

    Arguments and errors: see ClothesImageDataset.
    Source: Y. Huang et al., "Celebrities-ReID: A Benchmark for Clothes Variation in Long-Term Person
    Re-Identification", IJCNN 2019.
    """

    dataset_name = "celebreid"
    dataset_dir = "Celeb-reID"
    dataset_url = "https://github.com/Huang-3/Celeb-reID"
    folders = ("train", "query", "gallery")
    train_splits = ("train",)
    clothes_labels = ClothesLabels("absent", "absent", "nobody says who wears what")
    has_cameras = False
    published = {
        "train": Counts(ids=632, images=20208),
        "query": Counts(images=2972),
        "gallery": Counts(images=11006),
        "test": Counts(ids=420),
        "all": Counts(images=34186),
    }

    def read_splits(self) -> dict[str, list[Item]]:
        name = self.dataset_name
        train: list[Item] = [
            (path, f"{name}_{match['pid']}", f"{name}_c0", self._clothes_id(match))
            for path, match in self._list("train")
        ]
        query, gallery = self._list("query"), self._list("gallery")
        implied = self.clothes_labels.test == "implied"
        test: list[Item] = [
            (path, int(match["pid"]), number, number if implied else -1)
            for number, (path, match) in enumerate([*query, *gallery])
        ]
        return {"train": train, "query": test[: len(query)], "gallery": test[len(query) :]}

    def findings(self) -> list[Finding]:
        found = [
            Finding(
                "protocols",
                "four evaluators are in circulation; the data set's own takes the first digit of an image's number for "
                "its camera, drops what the query's camera saw of the person, and measures AP by trapezoids. Here "
                "nothing is dropped, and AP is the mean precision at matches",
            )
        ]
        trained = {int(pid.rpartition("_")[2]) for _, pid, *_ in self.splits["train"]}
        again = trained & {pid for _, pid, *_ in self.query + self.gallery}
        if again:
            detail = (
                f"{len(again):,} numbers of people stand in training and test names; they are taken for other people"
            )
            found.append(Finding("people-renumbered", detail))
        return found

    def _clothes_id(self, match: re.Match[str]) -> str:
        if self.clothes_labels.train == "absent":
            return ""
        return f"{match['pid']}_{match['number']}_{match['last']}"

    def _list(self, folder: str) -> list[tuple[str, re.Match[str]]]:
        return list_images(
            osp.join(self.dataset_dir, folder),
            rf"(?P<pid>\d+)_(?P<number>\d+)_(?P<last>\d+){IMAGE_SUFFIX}",
            "<pid>_<number>_<number>.jpg, with digits for each",
        )


@DATASET_REGISTRY.register()
class CelebReIDLight(CelebReID):
    """Celeb-reID-light, the part of Celeb-reID in which each image of a person shows other clothes.

        Celeb-reID-light/{train,query,gallery}/<pid>_<number>_<without meaning>.jpg

    Its clothes labels are implied: each image is an outfit of its own, '<pid>_<number>_<...>' in training. Every match
    is a change of clothes, so that ``general`` is the one mode there is. Otherwise as CelebReID.

    Source: Y. Huang et al., "Beyond Scalar Neuron: Adopting Vector-Neuron Capsules for Long-Term Person
    Re-Identification", TCSVT 2020.
    """

    dataset_name = "celebreidlight"
    dataset_dir = "Celeb-reID-light"
    clothes_labels = ClothesLabels("implied", "implied", "each image of a person shows other clothes")
    published = {
        "train": Counts(ids=490, images=9021),
        "query": Counts(images=887),
        "gallery": Counts(images=934),
        "test": Counts(ids=100),
        "all": Counts(images=10842),
    }
