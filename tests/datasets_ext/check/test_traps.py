"""The traps of the field's data sets: each planted in a tree that has none, and named by the check."""

import pytest

from datasets_ext import dataset_class
from datasets_ext.check import as_text, check_dataset

FRAMES = [f"{frame:05d}.jpg" for frame in range(1, 28)]
WALKS = {
    "train": ["session1/001_01", "session3/001_01", "session1/002_01"],
    "query": ["session1/003_02", "session1/004_02"],
    "gallery": ["session3/003_02", "session2/004_03"],
}
DEEPCHANGE = {
    "train-set": ["P1_C2_20200422_0001.jpg,1", "P2_C9_20200501_0001.jpg,2"],
    "test-set-query": ["P10_C1_20200422_0001.jpg,7", "P11_C3_20200601_0001.jpg,9"],
    "test-set-gallery": ["P10_C1_20200423_0001.jpg,10", "P11_C2_20200601_0001.jpg,8"],
}
MEVID = {
    "train": ["0001O001C330T000F00000.jpg", "0002O003C436T000F00000.jpg"],
    "test": ["0201O003C330T004F00000.jpg", "0201O003C436T001F00000.jpg", "0202O005C336T079F00001.jpg"],
}
LISTS = {
    "DeepChange": {f"{folder}-bbox.txt": "\n".join(lines) for folder, lines in DEEPCHANGE.items()},
    "CCVID": {
        f"{split}.txt": "".join(f"{walk}\t{walk[9:12]}\tu{walk[7]}\n" for walk in walks)
        for split, walks in WALKS.items()
    },
    "MEVID": {
        "train_name.txt": "\n".join(MEVID["train"]),
        "test_name.txt": "\n".join(MEVID["test"]),
        "track_train_info.txt": "0 0 1 1 330\n1 1 2 3 436\n",
        "track_test_info.txt": "0 0 201 3 330\n1 1 201 3 436\n2 2 202 5 336\n",
        "query_IDX.txt": "1.0e+00\n",
        "test_track_scale.txt": "".join(f"{name} m\n" for name in MEVID["test"]),
    },
}
FILES = {
    "PRCC": [
        *(f"rgb/train/00{person}/{camera}_cropped_rgb001.jpg" for person in (1, 2) for camera in "AC"),
        *(f"rgb/test/{camera}/00{person}/cropped_rgb001.jpg" for person in (3, 4) for camera in "ABC"),
    ],
    "LTCC": [
        f"{split}/{person}_{outfit}_c{camera}_000001.png"
        for split, person in (("train", "001"), ("train", "002"), ("query", "003"), ("test", "003"), ("test", "004"))
        for outfit, camera in ((1, 1 + (split == "test")), (2, 3 + (split == "test")))
    ],
    "VCClothes": [
        "train/0001-01-02-04.jpg",
        "train/0007-02-01-09.jpg",
        "query/0002-03-01-01.jpg",
        "gallery/0002-04-02-03.jpg",
        "gallery/0005-03-01-02.jpg",
    ],
    "Real28": ["query/0002-03-01-01.jpg", "gallery/0002-04-02-03.jpg", "gallery/0005-03-01-02.jpg"],
    "LaST": [
        "train/000001/000001_012_01066_1075_01_000.jpg",
        "train/000020/000020_001_00001_0001_01_000.jpg",
        "test/query/010903_012_01066_1075_01_000.jpg",
        "test/gallery/010903/010903_012_01066_1075_01_007.jpg",
        "test/gallery/010904/010904_012_01066_1075_01_007.jpg",
    ],
    "DeepChange": [f"{folder}/{line.split(',')[0]}" for folder, lines in DEEPCHANGE.items() for line in lines],
    "CelebReID": ["train/1_1_0.jpg", "train/2_1_0.jpg", "query/3_1_0.jpg", "gallery/3_12_0.jpg", "gallery/4_1_0.jpg"],
    "CCVID": [f"{walk}/{frame}" for walks in WALKS.values() for walk in walks for frame in FRAMES],
    "MEVID": [f"bbox_{split}/{name[:4]}/{name}" for split, names in MEVID.items() for name in names],
}
FILES["CelebReIDLight"] = FILES["CelebReID"]
# What every copy is told, whose tree holds no fault.
NOTES = {
    "PRCC": {"protocols"},
    "LTCC": set(),
    "VCClothes": {"protocols"},
    "Real28": set(),
    "LaST": {"release", "label-kind", "no-cameras"},
    "DeepChange": {"release", "label-kind", "protocols"},
    "CelebReID": {"label-kind", "protocols", "no-cameras"},
    "CelebReIDLight": {"label-kind", "protocols", "no-cameras"},
    "CCVID": {"no-real-cameras"},
    "MEVID": set(),
}
# These are of the files, which are empty here, and of their number.
EMPTY = {"counts", "unreadable-image", "missing-map", "shared-map"}


def write(folder, name):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()


def lay_out(root, name):
    """An instance's folder, filled with empty files and its lists."""
    folder = root / dataset_class(name).dataset_dir
    for file in FILES[name]:
        write(folder, file)
    for file, text in LISTS.get(name, {}).items():
        (folder / file).write_text(text)
    return folder


