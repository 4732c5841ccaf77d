"""Files of features: what is read, and one sentence for all that is wrong with the rest."""

import csv
import os
import zipfile

import numpy as np
import pytest

from clothes_rank import feature_files
from clothes_rank.feature_files import KEYS, FeatureFileError, read_feature_file

ARRAYS = {
    "query_features": np.array([[1.0, 0.0], [0.0, 1.0]], np.float32),
    "gallery_features": np.array([[1.0, 0.1], [0.1, 1.0], [0.5, 0.5]], np.float32),
    "query_pids": np.array([1, 2]),
    "gallery_pids": np.array([2, 1, 1], np.uint8),
    "query_camids": np.array([0, 0]),
    "gallery_camids": np.array([1, 1, 0]),
    "query_clothes": np.array([5, 6]),
    "gallery_clothes": np.array([7, 8, 5]),
}
# The same as a table of the rows of both sides, in any order.
ROWS = [
    ("gallery", "2", "1", "7"),
    ("query", "1", "0", "5"),
    ("gallery", "1", "1", "8"),
    ("gallery", "1", "0", "5"),
    ("query", "2", "0", "6"),
]
FEATURES = np.array([[1.0, 0.1], [1.0, 0.0], [0.1, 1.0], [0.5, 0.5], [0.0, 1.0]], np.float32)
COLUMNS = ("split", "pid", "camid", "clothes_id")


@pytest.fixture
def archive(tmp_path):
    def write(*, without=(), **changed):
        path = tmp_path / "features.npz"
        np.savez(path, **{key: value for key, value in {**ARRAYS, **changed}.items() if key not in without})
        return path

    return write


@pytest.fixture
def beside(tmp_path):
    """Writes features.npy and features.csv, and returns the path of the first."""

    def write(columns=COLUMNS, rows=ROWS, features=FEATURES):
        np.save(tmp_path / "features.npy", features)
        with (tmp_path / "features.csv").open("w", newline="") as file:
            csv.writer(file).writerows([columns, *rows])
        return tmp_path / "features.npy"

    return write


def assert_holds_the_arrays(found):
    np.testing.assert_array_equal(found.query_features, ARRAYS["query_features"])
    np.testing.assert_array_equal(found.gallery_features, ARRAYS["gallery_features"])
    for side, labels in (("query", found.query_labels), ("gallery", found.gallery_labels)):
        for name in ("pids", "camids", "clothes"):
            np.testing.assert_array_equal(getattr(labels, name), ARRAYS[f"{side}_{name}"])
    assert found.has_cameras
    assert found.has_clothes


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_an_archive(tmp_path, save):
    save(tmp_path / "features.npz", **ARRAYS, paths=np.arange(3), query_clothe=np.arange(2))
    found = read_feature_file(tmp_path / "features.npz")
    assert_holds_the_arrays(found)
    # A key that is misspelt is not passed over in silence.
    assert found.unused == ("paths", "query_clothe")


def test_features_of_the_other_byte_order(archive):
    found = read_feature_file(archive(query_features=ARRAYS["query_features"].astype(">f4")))
    assert found.query_features.dtype == np.float32
    assert_holds_the_arrays(found)


def test_a_table_beside_an_array(beside):
    assert_holds_the_arrays(read_feature_file(beside()))


def test_a_table_with_other_columns_a_byte_order_mark_and_spaces(beside):
    path = beside(("path", "pid ", "split", "clothes_id", "camid"), [("x", b, f" {a}", d, c) for a, b, c, d in ROWS])
    table = path.with_suffix(".csv")
    table.write_text(table.read_text(), encoding="utf-8-sig")
    found = read_feature_file(path)
    assert_holds_the_arrays(found)
    assert found.unused == ("path",)


