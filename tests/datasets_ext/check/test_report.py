"""A data set checked as a whole."""

import shutil

import pytest

from datasets_ext import Counts, ParsingMapError, convert_labels, label_system
from datasets_ext.check import as_json, as_text


def test_a_sound_data_set(data):
    report = data.check()
    assert report.problems == []
    assert len(report.images) == 144
    assert report.counts["train"] == (Counts(6, 54, 3, 12), None)
    assert report.counts["all"] == (Counts(10, 144, 3, 20), None)
    # Face 12 x 12, clothes 40 x 20, of 64 x 32 pixels.
    uses = {name: use for name, use in report.labels.items() if use.images}
    assert set(uses) == {"Background", "Face", "Upper-clothes"}
    assert all(use.images == 144 for use in uses.values())
    assert uses["Face"].share == pytest.approx(144 / 2048)
    assert uses["Upper-clothes"].share == pytest.approx(800 / 2048)
    assert "Unpublished is sound: 144 images with their maps." in as_text(report)
    assert as_json(report)["sound"] is True


def test_what_counts_as_clothing_can_be_told(data):
    problems = data.found(clothing=["Pants"])
    assert list(problems) == ["no-clothing"]
    assert len(problems["no-clothing"]) == 144
    with pytest.raises(ValueError, match="Unknown label"):
        data.check(clothing=["Trousers"])


def test_maps_elsewhere(data, tmp_path):
    shutil.move(data.root / "prcc" / "parsing", tmp_path / "maps")
    assert len(data.found()["missing-map"]) == 144
    assert data.found(parsing_root=str(tmp_path / "maps")) == {}


def test_maps_are_read_as_what_they_say(data):
    data.change_maps(lambda labels: convert_labels(labels, "lip", "atr"))
    (data.root / "prcc" / "parsing" / "label_system.json").write_text('{"system": "atr"}')
    report = data.check()
    assert report.system is label_system("atr")
    assert report.problems == []
    assert report.labels["Face"].images == 144
    with pytest.raises(ParsingMapError, match="were to be read as 'lip'"):
        data.check(system="lip")
