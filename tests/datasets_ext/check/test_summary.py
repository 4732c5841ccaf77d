"""A report as a table and as data."""

import dataclasses
import json
import os

from datasets_ext.check import KINDS, Problem, as_json, as_text

IMAGE = "train/002/B_cropped_rgb001.jpg"
TEST_IMAGE = "test/A/008/cropped_rgb000.jpg"


def test_report_as_text_lists_the_first_and_counts_the_rest(data):
    for n in range(3):
        for camera in "AB":
            data.map(f"train/002/{camera}_cropped_rgb00{n}.jpg").unlink()
    text = as_text(data.check())
    assert f"| {KINDS['missing-map']}" in text
    assert "rgb/train/002/A_cropped_rgb000.jpg: expected" in text
    assert "  and 3 more" in text
    assert "Unpublished is not sound: 6 problems." in text
    assert "Unpublished is sound: 144 images with their maps (6 accepted)." in as_text(data.check(), ["missing-map"])


def test_report_as_data_names_everything(data):
    data.map(IMAGE).unlink()
    data.image(TEST_IMAGE).write_bytes(b"broken")
    report = data.check()
    as_data = json.loads(json.dumps(as_json(report, ["missing-map"])))
    assert as_data["sound"] is False
    assert as_data["images"] == 144
    assert as_data["accepted"] == ["missing-map"]
    assert as_data["counts"]["train"]["found"] == {
        "ids": 6,
        "images": 54,
        "cameras": 3,
        "outfits": 12,
        "tracklets": None,
    }
    assert as_data["clothes_labels"]["test"] == "labelled"
    assert as_data["modes"] == ["general", "same_clothing", "clothing_change"]
    assert as_data["labels"]["Face"]["images"] == 143
    assert [problem["images"] for problem in as_data["problems"]["missing-map"]] == [[str(data.image(IMAGE))]]
    assert [problem["images"] for problem in as_data["problems"]["unreadable-image"]] == [[str(data.image(TEST_IMAGE))]]
    assert as_json(report, ["missing-map", "unreadable-image"])["sound"] is True


def test_names_in_the_text_do_no_harm(data):
    report = data.check()
    image = os.path.join(report.folder, "rgb", "a\x1b[2J\nb" + os.fsdecode(b"\xff") + ".jpg")
    hostile = dataclasses.replace(report, problems=[Problem("missing-map", (image,), "expected x")])
    text = as_text(hostile)
    assert "rgb/a\\x1b[2J\\nb\\udcff.jpg: expected x" in text
    text.encode("utf-8")
    # As data, names are what they are.
    assert json.loads(json.dumps(as_json(hostile)))["problems"]["missing-map"][0]["images"] == [image]