@pytest.mark.parametrize("as_text", [False, True])
def test_a_parquet_table(beside, as_text):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    path = beside()
    path.with_suffix(".csv").unlink()
    columns = dict(zip(COLUMNS, zip(*ROWS, strict=True), strict=True))
    numbers = {
        name: values if as_text or name == "split" else list(map(int, values)) for name, values in columns.items()
    }
    parquet.write_table(pyarrow.table({**numbers, "path": ["x"] * 5}), path.with_suffix(".parquet"))
    found = read_feature_file(path)
    assert_holds_the_arrays(found)
    assert found.unused == ("path",)


def test_a_table_elsewhere(beside, tmp_path):
    path = beside()
    path.with_suffix(".csv").rename(tmp_path / "labels.csv")
    assert_holds_the_arrays(read_feature_file(path, tmp_path / "labels.csv"))


def test_labels_of_text_are_told_apart_as_they_are_written(beside):
    found = read_feature_file(beside(rows=[(a, f"p{int(b):04}", f"c{c}", f"{b}_{d}") for a, b, c, d in ROWS]))
    for side, labels in (("query", found.query_labels), ("gallery", found.gallery_labels)):
        for name in ("pids", "camids"):
            expected = np.unique(ARRAYS[f"{side}_{name}"], return_inverse=True)[1]
            found_codes = np.unique(getattr(labels, name), return_inverse=True)[1]
            np.testing.assert_array_equal(found_codes, expected)
    # Across the sides too.
    assert found.query_labels.pids[0] == found.gallery_labels.pids[1]
    assert found.query_labels.clothes[0] == found.gallery_labels.clothes[2]


@pytest.mark.parametrize(
    ("absent", "cameras", "clothes"),
    [(("camids",), False, True), (("clothes",), True, False), (("camids", "clothes"), False, False)],
)
def test_cameras_and_clothes_may_be_absent(archive, beside, absent, cameras, clothes):
    from_archive = read_feature_file(
        archive(without=[f"{side}_{name}" for side in ("query", "gallery") for name in absent])
    )
    column_of = {"camids": "camid", "clothes": "clothes_id"}
    kept = [i for i, name in enumerate(COLUMNS) if name not in [column_of[name] for name in absent]]
    from_table = read_feature_file(beside([COLUMNS[i] for i in kept], [[row[i] for i in kept] for row in ROWS]))
    for found in (from_archive, from_table):
        assert (found.has_cameras, found.has_clothes) == (cameras, clothes)


@pytest.mark.parametrize(
    ("without", "message"),
    [
        (["query_pids"], "lacks query_pids: it holds .*query_features; expected query_features, gallery_features"),
        (["query_camids"], "lacks query_camids: it holds"),
        (["gallery_clothes", "gallery_features"], "lacks gallery_features, gallery_clothes: it holds"),
        (list(KEYS), "it holds nothing; expected"),
    ],
)
def test_keys_that_are_missing(archive, without, message):
    with pytest.raises(FeatureFileError, match=message):
        read_feature_file(archive(without=without))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"query_pids": np.array([1, None])}, "query_pids in .* has dtype object: Python objects, which are not read"),
        ({"query_pids": np.array(["a", "b"])}, r"query_pids in .* has dtype <U1 and shape \(2,\), expected numbers"),
        ({"query_pids": np.array(["2020-01-01"] * 2, "M8[D]")}, "has dtype datetime64"),
        ({"query_pids": np.zeros(2, [("a", int)])}, r"query_pids in .* has dtype \[\('a', '<i8'\)\]"),
        ({"query_features": np.ones((2, 2), complex)}, "query_features in .* has dtype complex128 and shape"),
    ],
)
def test_dtypes(archive, changed, message):
    with pytest.raises(FeatureFileError, match=message):
        read_feature_file(archive(**changed))


