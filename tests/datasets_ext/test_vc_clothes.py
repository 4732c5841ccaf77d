import pytest

from datasets_ext import DatasetError, Real28, VCClothes
from datasets_ext.check import find_notes

FILES = [
    "train/0001-01-02-04.jpg",
    "train/0001-04-01-01.jpg",
    "train/0007-02-01-09.jpg",
    "query/0002-03-01-01.jpg",
    "query/0005-04-02-01.jpg",
    "gallery/0002-02-01-02.jpg",
    "gallery/0002-04-02-03.jpg",
    "gallery/0005-03-01-02.jpg",
]


def test_items(lay_out, below):
    root = lay_out("VC-Clothes", FILES)
    dataset = VCClothes(root=root, verbose=False)
    assert below(dataset.train, root / "VC-Clothes") == [
        ("train/0001-01-02-04.jpg", "vcclothes_0001", "vcclothes_c0", "0001_02"),
        ("train/0001-04-01-01.jpg", "vcclothes_0001", "vcclothes_c3", "0001_01"),
        ("train/0007-02-01-09.jpg", "vcclothes_0007", "vcclothes_c1", "0007_01"),
    ]
    # Sorted pairs of query and gallery: (2, 1) 0, (2, 2) 1, (5, 1) 2, (5, 2) 3: outfit 1 of two people is two.
    assert below(dataset.query, root / "VC-Clothes") == [
        ("query/0002-03-01-01.jpg", 2, 2, 0),
        ("query/0005-04-02-01.jpg", 5, 3, 3),
    ]
    assert below(dataset.gallery, root / "VC-Clothes") == [
        ("gallery/0002-02-01-02.jpg", 2, 1, 0),
        ("gallery/0002-04-02-03.jpg", 2, 3, 1),
        ("gallery/0005-03-01-02.jpg", 5, 2, 2),
    ]
    assert dataset.further_labels() == {"camera_number": [3, 4, 2, 4, 3]}
    assert dataset.modes == ("general", "same_clothing", "clothing_change", "cameras_2_3", "cameras_3_4")


@pytest.mark.parametrize("above", ["2024-06-01-12", "0001-02-03-04.jpg", "query"])
def test_folders_above_say_nothing_and_are_noted(lay_out, below, above):
    root = lay_out("VC-Clothes", FILES, above=(above,))
    dataset = VCClothes(root=root, verbose=False)
    assert below(dataset.query, root / "VC-Clothes")[0] == ("query/0002-03-01-01.jpg", 2, 2, 0)
    notes = [note.detail for note in find_notes(dataset) if note.kind == "misleading-path"]
    assert len(notes) == (above != "query")
    assert all(above.split(".")[0] in note for note in notes)


@pytest.mark.parametrize(
    "name",
    ["0001-00-01-01.jpg", "0001-02-03.jpg", "x001-02-03-04.jpg", "0001-02-03-04.gif", "deeper/0001-02-03-04.jpg"],
)
def test_a_name_that_does_not_parse(lay_out, name):
    root = lay_out("VC-Clothes", [*FILES, f"gallery/{name}"])
    with pytest.raises(
        DatasetError, match="gallery do not parse. Expected <pid>-<camera>-<clothes>-<number>.jpg"
    ) as error:
        VCClothes(root=root)
    assert name in str(error.value)


def test_the_two_meanings_of_cc_and_the_second_layout_are_noted(lay_out):
    root = lay_out("VC-Clothes", FILES)
    assert [note.kind for note in find_notes(VCClothes(root=root, verbose=False))] == ["protocols"]
    lay_out("VC-Clothes", ["list/query.txt"])
    assert [note.kind for note in find_notes(VCClothes(root=root, verbose=False))] == ["protocols", "second-layout"]


def test_real28_is_there_to_test_on(lay_out):
    root = lay_out("Real28", [name for name in FILES if not name.startswith("train")])
    dataset = Real28(root=root, verbose=False)
    assert [len(dataset.train), len(dataset.query), len(dataset.gallery)] == [0, 2, 3]
    assert dataset.modes == ("general", "same_clothing", "clothing_change")
    dataset.require_several_people(train=False)
    with pytest.raises(DatasetError, match="Real28 in .* has nobody to train on; it is there to test on alone"):
        dataset.require_several_people(train=True)
