"""Outfit labels from the colours of clothes: what they replace, and that they are made once."""

import json

import pytest

import ifd.data.outfit_colours
from ifd.data import build_train_loader, build_train_set, count_outfits
from ifd.data.outfit_colours import FILE


@pytest.fixture
def coloured(tiny_config, monkeypatch):
    monkeypatch.setattr(ifd.data.outfit_colours, "_made", {})
    tiny_config.IFD.OUTFITS.LABELS = "colours"
    return tiny_config


def groups(labels):
    return {frozenset(i for i, other in enumerate(labels) if other == label) for label in labels}


@pytest.mark.parametrize("options", [["IFD.OUTFITS.CLUSTERS", 2], ["IFD.OUTFITS.DISTANCE", 5.0]])
def test_colours_find_the_outfits_of_a_data_set(coloured, options):
    true = [(pid, outfit) for _, pid, _, outfit in _items(coloured, "dataset")]
    coloured.merge_from_list(options)
    found = [(pid, outfit) for _, pid, _, outfit in _items(coloured, "colours")]
    assert groups(found) == groups(true)
    assert count_outfits(coloured) == 12


def _items(cfg, labels):
    cfg.IFD.OUTFITS.LABELS = labels
    return build_train_set(cfg).img_items


def test_a_run_that_goes_on_reads_what_was_made(coloured, tmp_path, monkeypatch):
    first = _items(coloured, "colours")
    # Nothing is written before there is a run.
    assert not (tmp_path / "run").exists()
    (tmp_path / "run").mkdir()
    build_train_set(coloured)
    kept = json.loads((tmp_path / "run" / FILE).read_text())
    assert kept["outfits"] == [item[3] for item in first]
    monkeypatch.setattr(ifd.data.outfit_colours, "_made", {})
    monkeypatch.setattr(ifd.data.outfit_colours, "_colours", lambda *_: pytest.fail("an image was read"))
    assert _items(coloured, "colours") == first
    # Of other options nothing is taken.
    coloured.IFD.OUTFITS.DISTANCE = 7.0
    with pytest.raises(pytest.fail.Exception):
        build_train_set(coloured)
    (tmp_path / "run" / FILE).write_text("{")
    monkeypatch.setattr(ifd.data.outfit_colours, "_made", {})
    with pytest.raises(pytest.fail.Exception):
        build_train_set(coloured)


def test_a_batch_knows_the_outfits_of_its_people(coloured):
    batch = next(iter(build_train_loader(coloured)))
    assert batch["clothes_range"].shape == (16, 2)
    first, end = batch["clothes_range"].unbind(1)
    assert ((first <= batch["clothes"]) & (batch["clothes"] < end)).all()
    # Two people share none.
    for a, b in ((i, j) for i in range(16) for j in range(16)):
        same = batch["targets"][a] == batch["targets"][b]
        assert same == bool(set(range(first[a], end[a])) & set(range(first[b], end[b])))