def test_a_pickle_in_an_archive_is_not_run(tmp_path):
    ran = tmp_path / "ran"

    class Malicious:
        def __reduce__(self):
            return (open, (str(ran), "w"))

    objects = np.empty(1, object)
    objects[0] = Malicious()
    np.savez(tmp_path / "features.npz", **{**ARRAYS, "query_pids": objects}, more=objects)
    with pytest.raises(FeatureFileError, match="could run code"):
        read_feature_file(tmp_path / "features.npz")
    np.savez(tmp_path / "features.npz", **ARRAYS, more=objects)
    assert read_feature_file(tmp_path / "features.npz").unused == ("more",)
    assert not ran.exists()


def test_an_array_that_promises_more_than_is_there(tmp_path, archive):
    with zipfile.ZipFile(archive(without=["query_pids"]), "a") as file:
        header = b"{'descr': '<i8', 'fortran_order': False, 'shape': (1000000000000,), }"
        content = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + bytes(16)
        file.writestr("query_pids.npy", content)
    with pytest.raises(
        FeatureFileError, match=r"promises shape \(1000000000000,\) of int64, 8000000000000 bytes, and 16"
    ):
        read_feature_file(tmp_path / "features.npz")


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        (b"", "features.npz", "is empty"),
        (b"<html></html>", "features.npz", r"is no whole \.npz archive; write it with numpy\.savez"),
        (b"<html></html>", "features.npy", "is no whole array of NumPy's format"),
        (b"x", "features.pt", "ends in '.pt', expected an .npz archive or an .npy array"),
        (b"x", "features", "ends in 'nothing', expected"),
        (b"x", "features.csv", "is a table of labels: give the .npy of features first"),
    ],
)
def test_files_of_another_kind(tmp_path, content, name, message):
    (tmp_path / name).write_bytes(content)
    (tmp_path / "labels.csv").write_text("split,pid\n")
    with pytest.raises(FeatureFileError, match=message):
        read_feature_file(tmp_path / name, tmp_path / "labels.csv" if name.endswith(".npy") else None)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_truncated(archive, beside, share):
    for path in (archive(), beside()):
        content = path.read_bytes()
        path.write_bytes(content[: int(share * len(content))])
        with pytest.raises(FeatureFileError, match="no whole|damaged"):
            read_feature_file(path)


def test_flipped_bits_are_found_by_the_archives_checksum(archive):
    path = archive()
    content = bytearray(path.read_bytes())
    content[content.index(ARRAYS["query_features"].tobytes())] ^= 1
    path.write_bytes(content)
    with pytest.raises(FeatureFileError, match="is damaged .*CRC"):
        read_feature_file(path)


def test_any_damage_is_one_sentence(archive, beside):
    """Bytes changed at random, most of them in headers: read, or refused, and nothing else."""
    generator = np.random.default_rng(0)
    table = beside().with_suffix(".csv")
    originals = {path: path.read_bytes() for path in (archive(), table.with_suffix(".npy"), table)}
    refused = 0
    for turn in range(300):
        path = list(originals)[turn % 3]
        content = bytearray(originals[path])
        for _ in range(generator.integers(1, 6)):
            content[generator.integers(min(len(content), 200) if turn % 2 else len(content))] = generator.integers(256)
        path.write_bytes(content)
        try:
            read_feature_file(path.with_suffix(".npy") if path == table else path)
        except FeatureFileError:
            refused += 1
        path.write_bytes(originals[path])
    assert refused > 100


@pytest.mark.parametrize("kind", ["absent", "folder", "pipe", "link to itself", "below a file", "null"])
def test_what_is_no_file(tmp_path, kind):
    path = tmp_path / "features.npz"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "link to itself":
        path.symlink_to(path)
    elif kind == "below a file":
        path.write_bytes(b"x")
        path = path / "features.npz"
    elif kind == "null":
        path = tmp_path / "feat\0ures.npz"
    with pytest.raises(FeatureFileError, match="does not exist|is a folder|no regular file|cannot be read"):
        read_feature_file(path)


