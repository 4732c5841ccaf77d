import pickle
import shutil
from pathlib import Path

import pytest
from fastreid.data import CommDataset

import datasets_ext
from datasets_ext import LTCC, PRCC, DatasetError, DatasetNotFoundError, datasets_root


def test_root_is_the_argument_then_the_environment_then_datasets(monkeypatch):
    monkeypatch.setenv("FASTREID_DATASETS", "/some/where")
    assert datasets_root("here") == "here"
    assert datasets_root(Path("here")) == "here"
    assert datasets_root() == "/some/where"
    monkeypatch.setenv("FASTREID_DATASETS", "")
    assert datasets_root() == "datasets"
    monkeypatch.delenv("FASTREID_DATASETS")
    assert datasets_root() == "datasets"
    assert datasets_root("~/data") == str(Path.home() / "data")


def test_environment_is_read_when_the_data_set_is_made(prcc_root, tmp_path_factory, monkeypatch):
    monkeypatch.setenv("FASTREID_DATASETS", str(tmp_path_factory.mktemp("empty")))
    with pytest.raises(DatasetNotFoundError):
        PRCC()
    monkeypatch.setenv("FASTREID_DATASETS", str(prcc_root))
    assert len(PRCC().train) == 4


def test_datasets_folder_is_relative_to_the_working_folder(ltcc_root, monkeypatch):
    (ltcc_root / "datasets").mkdir()
    shutil.move(ltcc_root / "LTCC_ReID", ltcc_root / "datasets")
    monkeypatch.delenv("FASTREID_DATASETS", raising=False)
    monkeypatch.chdir(ltcc_root)
    dataset = LTCC()
    assert dataset.train[0][0] == "datasets/LTCC_ReID/train/001_1_c11_000012.png"
    maps = dataset.parsing_maps()
    assert maps.path_for(dataset.train[0][0]) == "datasets/LTCC_ReID/parsing/train/001_1_c11_000012.png"


def test_host_mode_selects_the_data(prcc_root):
    assert PRCC(root=prcc_root, mode="query").data == PRCC(root=prcc_root).query
    with pytest.raises(ValueError, match="Invalid mode"):
        PRCC(root=prcc_root, mode="test")


def test_data_sets_join_without_mixing_people_or_cameras(prcc_root, ltcc_root):
    prcc, ltcc = PRCC(root=prcc_root), LTCC(root=ltcc_root)
    joined = CommDataset(prcc.train + ltcc.train)
    assert joined.num_classes == 4
    assert joined.num_cameras == 6
    first, last = joined[0], joined[len(joined) - 1]
    assert (first["targets"], last["targets"]) == (joined.pid_dict["prcc_001"], joined.pid_dict["ltcc_094"])
    assert first["img_paths"] == prcc.train[0][0]


@pytest.mark.parametrize(
    "name",
    ["DatasetError", "DatasetNotFoundError", "ImageFileError", "ParsingMapError", "MissingParsingMapError"],
)
def test_errors_cross_the_border_of_a_worker_process(name):
    error_type = getattr(datasets_ext, name)
    error = pickle.loads(pickle.dumps(error_type("what was found")))
    assert type(error) is error_type
    assert str(error) == "what was found"
    assert isinstance(error, datasets_ext.DatasetError)


def test_splits_of_one_person(prcc_root):
    dataset = PRCC(root=prcc_root, verbose=False)
    dataset.require_several_people(train=True)
    dataset.require_several_people(train=False)
    dataset.train[:] = [item for item in dataset.train if item[1] == "prcc_001"]
    with pytest.raises(DatasetError, match="PRCC in .*prcc has one person only to train on; expected at least two"):
        dataset.require_several_people(train=True)
    dataset.require_several_people(train=False)
    for items in (dataset.query, dataset.gallery):
        items[:] = [item for item in items if item[1] == 3]
    with pytest.raises(DatasetError, match="one person only to be found"):
        dataset.require_several_people(train=False)
