import shutil
from pathlib import Path

import pytest

from datasets_ext import LTCC, DatasetError, DatasetNotFoundError


def items_below(items, root):
    """Items with the path below the data set's folder, '/' between its parts."""
    return [(Path(path).relative_to(root / "LTCC_ReID").as_posix(), *rest) for path, *rest in items]


def test_training_items(ltcc_root):
    assert items_below(LTCC(root=ltcc_root).train, ltcc_root) == [
        ("train/001_1_c11_000012.png", "ltcc_001", "ltcc_c10", "001_1"),
        ("train/001_2_c1_000013.png", "ltcc_001", "ltcc_c0", "001_2"),
        ("train/094_1_c9_015923.png", "ltcc_094", "ltcc_c8", "094_1"),
    ]


def test_test_items(ltcc_root):
    # Sorted pairs of query and gallery: (5, 1) 0, (5, 2) 1, (5, 10) 2, (20, 1) 3.
    dataset = LTCC(root=ltcc_root)
    assert items_below(dataset.query, ltcc_root) == [
        ("query/005_2_c12_000001.png", 5, 11, 1),
        ("query/020_1_c3_000002.png", 20, 2, 3),
    ]
    assert items_below(dataset.gallery, ltcc_root) == [
        ("test/005_10_c2_000004.png", 5, 1, 2),
        ("test/005_1_c1_000003.png", 5, 0, 0),
        ("test/005_2_c2_000005.png", 5, 1, 1),
    ]


def test_combine_all(ltcc_root):
    added = LTCC(root=ltcc_root, combineall=True).train[3:]
    assert items_below(added, ltcc_root) == [
        ("query/005_2_c12_000001.png", "ltcc_test_5", "ltcc_test_11", "ltcc_test_1"),
        ("query/020_1_c3_000002.png", "ltcc_test_20", "ltcc_test_2", "ltcc_test_3"),
        ("test/005_10_c2_000004.png", "ltcc_test_5", "ltcc_test_1", "ltcc_test_2"),
        ("test/005_1_c1_000003.png", "ltcc_test_5", "ltcc_test_0", "ltcc_test_0"),
        ("test/005_2_c2_000005.png", "ltcc_test_5", "ltcc_test_1", "ltcc_test_1"),
    ]


def test_tables_print_found_beside_published(ltcc_root, dataset_log):
    dataset = LTCC(root=ltcc_root)
    dataset.show_train()
    dataset.show_test()
    rows = {}
    for line in dataset_log.text.splitlines():
        if "|" in line:
            subset, *cells = (cell.strip() for cell in line.strip("|").split("|"))
            rows[subset] = cells
    assert rows["train"] == ["2", "3", "3", "3", "77 ids, 9,576 images"]
    assert rows["query"] == ["2", "2", "2", "2", "75 ids, 493 images"]
    assert rows["gallery"] == ["1", "3", "2", "3", "75 ids, 7,050 images"]
    # Cameras 11, 1, 9, 12, 3, 2; outfits: 3 of the training people, 4 of the test people.
    assert rows["all"] == ["4", "8", "6", "7", "152 ids, 17,119 images, 12 cameras, 478 outfits"]


def test_missing_data_set_says_in_three_lines_what_to_do(tmp_path):
    with pytest.raises(DatasetNotFoundError) as error:
        LTCC(root=tmp_path)
    assert str(error.value).splitlines() == [
        f"LTCC was not found: there is no folder {tmp_path}/LTCC_ReID/train.",
        "Ask its authors for it at https://naiq.github.io/LTCC_Perosn_ReID.html and unpack it to "
        f"{tmp_path}/LTCC_ReID, or set FASTREID_DATASETS to the folder that holds LTCC_ReID.",
        "To try the method without it: make demo",
    ]


@pytest.mark.parametrize("folder", ["train", "query", "test"])
def test_missing_or_empty_split(ltcc_root, folder):
    path = ltcc_root / "LTCC_ReID" / folder
    shutil.rmtree(path)
    with pytest.raises(DatasetNotFoundError, match=rf"is not complete: there is no folder .*LTCC_ReID/{folder}"):
        LTCC(root=ltcc_root)
    path.mkdir()
    with pytest.raises(DatasetError, match=rf"There is no image below .*LTCC_ReID/{folder}\."):
        LTCC(root=ltcc_root)


@pytest.mark.parametrize(
    "name",
    [
        "001_1_c0_000001.png",  # cameras count from 1
        "001_c1_000001.png",
        "001_1_1_000001.png",
        "001_1_c1.png",
        "a01_1_c1_000001.png",
        "001_1_c1_000001.txt",
        "001_1_c1_000001.png.bak",
        "deeper/001_1_c1_000001.png",
    ],
)
@pytest.mark.parametrize("folder", ["train", "query", "test"])
def test_name_that_does_not_parse(ltcc_root, folder, name):
    path = ltcc_root / "LTCC_ReID" / folder / name
    path.parent.mkdir(exist_ok=True)
    path.touch()
    with pytest.raises(DatasetError) as error:
        LTCC(root=ltcc_root)
    assert str(path) in str(error.value)
    assert "Expected <pid>_<clothes>_c<cam>_<frame>.png" in str(error.value)


def test_only_the_first_offending_names_are_listed(ltcc_root):
    for k in range(9):
        (ltcc_root / "LTCC_ReID/train" / f"junk{k}.png").touch()
    with pytest.raises(DatasetError) as error:
        LTCC(root=ltcc_root)
    message = str(error.value)
    assert "9 file names below" in message
    assert [k for k in range(9) if f"junk{k}.png" in message] == [0, 1, 2, 3, 4]
    assert "and 4 more" in message


def test_parsing_and_info_folders_are_not_part_of_a_split(ltcc_root):
    for name in ("parsing/train/001_1_c11_000012.png", "info/cloth-change_id_train.txt"):
        path = ltcc_root / "LTCC_ReID" / name
        path.parent.mkdir(parents=True)
        path.touch()
    assert len(LTCC(root=ltcc_root).train) == 3


@pytest.mark.parametrize("above", ["my_code", "005_2_c12_000001.png", "c3_s1"])
def test_folders_above_say_nothing(ltcc_root, tmp_path, above):
    """Where the outfit is searched for in the whole path, a folder of such a name gives every image one outfit."""
    moved = tmp_path / "moved" / above
    moved.mkdir(parents=True)
    shutil.copytree(ltcc_root / "LTCC_ReID", moved / "LTCC_ReID")
    expected, found = LTCC(root=ltcc_root), LTCC(root=moved)
    for split in ("train", "query", "gallery"):
        assert items_below(getattr(found, split), moved) == items_below(getattr(expected, split), ltcc_root)