@pytest.mark.parametrize(
    ("columns", "rows", "message"),
    [
        (("split", "camid"), [("query", 1)] * 5, "lacks column pid: it has split, camid; expected split, pid, camid"),
        ((), [], "lacks column split, pid: it has none"),
        (("split", "pid", "pid"), [("query", 1, 1)] * 5, "has column pid twice"),
        (COLUMNS, ROWS[:4], r"has shape \(5, 2\) and .*features.csv 4 rows, expected \(4, dimensions\)"),
        (COLUMNS, [("train", *row[1:]) for row in ROWS], "row 1: split is 'train', expected query or gallery"),
        (COLUMNS, [*ROWS[:2], ("query", "", "1", "1"), *ROWS[3:]], "line 4: pid is empty"),
        (COLUMNS, [*ROWS[:4], ("query", "1")], "line 6: 2 values, expected 4 as in the first"),
        (COLUMNS, [("query", 10**30, 1, 1)] * 5, "column pid holds 1000000000000000000000000000000, expected integers"),
    ],
)
def test_tables_that_do_not_fit(beside, columns, rows, message):
    with pytest.raises(FeatureFileError, match=message):
        read_feature_file(beside(columns, rows))


def test_tables_that_are_no_tables(beside):
    path = beside()
    path.with_suffix(".csv").write_bytes(b"split,pid\n\xff\xfe")
    with pytest.raises(FeatureFileError, match="is no text in UTF-8"):
        read_feature_file(path)
    path.with_suffix(".csv").write_text('split,pid\n"query,1\n')
    with pytest.raises(FeatureFileError, match="expected comma-separated values"):
        read_feature_file(path)


def test_the_table_must_be_one(beside, tmp_path):
    path = beside()
    path.with_suffix(".parquet").write_bytes(b"PAR1")
    with pytest.raises(FeatureFileError, match=r"both exist; give one with --labels"):
        read_feature_file(path)
    with pytest.raises(FeatureFileError, match="is no whole Parquet file"):
        read_feature_file(path, path.with_suffix(".parquet"))
    path.with_suffix(".csv").unlink()
    path.with_suffix(".parquet").unlink()
    with pytest.raises(FeatureFileError, match=r"needs a table of labels: .*\.csv and .*\.parquet do not exist"):
        read_feature_file(path)
    (tmp_path / "labels.txt").write_text("x")
    with pytest.raises(FeatureFileError, match=r"ends in '.txt', expected a .csv or .parquet table"):
        read_feature_file(path, tmp_path / "labels.txt")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([1, None, 1, 1, 1], "row 2: pid is None, expected an integer or text"),
        ([0.5] * 5, "row 1: pid is 0.5, expected an integer or text"),
        ([True] * 5, "row 1: pid is True, expected"),
        (["a", "", "c", "d", "e"], "row 2: pid is '', expected"),
    ],
)
def test_parquet_columns_of_something_else(beside, values, message):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    path = beside()
    table = path.with_suffix(".parquet")
    parquet.write_table(pyarrow.table({"split": ["query"] * 5, "pid": values}), table)
    with pytest.raises(FeatureFileError, match=message):
        read_feature_file(path, table)


def test_parquet_without_pyarrow(beside, monkeypatch):
    path = beside()
    path.with_suffix(".parquet").write_bytes(b"PAR1")
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(FeatureFileError, match=r"needs pyarrow to be read: pip install 'fastreid-ifd\[parquet\]'"):
        read_feature_file(path, path.with_suffix(".parquet"))


def test_an_archive_holds_its_labels_itself(archive, tmp_path):
    with pytest.raises(FeatureFileError, match="holds labels itself: leave the table"):
        read_feature_file(archive(), tmp_path / "labels.csv")


def test_memory_that_does_not_suffice_is_said(archive, monkeypatch):
    def fail(*arguments, **options):
        raise MemoryError

    monkeypatch.setattr(feature_files.np.lib.format, "read_array", fail)
    with pytest.raises(FeatureFileError, match="query_features in .* does not fit into memory"):
        read_feature_file(archive())
