import pytest

from datasets_ext import CelebReID, CelebReIDLight, DatasetError
from datasets_ext.check import find_notes

FILES = [
    "train/1_1_0.jpg",
    "train/1_12_0.jpg",
    "train/2_1_0.jpg",
    "query/1_2_0.jpg",
    "query/3_1_0.jpg",
    "gallery/1_1_0.jpg",
    "gallery/1_19_0.jpg",
    "gallery/3_7_1.jpg",
]


def test_no_two_test_images_share_a_camera(lay_out, below):
    """The data set's own code takes 1_1_0, 1_12_0 and 1_19_0 for one camera's: the first digit of a running number."""
    root = lay_out("Celeb-reID", FILES)
    dataset = CelebReID(root=root, verbose=False)
    assert below(dataset.train, root / "Celeb-reID") == [
        ("train/1_12_0.jpg", "celebreid_1", "celebreid_c0", ""),
        ("train/1_1_0.jpg", "celebreid_1", "celebreid_c0", ""),
        ("train/2_1_0.jpg", "celebreid_2", "celebreid_c0", ""),
    ]
    assert below(dataset.query, root / "Celeb-reID") == [("query/1_2_0.jpg", 1, 0, -1), ("query/3_1_0.jpg", 3, 1, -1)]
    assert below(dataset.gallery, root / "Celeb-reID") == [
        ("gallery/1_19_0.jpg", 1, 2, -1),
        ("gallery/1_1_0.jpg", 1, 3, -1),
        ("gallery/3_7_1.jpg", 3, 4, -1),
    ]
    assert dataset.modes == ("general",)
    assert "are absent (nobody says" in dataset.why_not("same_clothing")


def test_people_of_training_and_test_are_others_though_their_numbers_agree(lay_out):
    dataset = CelebReID(root=lay_out("Celeb-reID", FILES), verbose=False)
    assert dataset.counts()["all"][0].ids == 4
    notes = {note.kind: note.detail for note in find_notes(dataset)}
    assert notes["people-renumbered"].startswith("1 numbers of people stand in training and test names")
    assert list(notes) == ["label-kind", "protocols", "people-renumbered", "no-cameras"]
    combined = CelebReID(root=dataset.root, verbose=False, combineall=True)
    assert combined.get_num_pids(combined.train) == 4


def test_in_light_each_image_is_an_outfit(lay_out):
    dataset = CelebReIDLight(root=lay_out("Celeb-reID-light", FILES), verbose=False)
    assert [item[3] for item in dataset.train] == ["1_12_0", "1_1_0", "2_1_0"]
    assert [item[3] for item in dataset.query + dataset.gallery] == [0, 1, 2, 3, 4]
    assert dataset.clothes_labels.kind == "implied"
    assert dataset.modes == ("general",)
    assert "are implied (each image of a person shows other clothes)" in dataset.why_not("clothing_change")


@pytest.mark.parametrize("name", ["1_1.jpg", "a_1_0.jpg", "-1_1_0.jpg", "1_1_0_0.jpg"])
def test_a_name_that_does_not_parse(lay_out, name):
    with pytest.raises(DatasetError, match="Expected <pid>_<number>_<number>.jpg"):
        CelebReID(root=lay_out("Celeb-reID", [*FILES, f"query/{name}"]))
