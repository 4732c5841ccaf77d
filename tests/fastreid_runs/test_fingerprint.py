"""What tells the data of one training from that of another."""

import pytest

from fastreid_runs import fingerprint


@pytest.fixture
def items(tmp_path):
    """Three images of two people in two folders, of 1, 2 and 3 bytes."""
    made = []
    for size, name in enumerate(("a/1.jpg", "a/2.jpg", "b/3.jpg"), start=1):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x" * size)
        made.append((str(path), f"person {size // 2}", 0))
    return made


def test_images_and_bytes_are_counted(items):
    found = fingerprint(items)
    assert (found["images"], found["bytes"]) == (3, 6)
    assert len(found["sha256"]) == 64
    assert fingerprint([]) == {**fingerprint([]), "images": 0, "bytes": 0}


def test_where_the_folder_lies_makes_no_difference(items, tmp_path):
    before = fingerprint(items)
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    for name in ("a", "b"):
        (tmp_path / name).rename(moved / name)
    again = [(path.replace(str(tmp_path), str(moved)), *labels) for path, *labels in items]
    assert fingerprint(again) == before


def test_a_name_a_label_a_size_and_what_is_beside_make_one(items, tmp_path):
    beside = [[path] for path, *_ in items]
    found = [fingerprint(items), fingerprint(items[::-1]), fingerprint(items, beside)]
    found.append(fingerprint([(items[0][0], "another", 0), *items[1:]]))
    (tmp_path / "b" / "3.jpg").write_bytes(b"longer")
    found.append(fingerprint(items))
    assert len({one["sha256"] for one in found}) == len(found)
    assert fingerprint(items, beside)["bytes"] == 2 * fingerprint(items)["bytes"]


def test_a_missing_file_is_told(items, tmp_path):
    (tmp_path / "b" / "3.jpg").unlink()
    with pytest.raises(FileNotFoundError):
        fingerprint(items)
    with pytest.raises(FileNotFoundError):
        fingerprint(items[:1], [[str(tmp_path / "absent.png")]])
