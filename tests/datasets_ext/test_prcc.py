import shutil
from pathlib import Path

import pytest

from datasets_ext import PRCC, DatasetError, DatasetNotFoundError


def items_below(items, root):
    """Items with the path below the data set's folder, '/' between its parts."""
    return [(Path(path).relative_to(root / "prcc").as_posix(), *rest) for path, *rest in items]


def test_training_items(prcc_root):
    assert items_below(PRCC(root=prcc_root).train, prcc_root) == [
        ("rgb/train/001/A_cropped_rgb001.jpg", "prcc_001", "prcc_c0", "001"),
        ("rgb/train/001/B_cropped_rgb002.jpg", "prcc_001", "prcc_c1", "001"),
        ("rgb/train/001/C_cropped_rgb003.jpg", "prcc_001", "prcc_c2", "001C"),
        ("rgb/train/010/C_cropped_rgb7.jpg", "prcc_010", "prcc_c2", "010C"),
    ]


def test_validation_items_stand_beside_the_training_items(prcc_root):
    dataset = PRCC(root=prcc_root)
    assert items_below(dataset.val, prcc_root) == [
        ("rgb/val/001/B_cropped_rgb100.jpg", "prcc_001", "prcc_c1", "001"),
        ("rgb/val/001/C_cropped_rgb101.jpg", "prcc_001", "prcc_c2", "001C"),
    ]
    assert not {path for path, *_ in dataset.val} & {path for path, *_ in dataset.train}


def test_query_is_camera_b_then_camera_c(prcc_root):
    # Sorted test people: 3 -> k = 0, 12 -> k = 1, 100 -> k = 2.
    assert items_below(PRCC(root=prcc_root).query, prcc_root) == [
        ("rgb/test/B/003/cropped_rgb004.jpg", 3, 1, 0),
        ("rgb/test/B/100/cropped_rgb005.jpg", 100, 1, 4),
        ("rgb/test/C/012/cropped_rgb006.jpg", 12, 2, 3),
        ("rgb/test/C/100/cropped_rgb007.jpg", 100, 2, 5),
    ]


def test_gallery_is_camera_a(prcc_root):
    assert items_below(PRCC(root=prcc_root).gallery, prcc_root) == [
        ("rgb/test/A/003/cropped_rgb001.jpg", 3, 0, 0),
        ("rgb/test/A/012/cropped_rgb002.jpg", 12, 0, 2),
        ("rgb/test/A/012/cropped_rgb003.jpg", 12, 0, 2),
    ]


def test_test_people_are_sorted_as_numbers(tmp_path, write_images):
    write_images(
        tmp_path / "prcc",
        ["rgb/train/1/A_cropped_rgb1.jpg"]
        + [f"rgb/test/{camera}/{pid}/cropped_rgb1.jpg" for camera in "ABC" for pid in (9, 10)],
    )
    dataset = PRCC(root=tmp_path)
    assert {(pid, clothes) for _, pid, camid, clothes in dataset.query if camid == 2} == {(9, 1), (10, 3)}
    assert {(pid, clothes) for _, pid, _, clothes in dataset.gallery} == {(9, 0), (10, 2)}


def test_validation_folder_may_be_absent(prcc_root):
    shutil.rmtree(prcc_root / "prcc/rgb/val")
    dataset = PRCC(root=prcc_root)
    assert dataset.val == []
    assert len(dataset.train) == 4


def test_image_suffixes(prcc_root, write_images):
    names = ["B_cropped_rgb1.jpeg", "B_cropped_rgb2.png", "B_cropped_rgb3.JPG"]
    write_images(prcc_root / "prcc/rgb/train/010", names)
    assert [path.rpartition("/")[2] for path, pid, *_ in PRCC(root=prcc_root).train if pid == "prcc_010"] == [
        *names,
        "C_cropped_rgb7.jpg",
    ]


def test_combine_all(prcc_root):
    dataset = PRCC(root=prcc_root, combineall=True)
    plain = PRCC(root=prcc_root)
    assert items_below(dataset.train, prcc_root) == items_below(plain.train, prcc_root) + [
        ("rgb/test/B/003/cropped_rgb004.jpg", "prcc_test_3", "prcc_test_1", "prcc_test_0"),
        ("rgb/test/B/100/cropped_rgb005.jpg", "prcc_test_100", "prcc_test_1", "prcc_test_4"),
        ("rgb/test/C/012/cropped_rgb006.jpg", "prcc_test_12", "prcc_test_2", "prcc_test_3"),
        ("rgb/test/C/100/cropped_rgb007.jpg", "prcc_test_100", "prcc_test_2", "prcc_test_5"),
        ("rgb/test/A/003/cropped_rgb001.jpg", "prcc_test_3", "prcc_test_0", "prcc_test_0"),
        ("rgb/test/A/012/cropped_rgb002.jpg", "prcc_test_12", "prcc_test_0", "prcc_test_2"),
        ("rgb/test/A/012/cropped_rgb003.jpg", "prcc_test_12", "prcc_test_0", "prcc_test_2"),
    ]
    assert dataset.query == plain.query
    assert dataset.gallery == plain.gallery
    assert dataset.data == dataset.train


