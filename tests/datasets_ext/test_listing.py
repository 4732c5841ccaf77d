"""Names and things below a split's folder that are no images."""

import errno
import os

import pytest

from datasets_ext import LTCC, PRCC, DatasetError
from datasets_ext.listing import list_images

PATTERN = r"(?P<pid>\d+)/(?P<camera>[ABC])_\d+\.jpg"
EXPECTED = "<pid>/<camera>_<n>.jpg"


@pytest.fixture
def folder(tmp_path):
    for name in ("001/A_1.jpg", "001/B_2.jpg", "002/C_3.jpg"):
        path = tmp_path / "train" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"an image")
    return tmp_path / "train"


def listed(folder):
    return [path for path, _ in list_images(str(folder), PATTERN, EXPECTED)]


def test_images_in_order_with_their_labels(folder):
    found = list_images(str(folder), PATTERN, EXPECTED)
    assert [os.path.relpath(path, folder) for path, _ in found] == ["001/A_1.jpg", "001/B_2.jpg", "002/C_3.jpg"]
    assert [match["pid"] for _, match in found] == ["001", "001", "002"]


def test_what_is_hidden_or_a_side_file_is_passed_over(folder):
    (folder / ".DS_Store").write_text("x")
    (folder / "Thumbs.db").write_text("x")
    (folder / "003").mkdir()
    assert len(listed(folder)) == 3


@pytest.mark.parametrize(
    "name", ["001/A_1.png", "A_1.jpg", "001/D_1.jpg", "x/001/A_1.jpg", "001/A_\u0663.jpg", "\u0661/A_1.jpg"]
)
def test_names_that_do_not_parse(folder, name):
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(b"an image")
    with pytest.raises(DatasetError, match=f"(?s)1 file names .* do not parse. Expected {EXPECTED}; found.*{name}"):
        listed(folder)


def test_the_first_few_are_shown_and_the_rest_is_counted(folder):
    for n in range(7):
        (folder / f"{n}.txt").write_text("x")
    with pytest.raises(DatasetError, match=r"(?s)7 file names .*0\.txt.*4\.txt\n  and 2 more"):
        listed(folder)


def test_control_characters_in_names_are_shown_as_such(folder):
    (folder / "\x1b[2J\n.jpg").write_bytes(b"x")
    (folder / os.fsdecode(b"\xff.jpg")).write_bytes(b"x")
    with pytest.raises(DatasetError) as error:
        listed(folder)
    assert "\\x1b[2J\\n.jpg" in str(error.value)
    assert "\\udcff.jpg" in str(error.value)
    str(error.value).encode("utf-8")


def make_folder(path):
    path.mkdir()


def make_pipe(path):
    os.mkfifo(path)


def make_device(path):
    path.symlink_to("/dev/zero")


def make_dead_link(path):
    path.symlink_to("nothing")


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (make_folder, "a folder"),
        (make_pipe, "a named pipe"),
        (make_device, "a device"),
        (make_dead_link, "a link to nothing"),
    ],
)
def test_what_is_no_file(folder, make, kind):
    make(folder / "001" / "A_9.jpg")
    with pytest.raises(DatasetError, match=f"(?s)1 images .* do not serve:\n.*001/A_9.jpg: it is {kind}\n.*Unpack"):
        listed(folder)


@pytest.mark.parametrize("target", [".", ".."])
def test_a_folder_that_leads_back_to_itself(folder, target):
    (folder / "001" / "loop").symlink_to(target)
    with pytest.raises(DatasetError, match="001/loop.* cannot be listed: a link leads back"):
        listed(folder)


def test_a_number_that_no_integer_holds(folder):
    (folder / ("9" * 31)).mkdir()
    (folder / ("9" * 31) / "A_1.jpg").write_bytes(b"x")
    with pytest.raises(DatasetError, match=r"9{31}/A_1\.jpg: a number of more than 18 digits"):
        listed(folder)


def test_a_folder_that_cannot_be_listed(folder, monkeypatch):
    # As root, permission bits do not bite.
    scandir = os.scandir

    def refused(path):
        if str(path).endswith("002"):
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refused)
    with pytest.raises(DatasetError, match="002, a folder of the data set, cannot be listed: Permission denied"):
        listed(folder)


def test_an_empty_folder(tmp_path):
    with pytest.raises(DatasetError, match=f"There is no image below .*Expected {EXPECTED}: unpack"):
        listed(tmp_path)


@pytest.mark.parametrize(
    ("dataset", "root", "name"),
    [
        (PRCC, "prcc_root", f"prcc/rgb/test/A/{'1' * 31}/cropped_rgb001.jpg"),
        (LTCC, "ltcc_root", f"LTCC_ReID/query/{'1' * 31}_1_c1_000001.png"),
        (LTCC, "ltcc_root", f"LTCC_ReID/test/001_1_c{'1' * 31}_000001.png"),
    ],
)
def test_labels_of_31_digits(request, dataset, root, name):
    root = request.getfixturevalue(root)
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_bytes(b"x")
    with pytest.raises(DatasetError, match="a number of more than 18 digits"):
        dataset(root=root, verbose=False)


def test_the_largest_label_that_goes_through(prcc_root):
    path = prcc_root / "prcc" / "rgb" / "test" / "A" / ("9" * 18) / "cropped_rgb001.jpg"
    path.parent.mkdir()
    path.write_bytes(b"x")
    assert PRCC(root=prcc_root, verbose=False).gallery[-1][1] == 10**18 - 1
