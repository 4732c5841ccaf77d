import json
import tarfile

import numpy as np
import pytest

from rendered_people import RenderingError
from rendered_people.folder.files import Shelf
from rendered_people.folder.layouts import planned_files
from rendered_people.folder.parameters import BenchmarkParameters
from rendered_people.folder.shards import (
    INFORMATION,
    ShardWriter,
    is_whole_shard,
    layout_folders,
    member_names,
    part_of,
    planned_chunks,
    sample_json,
    write_index,
)

FEW = BenchmarkParameters(
    people=10, outfits=2, images_per_view=2, height=64, width=32, unseen_sites=1, sites=2, shards=30
)


def test_chunks_hold_everybody_once_in_order_with_about_the_images_asked_for():
    chunks = planned_chunks(FEW)
    planned = [shot for chunk in chunks for shot, _ in chunk.files(FEW)]
    assert planned == list(planned_files(FEW))
    # 12 images a person.
    assert {len(chunk.people) for chunk in chunks} == {2}
    assert [(chunk.part, chunk.number) for chunk in chunks] == [
        *(("train", number) for number in range(3)),
        ("test", 0),
        ("test", 1),
        *(("train", number) for number in range(3, 6)),
        ("test", 2),
        ("test", 3),
        ("unseen", 0),
        ("unseen", 1),
    ]
    assert {len(chunk.people) for chunk in planned_chunks(BenchmarkParameters(people=4, shards=1))} == {1}


def test_every_file_has_one_shard_whose_name_says_layout_and_part():
    layouts = layout_folders(FEW)
    assert layouts == {"prcc": "prcc", "LTCC_ReID": "ltcc"}
    for chunk in planned_chunks(FEW):
        shards = {chunk.shard_of(image, layouts) for _, pairs in chunk.files(FEW) for image, _ in pairs}
        assert sorted(shards) == chunk.shards(FEW)
        for _, pairs in chunk.files(FEW):
            for image, _ in pairs:
                folder = "val" if "/val/" in image else chunk.part
                assert part_of(chunk.shard_of(image, layouts)) == folder
    assert planned_chunks(FEW)[0].shards(FEW) == [
        "shards/ltcc-train-000000.tar",
        "shards/prcc-train-000000.tar",
        "shards/prcc-val-000000.tar",
    ]


def test_members_share_a_name_up_to_their_first_dot():
    names = member_names(("prcc/rgb/train/001/A_cropped_rgb001.jpg", "prcc/parsing/train/001/A_cropped_rgb001.png"))
    assert [name.split(".", 1)[1] for name in names] == ["jpg", "parsing.png", "json"]
    assert len({name.split(".", 1)[0] for name in names}) == 1


def test_a_sample_says_whom_it_shows():
    shot, pairs = list(planned_files(FEW).items())[-1]
    told = json.loads(sample_json(shot, pairs[0], "unseen", FEW))
    assert told == {
        "image": pairs[0][0],
        "parsing": pairs[0][1],
        "part": "unseen",
        "site": 2,
        "person": 31,
        "outfit": 1,
        "camera": 8,
        "frame": 1,
        "label_system": "lip",
    }


def test_tars_are_nobodys_and_of_no_date_and_are_in_place_when_they_are_whole(tmp_path):
    shelf = Shelf(tmp_path)
    writer = ShardWriter(shelf)
    writer.add("shards/a.tar", "x.txt", b"x" * 600)
    assert not (tmp_path / "shards").exists()
    writer.finish()
    with tarfile.open(tmp_path / "shards/a.tar") as tar:
        (member,) = tar.getmembers()
    assert (member.mtime, member.uid, member.uname, member.mode) == (0, 0, "", 0o644)
    assert is_whole_shard(shelf, "shards/a.tar")
    other = ShardWriter(shelf)
    other.add("shards/b.tar", "x.txt", b"x")
    other.abandon()
    assert not list(tmp_path.rglob("*b.tar*"))
    assert not is_whole_shard(shelf, "shards/b.tar")
    content = (tmp_path / "shards/a.tar").read_bytes()
    for damaged in (b"", content[:5000], content[:-1], bytes(len(content)), content[:-512] + b"x" * 512):
        (tmp_path / "shards/a.tar").write_bytes(damaged)
        assert not is_whole_shard(shelf, "shards/a.tar")


def test_the_index_says_where_each_file_is(tmp_path):
    shelf = Shelf(tmp_path)
    writer = ShardWriter(shelf)
    pair = "prcc/rgb/test/A/001/a.jpg", "prcc/parsing/test/A/001/a.png"
    contents = (b"image", b"map", json.dumps({"image": pair[0], "parsing": pair[1]}).encode())
    for name, content in zip(member_names(pair), contents, strict=True):
        writer.add("shards/prcc-test-000000.tar", name, content)
    writer.add(INFORMATION, "LTCC_ReID/info/a.json", b"{}")
    writer.finish()
    files, whole = write_index(shelf, ["shards/prcc-test-000000.tar", INFORMATION])
    assert sorted(files) == ["LTCC_ReID/info/a.json", *sorted(pair)]
    assert sorted(whole) == ["shards/index.npz", INFORMATION, "shards/prcc-test-000000.tar"]
    with np.load(tmp_path / "shards/index.npz") as index:
        paths = [path.decode() for path in index["paths"]]
        assert paths == sorted(files)
        at = paths.index(pair[1])
        assert index["shards"][index["shard"][at]] == b"prcc-test-000000.tar"
        shard = (tmp_path / "shards/prcc-test-000000.tar").read_bytes()
        assert shard[index["offset"][at] :][: index["size"][at]] == b"map"
    before = (tmp_path / "shards/index.npz").read_bytes()
    write_index(shelf, [INFORMATION, "shards/prcc-test-000000.tar"])
    assert (tmp_path / "shards/index.npz").read_bytes() == before

    (tmp_path / "shards/prcc-test-000000.tar").write_bytes(b"no tar" * 200)
    with pytest.raises(RenderingError, match=r"prcc-test-000000\.tar is damaged .*remove it and render again"):
        write_index(shelf, ["shards/prcc-test-000000.tar"])