def row(text, subset):
    """Cells of a table row."""
    (line,) = [line for line in text.splitlines() if line.startswith(f"| {subset} ")]
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_tables_print_found_beside_published(prcc_root, dataset_log):
    dataset = PRCC(root=prcc_root)
    dataset.show_train()
    train_table = dataset_log.text.replace("\x1b[36m", "").replace("\x1b[0m", "")
    assert row(train_table, "train") == ["train", "2", "4", "3", "3", "150 ids, 17,896 images"]
    assert row(train_table, "val") == ["val", "1", "2", "2", "2", "5,002 images"]
    # 2 training and 3 test people on 3 cameras; 3 training outfits and, of the test people, 0, 2, 3, 4 and 5.
    assert row(train_table, "all") == ["all", "5", "13", "3", "8", "221 ids, 33,698 images"]

    dataset_log.text = ""
    dataset.show_test()
    test_table = dataset_log.text.replace("\x1b[36m", "").replace("\x1b[0m", "")
    assert row(test_table, "query B") == ["query B", "2", "2", "1", "2", "71 ids"]
    assert row(test_table, "query C") == ["query C", "2", "2", "1", "2", "71 ids"]
    assert row(test_table, "gallery A") == ["gallery A", "2", "3", "1", "2", "71 ids"]
    assert row(test_table, "all") == row(train_table, "all")
    assert "| train " not in test_table


def test_table_of_the_combined_set(prcc_root, dataset_log):
    PRCC(root=prcc_root, combineall=True).show_train()
    assert row(dataset_log.text, "train + query + gallery")[1:4] == ["5", "11", "6"]
    # What is on disk does not grow by it.
    assert row(dataset_log.text, "all")[1:5] == ["5", "13", "3", "8"]


def test_missing_data_set_says_in_three_lines_what_to_do(tmp_path):
    with pytest.raises(DatasetNotFoundError) as error:
        PRCC(root=tmp_path)
    lines = str(error.value).splitlines()
    assert lines == [
        f"PRCC was not found: there is no folder {tmp_path}/prcc/rgb/train.",
        f"Ask its authors for it at https://www.isee-ai.cn/~yangqize/clothing.html and unpack it to {tmp_path}/prcc, "
        "or set FASTREID_DATASETS to the folder that holds prcc.",
        "To try the method without it: make demo",
    ]
    assert isinstance(error.value, FileNotFoundError)


@pytest.mark.parametrize("folder", ["train", "test", "test/A", "test/B", "test/C"])
def test_missing_folder_is_named(prcc_root, folder):
    shutil.rmtree(prcc_root / "prcc/rgb" / folder)
    with pytest.raises(DatasetNotFoundError, match=rf"PRCC is not complete: there is no folder .*prcc/rgb/{folder}"):
        PRCC(root=prcc_root)


@pytest.mark.parametrize("folder", ["train", "val", "test/A", "test/B", "test/C"])
def test_empty_split_is_named(prcc_root, folder):
    path = prcc_root / "prcc/rgb" / folder
    shutil.rmtree(path)
    path.mkdir()
    with pytest.raises(DatasetError, match=rf"There is no image below .*prcc/rgb/{folder}\. Expected .*unpack"):
        PRCC(root=prcc_root)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("train/001/D_cropped_rgb001.jpg", "<pid>/<A, B or C>_cropped_rgb<n>.jpg"),
        ("train/001/cropped_rgb001.jpg", "<pid>/<A, B or C>_cropped_rgb<n>.jpg"),
        ("train/001/A_cropped_rgb001.bmp", "<pid>/<A, B or C>_cropped_rgb<n>.jpg"),
        ("train/001/A_cropped_rgb.jpg", "<pid>/<A, B or C>_cropped_rgb<n>.jpg"),
        ("train/001/more/A_cropped_rgb001.jpg", "<pid>/<A, B or C>_cropped_rgb<n>.jpg"),
        ("train/A_cropped_rgb001.jpg", "<pid>/<A, B or C>_cropped_rgb<n>.jpg"),
        ("train/person1/A_cropped_rgb001.jpg", "<pid>/<A, B or C>_cropped_rgb<n>.jpg"),
        ("val/001/readme.txt", "<pid>/<A, B or C>_cropped_rgb<n>.jpg"),
        ("test/A/003/A_cropped_rgb001.jpg", "<pid>/cropped_rgb<n>.jpg"),
        ("test/C/x3/cropped_rgb001.jpg", "<pid>/cropped_rgb<n>.jpg"),
    ],
)
def test_name_that_does_not_parse(prcc_root, name, expected):
    path = prcc_root / "prcc/rgb" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    with pytest.raises(DatasetError) as error:
        PRCC(root=prcc_root)
    assert str(path) in str(error.value)
    assert f"Expected {expected}" in str(error.value)
    assert "1 file names below" in str(error.value)


def test_side_files_are_passed_over(prcc_root):
    for name in ("train/.DS_Store", "train/001/Thumbs.db", "test/A/.hidden/x.jpg", "test/B/003/._cropped_rgb1.jpg"):
        path = prcc_root / "prcc/rgb" / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    dataset = PRCC(root=prcc_root)
    assert (len(dataset.train), len(dataset.query), len(dataset.gallery)) == (4, 4, 3)
