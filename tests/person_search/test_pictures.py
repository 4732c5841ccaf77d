from datetime import datetime, timezone

import pytest

from person_search import LabelsError, Picture
from person_search.filters import NO_TIME
from person_search.pictures import FIELDS, Entry, check_ids, entries, picture_of

FIRST, SECOND = "0" * 32, "0123456789abcdef" * 2


def test_what_a_row_holds_comes_back():
    noon = datetime(2026, 11, 24, 12, tzinfo=timezone.utc)
    (entry,) = entries([SECOND], source="/a.jpg", time=noon, camera="north", person="p1", clothes=None, tracklet="t")
    row = entry.row()
    assert list(row) == list(FIELDS)
    assert picture_of({**row, "id": SECOND}) == Picture(SECOND, "/a.jpg", "north", noon, "p1", None, "t")


def test_what_is_unknown_is_empty_in_a_row():
    row = Entry(FIRST).row()
    assert row == {name: NO_TIME if name == "time" else "" for name in FIELDS}
    assert picture_of({**row, "id": FIRST}) == Picture(FIRST)


def test_columns_hold_one_value_for_all_or_one_for_each():
    found = entries([FIRST, SECOND], source=["/a", None], time=[0, None], camera="north", person=["p1", "p2"])
    assert [(one.id, one.source, one.labels.time) for one in found] == [(FIRST, "/a", 0), (SECOND, "", None)]
    assert [(one.labels.camera, one.labels.person) for one in found] == [("north", "p1"), ("north", "p2")]
    with pytest.raises(ValueError, match="3 values of camera for 2 pictures; expected one for all, or one each"):
        entries([FIRST, SECOND], camera=["a", "b", "c"])


@pytest.mark.parametrize("wrong", ["", "0" * 31, "0" * 33, "G" + "0" * 31, "A" + "0" * 31])
def test_other_ids_are_refused(wrong):
    with pytest.raises(ValueError, match="expected 32 hexadecimal digits"):
        Entry(wrong)
    with pytest.raises(ValueError, match="expected 32 hexadecimal digits"):
        check_ids([FIRST, wrong])
    assert check_ids((FIRST, SECOND)) == [FIRST, SECOND]


def test_sources_that_cannot_be_kept():
    assert Entry(FIRST, "ü" * 2048).source
    with pytest.raises(LabelsError, match="has 4098 bytes; expected at most 4096"):
        Entry(FIRST, "ü" * 2049)
    with pytest.raises(LabelsError, match="no UTF-8"):
        Entry(FIRST, "\udcff")
