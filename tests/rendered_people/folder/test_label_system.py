import json
from datetime import date

from rendered_people.folder.label_system import label_system_files
from rendered_people.folder.manifest import CONTENT_DATE, CONTENT_VERSION
from rendered_people.folder.parameters import BenchmarkParameters


def test_each_parsing_tree_says_whose_labels_it_holds():
    files = label_system_files(BenchmarkParameters())
    assert set(files) == {"prcc/parsing/label_system.json", "LTCC_ReID/parsing/label_system.json"}
    for content in files.values():
        assert json.loads(content) == {
            "system": "lip",
            "model": "rendered_people",
            "version": str(CONTENT_VERSION),
            "date": CONTENT_DATE,
        }
    assert set(label_system_files(BenchmarkParameters(layouts=("ltcc",)))) == {"LTCC_ReID/parsing/label_system.json"}


def test_its_date_is_of_the_renderer_and_not_of_the_day():
    assert date.fromisoformat(CONTENT_DATE) < date(2026, 11, 24), "a folder made again has to hold the same bytes"


def test_it_lies_in_the_folder_and_not_in_the_digest(tiny):
    folder, _ = tiny
    for tree in ("prcc", "LTCC_ReID"):
        assert json.loads((folder / tree / "parsing/label_system.json").read_text())["system"] == "lip"
    assert "label_system" not in (folder / "SHA256SUMS").read_text()
