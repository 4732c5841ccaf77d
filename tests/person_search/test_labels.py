from datetime import datetime, timedelta, timezone

import pytest

from person_search import LabelPattern, LabelsError, PhotoLabels, read_label_table
from person_search.labels import as_datetime, clean_label, milliseconds, natural_order

NOON = 1_795_521_600_000  # 2026-11-24T12:00:00Z


@pytest.mark.parametrize(
    "time",
    [
        datetime(2026, 11, 24, 12),
        datetime(2026, 11, 24, 13, tzinfo=timezone(timedelta(hours=1))),
        "2026-11-24T12:00:00",
        "2026-11-24T12:00:00Z",
        " 2026-11-24 14:00:00+02:00 ",
        NOON / 1000,
        NOON // 1000,
        str(NOON // 1000),
    ],
)
def test_times(time):
    assert milliseconds(time) == NOON
    assert as_datetime(NOON) == datetime(2026, 11, 24, 12, tzinfo=timezone.utc)


def test_times_that_are_none():
    assert milliseconds(None) is None
    assert milliseconds("  ") is None
    assert as_datetime(None) is None
    for text in ("noon", "2026-13-01", "nan", "inf", "1e300"):
        with pytest.raises(LabelsError, match="Time"):
            milliseconds(text)
    with pytest.raises(LabelsError, match="not of the form '%H%M'"):
        milliseconds("2500", "%H%M")


def test_milliseconds_of_far_years_are_exact():
    time = datetime(9999, 12, 31, 23, 59, 59, 999_000)
    assert as_datetime(milliseconds(time)) == time.replace(tzinfo=timezone.utc)


def test_a_pattern():
    pattern = LabelPattern("{camera}/{person}_{clothes}_{time:%Y%m%d-%H%M%S}_{tracklet}")
    assert pattern("hall/7_2_20261124-120000_t3.jpg") == PhotoLabels("hall", NOON, "7", "7/2", "t3")


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("{person}_{clothes}_c{camera}_{}", "012_3_c2_0001.png", PhotoLabels("2", None, "012", "012/3")),
        ("{}/{camera}/{person}", "train/A/098.jpg", PhotoLabels("A", None, "098")),
        ("**/{camera}-{time}", "a/b/c/door-1795521600.png", PhotoLabels("door", NOON)),
        ("**/{camera}-{time}", "door-1795521600.png", PhotoLabels("door", NOON)),
        ("{clothes}", "red coat.png", PhotoLabels(clothes="red coat")),
        # Whatever means something to regular expressions means itself here.
        ("{camera}.[x]+({})", "c.1.[x]+(a.b).png", PhotoLabels("c.1")),
        ("{camera}_{}", "a_b_c.png", PhotoLabels("a")),
        ("{camera}", "two\nlines.png", PhotoLabels("two\nlines")),
    ],
)
def test_patterns(pattern, path, expected):
    assert LabelPattern(pattern)(path) == expected


@pytest.mark.parametrize("path", ["a/b.png", "a.png", "a/b_c.png.d", "a/_b.png"])
def test_a_path_that_does_not_fit(path):
    with pytest.raises(LabelsError, match="does not fit the pattern"):
        LabelPattern("{camera}/{person}_{}_{clothes}")(path)


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("{camera}/{name}", "has {name}; expected {camera}"),
        ("{camera}_{camera}", "has {camera} twice"),
        ("{camera:%d}", "a form; only"),
        ("{time:%Q}", "has %Q in its time"),
        ("{time:%}", "has % in its time"),
        ("{camera}_{", "a brace without its partner"),
        ("camera}", "a brace without its partner"),
    ],
)
def test_patterns_that_cannot_be(pattern, message):
    with pytest.raises(LabelsError, match=message):
        LabelPattern(pattern)


def test_a_time_in_a_path_that_is_none():
    with pytest.raises(LabelsError, match="not of the form"):
        LabelPattern("{time:%m%d}")("1399.png")


def test_labels_fill_each_other_up():
    assert PhotoLabels(camera="a").or_else(PhotoLabels("b", 3)) == PhotoLabels("a", 3)


def test_labels_that_cannot_be_kept():
    assert clean_label("  ", "camera") is None
    assert clean_label(7, "person") == "7"
    with pytest.raises(LabelsError, match="514 bytes; expected at most 512"):
        clean_label("ä" * 257, "camera")
    with pytest.raises(LabelsError, match="no UTF-8"):
        clean_label("\udcff", "camera")


def test_a_table(tmp_path):
    path = tmp_path / "labels.csv"
    path.write_text('﻿path,camera,time,person\n./a/b.png,hall,1795521600,"x, ""y"""\nc\\d.png,,,\n', encoding="utf-8")
    table = read_label_table(path)
    assert table == {"a/b.png": PhotoLabels("hall", NOON, 'x, "y"'), "c/d.png": PhotoLabels()}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has the columns of an empty file"),
        ("file,camera\n", "has the columns file, camera; expected path"),
        ("path,colour\n", "has the columns path, colour"),
        ("path\na\na\n", "'a', line 3 .* twice"),
        ("path,camera\na,b,c\n", "too many columns"),
        ("path\na/../../b.png\n", "leads out of the folder"),
        ("path,time\na,soon\n", "Time 'soon'"),
        ('path\n"a\n', "cannot be read"),
    ],
)
def test_tables_that_cannot_be(tmp_path, text, message):
    (tmp_path / "labels.csv").write_text(text)
    with pytest.raises(LabelsError, match=message):
        read_label_table(tmp_path / "labels.csv")


def test_tables_that_are_none(tmp_path):
    (tmp_path / "labels.csv").write_bytes(b"path\n\xff\xfe\n")
    for name in ("labels.csv", "absent.csv"):
        with pytest.raises(LabelsError, match="cannot be read"):
            read_label_table(tmp_path / name)


def test_cameras_in_natural_order():
    names = ["10", "2", "c10", "c2", "c2b", "hall 3, door 12", "hall 3, door 4", "", "C1", "02"]
    ordered = ["", "02", "2", "10", "C1", "c2", "c2b", "c10", "hall 3, door 4", "hall 3, door 12"]
    assert sorted(names, key=natural_order) == ordered
    # Digits of other scripts, and more of them than Python reads at once.
    assert sorted(["٣", "٢"], key=natural_order) == ["٢", "٣"]
