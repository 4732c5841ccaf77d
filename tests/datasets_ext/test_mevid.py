import pytest

from datasets_ext import MEVID, DatasetError
from datasets_ext.check import find_notes

TRAIN = ["0001O001C330T000F00000.jpg", "0001O001C330T000F00001.jpg", "0002O003C436T000F00000.jpg"]
TEST = [
    "0201O003C330T004F00000.jpg",
    "0201O003C330T004F00003.jpg",
    "0201O003C436T001F00000.jpg",
    "0202O005C336T079F00001.jpg",
    "0202O005C424T080F00000.jpg",
]
TEXTS = {
    "train_name.txt": "\n".join(TRAIN),
    "test_name.txt": "\n".join(TEST),
    # As numpy.savetxt writes them: floats in scientific notation.
    "track_train_info.txt": "0.0000e+00 1.0000e+00 1.0000e+00 1.0000e+00 3.3000e+02\n2e0 2 2.0 3 436\n",
    "track_test_info.txt": "0 1 201 3 330\n2 2 201 3 436\n3 3 202 5 336\n4 4 202 5 424\n",
    "query_IDX.txt": "1.0e+00 2\n",
}
SCALES = "0201O003C330T004F00855.jpg l\n0201O003C436T001F00036.jpg m\n0202O005C336T079F00999.jpg m\n"


@pytest.fixture
def root(lay_out):
    frames = [f"bbox_train/{name[:4]}/{name}" for name in TRAIN] + [f"bbox_test/{name[:4]}/{name}" for name in TEST]
    return lay_out("mevid", frames, TEXTS, above=("0201O003C330T004F00000.jpg",))


def test_items(root, below):
    dataset = MEVID(root=root, verbose=False)
    folder = root / "mevid"
    assert below(dataset.train, folder) == [
        ([f"bbox_train/0001/{name}" for name in TRAIN[:2]], "mevid_1", "mevid_c330", "1_1"),
        ([f"bbox_train/0002/{TRAIN[2]}"], "mevid_2", "mevid_c436", "2_3"),
    ]
    assert below(dataset.query, folder) == [
        ([f"bbox_test/0201/{TEST[2]}"], 201, 436, 0),
        ([f"bbox_test/0202/{TEST[3]}"], 202, 336, 1),
    ]
    assert below(dataset.gallery, folder) == [
        ([f"bbox_test/0201/{name}" for name in TEST[:2]], 201, 330, 0),
        ([f"bbox_test/0202/{TEST[4]}"], 202, 424, 1),
    ]
    # Outdoors 436 and 336, indoors 330, unknown 424.
    assert dataset.further_labels() == {"location": [1, 1, 0, -1]}
    assert dataset.modes[3:] == ("same_location", "other_location")
    assert "there is no test_track_scale.txt" in dataset.why_not("same_scale")
    assert [note.kind for note in find_notes(dataset)] == ["no-scales"]


def test_scales_are_looked_up_by_name_since_one_tracklet_has_none(root):
    (root / "mevid" / "test_track_scale.txt").write_text(SCALES)
    dataset = MEVID(root=root, verbose=False)
    assert dataset.further_labels()["scale"] == [1, 1, 2, -1]
    assert dataset.modes[-2:] == ("same_scale", "other_scale")
    (note,) = find_notes(dataset)
    assert note.detail.startswith(
        "1 of 4 test tracklets have no line in test_track_scale.txt, the first is 0202O005C424T080"
    )


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("track_test_info.txt", "0 5 201 3 330\n", "line 1 has frames 0 to 5 of 5 in test_name.txt"),
        ("track_test_info.txt", "1 0 201 3 330\n", "line 1 has frames 1 to 0 of 5"),
        ("track_train_info.txt", "0 1 201 3\n", "track_train_info.txt, line 1 is '0 1 201 3'. Expected five numbers"),
        ("query_IDX.txt", "0\n\n7\n", "query_IDX.txt, line 3 has 7. Expected positions in track_test_info.txt, 0 to 3"),
        ("query_IDX.txt", "0 1 2 3", "names every tracklet a query"),
        ("test_name.txt", "../../etc/passwd\n", "test_name.txt, line 1 is '../../etc/passwd'. Expected <pid>O<outfit>"),
        ("test_name.txt", "\n", "is empty"),
    ],
)
def test_lists_that_are_wrong(root, name, text, message):
    (root / "mevid" / name).write_text(text)
    with pytest.raises(DatasetError) as error:
        MEVID(root=root)
    assert message in str(error.value)


def test_lists_that_contradict_the_names(root):
    (root / "mevid" / "track_test_info.txt").write_text("0 2 201 3 330\n2 2 201 3 436\n3 3 202 6 336\n4 4 202 5 424\n")
    findings = [finding for finding in MEVID(root=root, verbose=False).findings() if finding.kind == "name-and-list"]
    assert [finding.detail[:30] for finding in findings] == [
        "line 1 of track_test_info.txt ",
        "line 3 of track_test_info.txt ",
    ]