def found(root, name):
    """({kind: detail}, the check's text) of problems and notes but for those of empty files."""
    report = check_dataset(dataset_class(name)(root=root, verbose=False), workers=1)
    entries = [entry for entry in [*report.problems, *report.notes] if entry.kind not in EMPTY]
    return {entry.kind: entry.detail for entry in entries}, as_text(report)


def replace(name, before, after):
    def plant(folder):
        text = (folder / name).read_text()
        assert before in text
        (folder / name).write_text(text.replace(before, after))

    return plant


def another(name):
    return lambda folder: write(folder, name)


def without(name):
    return lambda folder: (folder / name).unlink()


@pytest.mark.parametrize("name", list(FILES))
def test_a_tree_without_faults_is_told_what_every_copy_is(tmp_path, name):
    lay_out(tmp_path, name)
    kinds, _ = found(tmp_path, name)
    assert set(kinds) == NOTES[name]


@pytest.mark.parametrize(
    ("name", "detail"),
    [
        ("PRCC", "one random gallery image a person (the data set's own) or the whole gallery"),
        ("VCClothes", "'CC' of the literature is the pair of cameras 3 and 4"),
        ("DeepChange", "images of the query's own camera are matches here, those of its own tracklet are not"),
        ("CelebReID", "the data set's own takes the first digit of an image's number for its camera"),
    ],
)
def test_each_of_several_protocols_is_named(tmp_path, name, detail):
    lay_out(tmp_path, name)
    kinds, text = found(tmp_path, name)
    assert detail in kinds["protocols"]
    assert detail in text


@pytest.mark.parametrize(
    ("name", "above", "detail"),
    [
        ("LTCC", "my_code", "'my_c' in "),
        ("VCClothes", "2024-06-01-12", "'2024-06-01-12' in "),
        ("Real28", "2024-06-01-12", "'2024-06-01-12' in "),
        ("LaST", "my_query_data", "folders of people are taken for the flat folder of queries"),
    ],
)
def test_a_folder_above_that_is_taken_for_a_name(tmp_path, name, above, detail):
    lay_out(tmp_path / above, name)
    kinds, text = found(tmp_path / above, name)
    assert set(kinds) == NOTES[name] | {"misleading-path"}
    assert detail in kinds["misleading-path"]
    assert detail in text


@pytest.mark.parametrize(
    ("name", "plant", "kind", "detail"),
    [
        ("LTCC", another("train/001_02_c9_000009.png"), "spelling", "train: 001_02 and 001_2"),
        ("VCClothes", another("gallery/002-04-02-04.jpg"), "spelling", "gallery: 0002 and 002"),
        ("VCClothes", another("list/query.txt"), "second-layout", "holds lists of the other layout"),
        ("LaST", another("train/000020/000001_1_2_3_4_009.jpg"), "folder-person", "in the folder of person 000020"),
        (
            "DeepChange",
            another("train-set/P2_C9_20200501_0002.jpg"),
            "unlisted-image",
            "no line of its list names it; it is not used",
        ),
        (
            "DeepChange",
            replace("test-set-gallery-bbox.txt", ",8", ",7"),
            "tracklet-id",
            "tracklet 7 is of person 10 before camera 1 and of person 11 before camera 2",
        ),
        (
            "CelebReID",
            another("gallery/2_7_0.jpg"),
            "people-renumbered",
            "1 numbers of people stand in training and test names",
        ),
        (
            "CCVID",
            without("session1/003_02/00009.jpg"),
            "tracklet-length",
            "26 frames; published are 27 to 410",
        ),
        (
            "MEVID",
            replace("track_test_info.txt", "2 2 202 5 336", "2 2 202 6 336"),
            "name-and-list",
            "line 3 of track_test_info.txt says another person, outfit, camera or tracklet",
        ),
        ("MEVID", without("test_track_scale.txt"), "no-scales", "there is no test_track_scale.txt"),
        (
            "MEVID",
            replace("test_track_scale.txt", "0201O003C436T001F00000.jpg m\n", ""),
            "no-scales",
            "1 of 3 test tracklets have no line in test_track_scale.txt, the first is 0201O003C436T001",
        ),
    ],
)
def test_what_is_planted_is_named_and_nothing_else(tmp_path, name, plant, kind, detail):
    plant(lay_out(tmp_path, name))
    kinds, text = found(tmp_path, name)
    assert set(kinds) == NOTES[name] | {kind}
    assert detail in kinds[kind]
    assert detail in text


@pytest.mark.parametrize("name", ["VCClothes", "LaST", "DeepChange", "CelebReID", "CelebReIDLight", "CCVID", "MEVID"])
def test_sizes_other_than_the_published_ones_are_named(tmp_path, name):
    lay_out(tmp_path, name)
    report = check_dataset(dataset_class(name)(root=tmp_path, verbose=False), workers=1)
    release = dataset_class(name)(root=tmp_path, verbose=False).release()
    told = [problem.detail for problem in report.problems if problem.kind == "counts"]
    (what, published), *_ = [
        (what, value) for what, value in release.counts["all"]._asdict().items() if value is not None
    ]
    assert any(detail.startswith("all: ") and detail.endswith(f"{what}, published {published:,}") for detail in told)
