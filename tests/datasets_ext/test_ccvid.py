import pytest

from datasets_ext import CCVID, DatasetError, DatasetNotFoundError, Tracklet
from datasets_ext.check import find_notes

LISTS = {
    "train": "session1/001_01\t001\tu0_l0_s0_c0_a0\nsession3/001_01\t001\tu1_l0_s0_c0_a0\n",
    "query": "session1/076_02 076 u0\n",
    "gallery": "session3/076_02   076\tu1\nsession2/077_12 077 u0\nsession1/077_12/ 077 u0\n",
}


@pytest.fixture
def root(lay_out):
    folders = [line.split()[0] for text in LISTS.values() for line in text.splitlines()]
    frames = [f"{folder}/{frame:05d}.jpg" for folder in folders for frame in (306, 9, 1000)]
    texts = {f"{split}.txt": text for split, text in LISTS.items()}
    return lay_out("CCVID", frames, texts, above=("session1/001_01 001 u0".replace(" ", "_"),))


def frames_of(folder):
    return [f"{folder}/{frame:05d}.jpg" for frame in (9, 306, 1000)]


def test_items(root, below):
    dataset = CCVID(root=root, verbose=False)
    assert all(isinstance(item[0], Tracklet) for item in dataset.train + dataset.query + dataset.gallery)
    # Walks of session 3 are cameras of their own; those of sessions 1 and 2 are not, as in the literature.
    assert below(dataset.train, root / "CCVID") == [
        (frames_of("session1/001_01"), "ccvid_001", "ccvid_c0", "001_u0_l0_s0_c0_a0"),
        (frames_of("session3/001_01"), "ccvid_001", "ccvid_c12", "001_u1_l0_s0_c0_a0"),
    ]
    assert below(dataset.query, root / "CCVID") == [(frames_of("session1/076_02"), 76, 1, 0)]
    assert below(dataset.gallery, root / "CCVID") == [
        (frames_of("session1/077_12"), 77, 11, 2),
        (frames_of("session2/077_12"), 77, 11, 2),
        (frames_of("session3/076_02"), 76, 13, 1),
    ]
    counts = dataset.counts()
    assert (counts["train"][0].images, counts["train"][0].tracklets) == (6, 2)
    assert counts["test"][0].ids == 2
    assert dataset.modes == ("general", "same_clothing", "clothing_change")


def test_findings(root):
    dataset = CCVID(root=root, verbose=False)
    kinds = [finding.kind for finding in dataset.findings()]
    assert kinds == ["no-real-cameras"] + ["tracklet-length"] * 6
    assert [note.kind for note in find_notes(dataset)] == ["no-real-cameras"]
    assert "3 frames; published are 27 to 410" in dataset.findings()[1].detail


@pytest.mark.parametrize(
    "line", ["session4/001_01 001 u0", "session1/001_01 001", "../session1/001_01 001 u0", "session1/001_00 001 u0"]
)
def test_a_line_that_does_not_parse(root, line):
    with open(root / "CCVID" / "query.txt", "a") as file:
        file.write(line + "\n")
    with pytest.raises(DatasetError, match=r"query.txt, line 2 is .*Expected session<1, 2 or 3>/<pid>_<walk> <pid>"):
        CCVID(root=root)


def test_a_tracklet_that_is_not_there_or_holds_something_else(root):
    (root / "CCVID" / "session1" / "001_01" / "notes.txt").touch()
    with pytest.raises(DatasetError, match="Expected <frame>.jpg"):
        CCVID(root=root)
    with open(root / "CCVID" / "gallery.txt", "a") as file:
        file.write("session1/099_01 099 u0\n")
    (root / "CCVID" / "session1" / "001_01" / "notes.txt").unlink()
    with pytest.raises(DatasetNotFoundError, match="there is no folder .*session1/099_01"):
        CCVID(root=root)
