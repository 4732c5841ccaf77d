"""Files that are none, folders in themselves, names that would do harm."""

import errno
import os

import pytest

from datasets_ext.files import files_below, read_regular_file, shown, sweep, write_whole


def make_pipe(path):
    os.mkfifo(path)


def make_device(path):
    try:
        os.mknod(path, 0o600 | 0o020000, os.makedev(1, 3))
    except PermissionError:
        pytest.skip("this user may not make a device")


def make_link_to_a_device(path):
    path.symlink_to("/dev/zero")


def make_loop(path):
    path.symlink_to(path.name)


NO_FILES = {
    "folder": (lambda path: path.mkdir(), "it is a folder"),
    "pipe": (make_pipe, "it is a named pipe"),
    "device": (make_device, "it is a device"),
    "link to a device": (make_link_to_a_device, "it is a device"),
    "loop": (make_loop, "Too many levels of symbolic links"),
}


@pytest.mark.parametrize("kind", NO_FILES)
def test_what_is_no_file_is_not_opened(tmp_path, kind):
    make, message = NO_FILES[kind]
    make(tmp_path / "x.png")
    with pytest.raises(OSError, match=message) as error:
        read_regular_file(str(tmp_path / "x.png"))
    assert error.value.strerror == message
    assert error.value.filename == str(tmp_path / "x.png")


def test_a_file_is_read_and_one_that_is_absent_is_told(tmp_path):
    (tmp_path / "x").write_bytes(b"abc")
    (tmp_path / "link").symlink_to("x")
    assert read_regular_file(str(tmp_path / "link")) == b"abc"
    (tmp_path / "dead").symlink_to("nothing")
    for name in ("absent", "dead"):
        with pytest.raises(FileNotFoundError):
            read_regular_file(str(tmp_path / name))


def test_a_file_that_claims_to_be_gigantic_is_not_read(tmp_path):
    with open(tmp_path / "sparse.png", "wb") as file:
        file.truncate(2**40)
    with pytest.raises(OSError, match="1,099,511,627,776 bytes, more than any image"):
        read_regular_file(str(tmp_path / "sparse.png"))


def test_a_file_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    path = str(tmp_path / "new" / "x")
    write_whole(path, b"first")
    write_whole(path, b"second")
    assert read_regular_file(path) == b"second"
    with pytest.raises(FileExistsError):
        write_whole(path, b"third", replace=False)

    def fail(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="No space"):
        write_whole(path, b"fourth")
    assert read_regular_file(path) == b"second"
    assert os.listdir(tmp_path / "new") == ["x"]


def test_a_write_replaces_the_file_when_it_is_complete(tmp_path):
    path = tmp_path / "file"
    write_whole(str(path), lambda file: file.write(b"one"))
    seen = []

    def write(file):
        file.write(b"two")
        seen.append(path.read_bytes())

    write_whole(str(path), write)
    assert seen == [b"one"]
    assert path.read_bytes() == b"two"
    assert os.listdir(tmp_path) == ["file"]


def test_a_write_that_fails_leaves_what_was_there(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"one")

    def write(file):
        file.write(b"tw")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_whole(str(path), write)
    assert path.read_bytes() == b"one"
    assert os.listdir(tmp_path) == ["file"]


def test_text_is_written_in_utf_8_and_onto_the_disk(tmp_path):
    write_whole(tmp_path / "x", "é", synced=True)
    assert (tmp_path / "x").read_bytes() == "é".encode()


def test_what_cannot_be_written_goes_by_its_own_name(tmp_path):
    (tmp_path / "file").write_text("no folder")
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="Is a directory") as refused:
        write_whole(str(tmp_path / "folder"), b"x")
    assert refused.value.filename in (None, str(tmp_path / "folder"))
    with pytest.raises(OSError, match="file") as refused:
        write_whole(str(tmp_path / "file" / "x"), b"x")
    assert sorted(os.listdir(tmp_path)) == ["file", "folder"]


def test_where_there_are_no_hard_links(tmp_path, monkeypatch):
    def no_links(*_):
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    write_whole(str(tmp_path / "x"), b"first", replace=False)
    with pytest.raises(FileExistsError):
        write_whole(str(tmp_path / "x"), b"second", replace=False)
    assert (tmp_path / "x").read_bytes() == b"first"
    assert os.listdir(tmp_path) == ["x"]


def test_what_a_killed_process_left_is_swept(tmp_path):
    old, new = tmp_path / f".{'a' * 32}.part", tmp_path / f".{'b' * 32}.part"
    others = [tmp_path / name for name in (".x.part", "a.part", f"{'a' * 32}.part")]
    for path in (old, new, *others):
        path.write_bytes(b"half")
        if path != new:
            os.utime(path, (0, 0))
    sweep(str(tmp_path))
    sweep(str(tmp_path / "absent"))
    assert not old.exists()
    assert all(path.exists() for path in (new, *others))


def test_all_files_below_a_folder(tmp_path):
    for name in ("a/b/x.png", "a/y.png", "z.png", "a/.hidden", ".git/config"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    (tmp_path / "a" / "empty").mkdir()
    (tmp_path / "linked").symlink_to(tmp_path / "a" / "b")
    (tmp_path / "dead").symlink_to("nothing")
    os.mkfifo(tmp_path / "pipe.png")
    assert sorted(files_below(str(tmp_path))) == [
        (("a", "b", "x.png"), None),
        (("a", "empty"), "a folder"),
        (("a", "y.png"), None),
        (("dead",), "a link to nothing"),
        (("linked", "x.png"), None),
        (("pipe.png",), "a named pipe"),
        (("z.png",), None),
    ]


@pytest.mark.parametrize("target", [".", "..", "../.."])
def test_a_folder_that_leads_back_to_itself(tmp_path, target):
    (tmp_path / "root" / "a").mkdir(parents=True)
    (tmp_path / "root" / "a" / "loop").symlink_to(target)
    with pytest.raises(OSError, match="a link leads back to a folder that it lies in") as error:
        list(files_below(str(tmp_path / "root")))
    assert error.value.filename.startswith(str(tmp_path / "root" / "a" / "loop"))


def test_a_link_to_itself(tmp_path):
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(OSError, match="Too many levels of symbolic links"):
        list(files_below(str(tmp_path)))


def test_names_are_shown_without_harm():
    assert shown("a/b c é 人.jpg") == "a/b c é 人.jpg"
    assert shown("\x1b[2J\r\n\x9b\u202e.jpg") == "\\x1b[2J\\r\\n\\x9b\\u202e.jpg"
    assert shown(os.fsdecode(b"\xff.jpg")) == "\\udcff.jpg"
    shown(os.fsdecode(b"\xff.jpg")).encode("utf-8")
