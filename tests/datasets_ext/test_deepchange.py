import pytest

from datasets_ext import DatasetError, DatasetNotFoundError, DeepChange
from datasets_ext.check import find_notes

LISTS = {
    "train-set": "P1_C2_20200422_0001.jpg,P1C2T1\nP1_C2_20200501_0002.jpg,P1C2T2,1,2,3,4\nP3_C9_20200501_0001.jpg,t\n",
    "test-set-query": "P10_C1_20200422_0001.jpg,7\nP11_C3_20200601_0001.jpg,9\n",
    "test-set-gallery": "P10_C1_20200422_0002.jpg,7\nP10_C1_20200423_0001.jpg,10\nP11_C2_20200601_0001.jpg,8\n",
}


@pytest.fixture
def root(lay_out):
    names = [f"{folder}/{line.split(',')[0]}" for folder, text in LISTS.items() for line in text.split()]
    return lay_out("DeepChangeDataset", names, {f"{folder}-bbox.txt": text for folder, text in LISTS.items()})


def test_items(root, below):
    dataset = DeepChange(root=root, verbose=False)
    folder = root / "DeepChangeDataset"
    assert below(dataset.train, folder) == [
        ("train-set/P1_C2_20200422_0001.jpg", "deepchange_1", "deepchange_c2", "1_20200422"),
        ("train-set/P1_C2_20200501_0002.jpg", "deepchange_1", "deepchange_c2", "1_20200501"),
        ("train-set/P3_C9_20200501_0001.jpg", "deepchange_3", "deepchange_c9", "3_20200501"),
    ]
    # Sorted pairs: (10, 0422) 0, (10, 0423) 1, (11, 0601) 2.
    assert below(dataset.query, folder) == [
        ("test-set-query/P10_C1_20200422_0001.jpg", 10, 1, 0),
        ("test-set-query/P11_C3_20200601_0001.jpg", 11, 3, 2),
    ]
    assert [item[1:] for item in dataset.gallery] == [(10, 1, 0), (10, 1, 1), (11, 2, 2)]
    # The same tracklet in query and gallery has one number: sorted as text, 10, 7, 8, 9.
    assert dataset.further_labels() == {"tracklet": [1, 3, 1, 0, 2]}
    assert dataset.findings() == []


def test_dates_are_no_outfits(root):
    dataset = DeepChange(root=root, verbose=False)
    assert dataset.clothes_labels.test == "pseudo"
    assert dataset.modes == ("other_tracklet",)
    assert "are pseudo" in dataset.why_not("clothing_change")
    assert "has no general mode: the tracklet takes the camera's place" in dataset.why_not("general")
    assert dataset.why_not("other_tracklet") == ""
    kinds = [note.kind for note in find_notes(dataset)]
    assert kinds == ["release", "label-kind", "protocols"]


def test_lists_and_folders_that_differ(root):
    folder = root / "DeepChangeDataset"
    (folder / "train-set" / "P3_C9_20200501_0002.jpg").touch()
    (finding,) = DeepChange(root=root, verbose=False).findings()
    assert (finding.kind, finding.images[0][-23:]) == ("unlisted-image", "P3_C9_20200501_0002.jpg")
    with open(folder / "test-set-gallery-bbox.txt", "a") as file:
        file.write("P99_C1_20200422_0001.jpg,11\n")
    with pytest.raises(
        DatasetError, match=r"test-set-gallery-bbox.txt, line 4 names P99_C1_20200422_0001.jpg, which is"
    ):
        DeepChange(root=root)
    (folder / "test-set-gallery-bbox.txt").unlink()
    with pytest.raises(DatasetNotFoundError, match="test-set-gallery-bbox.txt, a list of the data set, does not exist"):
        DeepChange(root=root)


@pytest.mark.parametrize("line", ["P10_C1_20200422_0001.jpg", "../P1_C1_1.jpg,3", "a.jpg;b"])
def test_a_line_that_does_not_parse(root, line):
    (root / "DeepChangeDataset" / "test-set-query-bbox.txt").write_text(f"\n{line}\n")
    with pytest.raises(DatasetError, match=r"query-bbox.txt, line 2 is .*Expected <file name>,<tracklet>"):
        DeepChange(root=root)


def test_tracklets_of_several_people(root):
    path = root / "DeepChangeDataset" / "test-set-gallery-bbox.txt"
    path.write_text(LISTS["test-set-gallery"].replace(",8", ",7"))
    (finding,) = DeepChange(root=root, verbose=False).findings()
    assert finding.kind == "tracklet-id"
    assert "tracklet 7 is of person 10 before camera 1 and of person 11 before camera 2" in finding.detail
