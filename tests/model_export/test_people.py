import numpy as np
import pytest
from PIL import Image

from datasets_ext import DatasetError
from model_export import ExportError, people_below
from model_export import test_people as people_of_data_set


@pytest.fixture
def folder(tmp_path):
    for person in ("anna", "bo", "cy"):
        (tmp_path / "photos" / person / "deep").mkdir(parents=True)
        for name in ("1.png", "deep/2.JPG", ".hidden.png", "notes.txt"):
            if name.endswith("txt"):
                (tmp_path / "photos" / person / name).write_text("no image")
            else:
                Image.new("RGB", (8, 16)).save(tmp_path / "photos" / person / name, format="PNG")
    return tmp_path / "photos"


def test_a_folder_for_each_person(folder):
    found = people_below(str(folder), None, 100)
    assert [pair.image.replace(f"{folder}/", "") for pair in found.pairs] == [
        f"{person}/{name}" for person in ("anna", "bo", "cy") for name in ("1.png", "deep/2.JPG")
    ]
    assert found.pids.tolist() == [0, 0, 1, 1, 2, 2]
    assert (found.num_query, found.pairs[0].map) == (0, None)
    assert len(people_below(str(folder), None, 5).pairs) == 5


def test_maps_lie_at_the_same_paths(folder, tmp_path):
    maps = tmp_path / "maps"
    with pytest.raises(DatasetError, match="6 of 6 parsing maps are missing"):
        people_below(str(folder), str(maps), 100)
    for person in ("anna", "bo", "cy"):
        (maps / person / "deep").mkdir(parents=True)
        for name in ("1.png", "deep/2.png"):
            Image.fromarray(np.zeros((16, 8), np.uint8)).save(maps / person / name)
    assert people_below(str(folder), str(maps), 100).pairs[1].map == str(maps / "anna" / "deep" / "2.png")


def test_folders_without_people(folder, tmp_path):
    for where in (folder / "anna", tmp_path / "absent", tmp_path):
        with pytest.raises(ExportError, match="expected a folder for each person"):
            people_below(str(where), None, 100)


def test_people_of_a_data_set(finished_config):
    found = people_of_data_set(finished_config, "PRCC", 1000)
    assert (len(found.pairs), found.num_query) == (36, 24)
    assert found.pairs[0].map == found.pairs[0].image.replace("/rgb/", "/parsing/").replace(".jpg", ".png")
    assert found.clothes is not None
    assert len(np.unique(found.clothes[found.pids == found.pids[0]])) == 2
    # The first people whole, at least two of them.
    fewer = people_of_data_set(finished_config, "PRCC", 20)
    assert (len(fewer.pairs), sorted(set(fewer.pids))) == (18, sorted(set(found.pids))[:2])
    assert len(people_of_data_set(finished_config, "PRCC", 1).pairs) == 18
