import pytest

from datasets_ext import Counts, DatasetError, LaST
from datasets_ext.check import find_notes

FILES = [
    "train/000001/000001_012_01066_1075_01_000.jpg",
    "train/000001/000001_012_01066_1075_02_003.jpg",
    "train/000020/000020_001_00001_0001_01_000.jpg",
    "test/query/010903_012_01066_1075_01_000.jpg",
    "test/query/000020_012_01066_1075_01_005.jpg",
    "test/gallery/010903/010903_012_01066_1075_01_007.jpg",
    "test/gallery/010904/010904_012_01066_1075_01_007.jpg",
    "val/query/000300_1_2_3_4_000.jpg",
    "val/gallery/000300/000300_1_2_3_4_001.jpg",
]


@pytest.mark.parametrize("above", [(), ("query",), ("000001_012_01066_1075_01_000.jpg",)])
def test_items(lay_out, below, above):
    root = lay_out("last", FILES, above=above)
    dataset = LaST(root=root, verbose=False)
    assert below(dataset.train, root / "last") == [
        (FILES[0], "last_000001", "last_c0", "000001_000"),
        (FILES[1], "last_000001", "last_c0", "000001_003"),
        (FILES[2], "last_000020", "last_c0", "000020_000"),
    ]
    # No two images share a camera, over query and gallery, and there are no clothes.
    assert below(dataset.query, root / "last") == [(FILES[4], 20, 0, -1), (FILES[3], 10903, 1, -1)]
    assert below(dataset.gallery, root / "last") == [(FILES[5], 10903, 2, -1), (FILES[6], 10904, 3, -1)]
    assert below(dataset.splits["val query"], root / "last") == [(FILES[7], 300, 0, -1)]
    assert {split: found.outfits for split, (found, _) in dataset.counts().items() if found.outfits} == {"train": 3}
    assert dataset.modes == ("general",)
    kinds = [note.kind for note in find_notes(dataset)]
    assert ("misleading-path" in kinds) == (above == ("query",))


def test_clothes_are_labelled_in_training_alone_and_other_modes_refused_with_the_reason(lay_out):
    dataset = LaST(root=lay_out("last", FILES), verbose=False)
    assert (dataset.clothes_labels.train, dataset.clothes_labels.test) == ("labelled", "absent")
    assert str(dataset.clothes_labels).startswith("labelled in training, absent in the test set (")
    assert dataset.why_not("general") == ""
    assert "LaST has no clothing_change mode: the clothes labels of its test set are absent" in dataset.why_not(
        "clothing_change"
    )
    assert dataset.why_not("other_tracklet") == "LaST has no other_tracklet mode; it has general"


@pytest.mark.parametrize(("release", "images"), [("newer", 71248), ("older", 70923)])
def test_the_nearest_release_is_named(lay_out, monkeypatch, release, images):
    dataset = LaST(root=lay_out("last", FILES), verbose=False)
    published = LaST.releases[release]
    # A few images short, and without validation: nearer to this one all the same.
    lost = {"train": Counts(ids=4999, images=images - 3), "val query": Counts(images=0)}
    monkeypatch.setattr(dataset, "_found", lambda splits: {**published, **lost})
    assert dataset.release() == (release, published, False)
    monkeypatch.setattr(dataset, "_found", lambda splits: {**published, "train": Counts(ids=5000, images=images)})
    assert dataset.release() == (release, published, True)
    (note,) = [note for note in find_notes(dataset) if note.kind == "release"]
    assert note.detail == f"the counts are those of the {release} release"


def test_tables_have_no_column_of_cameras_that_are_none(lay_out, dataset_log):
    dataset = LaST(root=lay_out("last", FILES))
    dataset.show_test()
    assert "| query" in dataset_log.text
    assert [line.split("|")[4].strip() for line in dataset_log.text.splitlines() if line.startswith("| query")] == ["-"]
    assert "not quite the counts of the" in dataset_log.text


def test_without_validation(lay_out):
    dataset = LaST(root=lay_out("last", [name for name in FILES if not name.startswith("val")]), verbose=False)
    assert list(dataset.splits) == ["train", "query", "gallery"]
    assert dataset.release().name


def test_an_image_in_the_folder_of_another_person(lay_out):
    dataset = LaST(root=lay_out("last", [*FILES, "train/000020/000001_1_2_3_4_009.jpg"]), verbose=False)
    (finding,) = dataset.findings()
    assert finding.kind == "folder-person"
    assert finding.images[0].endswith("train/000020/000001_1_2_3_4_009.jpg")
    assert dataset.train[2][1] == "last_000001"


@pytest.mark.parametrize("name", ["test/query/010903/a_1.jpg", "test/query/x_1.jpg", "train/000001/000001_a.jpg"])
def test_a_name_that_does_not_parse(lay_out, name):
    with pytest.raises(DatasetError, match="do not parse"):
        LaST(root=lay_out("last", [*FILES, name]))
