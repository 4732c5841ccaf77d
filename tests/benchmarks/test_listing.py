"""The trees that the benchmark makes are such as the readers take."""

import pytest

from benchmarks import listing


@pytest.mark.parametrize("name", list(listing.READERS))
def test_each_reader_finds_as_many_images_as_were_asked_for(name, tmp_path):
    listing.make_tree(tmp_path, listing.READERS[name], 720)
    found = listing.measured(name, tmp_path)
    assert found.images == 720
    assert found.processor > 0
    # A name of each file, but for sets that are read from lists alone; and the lines of lists.
    assert listing.list_bare(tmp_path) >= 720


def test_each_reader_has_a_row(monkeypatch):
    monkeypatch.setattr(listing, "TURNS", 1)
    monkeypatch.setattr(listing, "READERS", {name: listing.READERS[name] for name in ("CCVID", "MEVID")})
    rows = listing.measure(quick=True)
    assert [row.case for row in rows] == [f"{name}, 2,000 images" for name in listing.READERS]
    assert all(row.ratio > 0 for row in rows)
