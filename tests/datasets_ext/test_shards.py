import io
import os
import tarfile
import zlib

import numpy as np
import pytest

from datasets_ext.files import file_size, files_below, is_folder, is_there, names_with_content, read_regular_file
from datasets_ext.shards import ShardError, has_shards, in_shards, shard_path

FILES = {
    "prcc/rgb/train/001/A.jpg": b"first",
    "prcc/rgb/train/002/B.jpg": b"second",
    "prcc/rgb-x/C.jpg": b"third",
    "prcc/parsing/train/001/A.png": b"map",
    "list.txt": b"1\n2\n",
}


def write_shards(folder, files=FILES):
    """Two tars and their index, as its documentation has them."""
    folder.mkdir(parents=True, exist_ok=True)
    entries = []
    for number, names in enumerate((list(files)[::2], list(files)[1::2])):
        with tarfile.open(folder / f"{number}.tar", "w") as tar:
            for name in names:
                entry = tarfile.TarInfo(f"member of {name}")
                entry.size = len(files[name])
                tar.addfile(entry, io.BytesIO(files[name]))
        with tarfile.open(folder / f"{number}.tar") as tar:
            for member in tar:
                name = member.name.removeprefix("member of ")
                entries.append((name.encode(), number, member.offset_data, member.size, zlib.crc32(files[name])))
    paths, shard, offset, size, crc32 = zip(*sorted(entries), strict=True)
    shards = [b"0.tar", b"1.tar"]
    sizes = [os.path.getsize(folder / os.fsdecode(name)) for name in shards]
    np.savez(folder / "index.npz", paths=np.array(paths), shard=np.array(shard), offset=np.array(offset),
             size=np.array(size), crc32=np.array(crc32, dtype=np.uint32), shards=np.array(shards),
             shard_size=np.array(sizes))  # fmt: skip
    return str(folder)


@pytest.fixture
def folder(tmp_path):
    return write_shards(tmp_path / "shards")


def test_each_file_is_read_by_itself(folder):
    for name, content in FILES.items():
        path = shard_path(folder, name)
        assert path == f"{folder}::{name}"
        assert read_regular_file(path) == content
        assert file_size(path) == len(content)
        assert is_there(path)
        assert not is_folder(path)


def test_paths_inside_are_joined_and_compared_as_others(folder):
    tree = shard_path(folder, "prcc")
    path = os.path.join(tree, "rgb", "train", "001", "A.jpg")
    assert read_regular_file(path) == b"first"
    assert os.path.relpath(path, os.path.join(tree, "rgb")) == os.path.join("train", "001", "A.jpg")
    assert read_regular_file(os.path.join(tree, "rgb", "..", "rgb", "train", ".", "001", "A.jpg")) == b"first"


def test_folders_are_listed_by_whole_names(folder):
    assert {parts for parts, kind in files_below(shard_path(folder, "prcc/rgb"))} == {
        ("train", "001", "A.jpg"),
        ("train", "002", "B.jpg"),
    }
    assert {kind for _, kind in files_below(shard_path(folder, ""))} == {None}
    assert len(list(files_below(shard_path(folder, "")))) == len(FILES)
    assert is_folder(shard_path(folder, "prcc/rgb"))
    assert is_folder(shard_path(folder, ""))
    assert not is_folder(shard_path(folder, "prcc/rg"))
    assert names_with_content(shard_path(folder, "prcc/rgb/train/001")) == {"A.jpg"}
    assert names_with_content(shard_path(folder, "prcc/rgb/train")) == set()
    assert names_with_content(shard_path(folder, "none")) == set()


@pytest.mark.parametrize("name", ["prcc/rgb/train/001", "prcc/rgb/train/001/B.jpg", "zzz", "", "LIST.TXT"])
def test_what_is_not_there_is_not_found(name, folder):
    path = shard_path(folder, name)
    with pytest.raises(FileNotFoundError):
        read_regular_file(path)
    with pytest.raises(FileNotFoundError):
        file_size(path)
    assert is_there(path) == is_folder(path)
    if not is_folder(path):
        with pytest.raises(FileNotFoundError):
            list(files_below(path))


def test_a_mark_in_a_name_without_shards_means_nothing(tmp_path):
    odd = tmp_path / "a::b"
    odd.write_bytes(b"plain")
    assert in_shards(odd) is None
    assert read_regular_file(str(odd)) == b"plain"
    assert not has_shards(str(tmp_path))


def test_a_shard_that_is_cut_short_or_missing_is_named(tmp_path):
    for shard, what in (("0.tar", "has 512 bytes and not 10,240"), ("1.tar", "is missing")):
        folder = write_shards(tmp_path / shard)
        if "missing" in what:
            os.remove(os.path.join(folder, shard))
        else:
            os.truncate(os.path.join(folder, shard), 512)
        with pytest.raises(ShardError, match=f"the shard {what}") as caught:
            read_regular_file(shard_path(folder, "list.txt"))
        assert caught.value.filename == os.path.join(folder, shard)


def test_a_damaged_byte_is_found_where_it_is_read(folder):
    with open(os.path.join(folder, "0.tar"), "r+b") as tar:
        tar.seek(512)
        tar.write(b"F")
    with pytest.raises(ShardError, match=r"0\.tar is damaged where it holds prcc/rgb/train/001/A\.jpg"):
        read_regular_file(shard_path(folder, "prcc/rgb/train/001/A.jpg"))
    assert read_regular_file(shard_path(folder, "list.txt")) == b"1\n2\n"


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04cut"])
def test_a_damaged_index_is_named(content, folder):
    path = os.path.join(folder, "index.npz")
    with open(path, "wb") as file:
        file.write(content)
    with pytest.raises(ShardError, match="the index of shards is damaged") as caught:
        read_regular_file(shard_path(folder, "list.txt"))
    assert caught.value.filename == path


def test_without_pread_a_file_is_opened_each_time(folder, monkeypatch):
    monkeypatch.delattr(os, "pread")
    assert read_regular_file(shard_path(folder, "prcc/rgb/train/002/B.jpg")) == b"second"
