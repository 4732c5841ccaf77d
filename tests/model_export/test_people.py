from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from datasets_ext import DatasetError
from model_export import ExportError, people_below, training_images
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


def test_a_third_of_the_people_stand_apart(folder, finished_config):
    whole = people_of_data_set(finished_config, "PRCC", 1000)
    apart, others = whole.parted()
    person_of = {pair.image: pid for pair, pid in zip(whole.pairs, whole.pids, strict=True)}
    chosen = {person_of[pair.image] for pair in apart}
    assert chosen == set(np.unique(whole.pids)[::3])
    assert not chosen & set(others.pids)
    assert len(apart) + len(others.pairs) == len(whole.pairs)
    assert [person_of[pair.image] for pair in others.pairs] == others.pids.tolist()
    queries = {pair.image for pair in whole.pairs[: whole.num_query]}
    assert [pair.image in queries for pair in others.pairs] == [
        place < others.num_query for place in range(len(others.pairs))
    ]
    assert len(others.camids) == len(others.clothes) == len(others.pids)
    # Of three people in a folder, two are left; of two, one.
    assert people_below(str(folder), None, 100).parted()[1].pids.tolist() == [1, 1, 2, 2]
    with pytest.raises(ExportError, match="too few to choose int8's settings on a third.*--calibration"):
        replace(people_below(str(folder), None, 100), pids=np.array([0, 0, 0, 0, 1, 1])).parted()


def test_training_images_are_of_other_people(finished_config):
    found = training_images(finished_config, 5)
    assert len(found) == 5
    assert all("/train/" in pair.image and "/parsing/" in pair.map for pair in found)
    tested = {pair.image for pair in people_of_data_set(finished_config, "PRCC", 1000).pairs}
    assert not tested & {pair.image for pair in training_images(finished_config, 10**6)}
