"""An ablation's folder and the data it is made of."""

import os
from pathlib import Path

import pytest

from datasets_ext import DatasetError, datasets_root
from datasets_ext.prcc import PRCC
from ifd.engine import OutputFolderError
from ifd_ablation import DataFacts, check_same_settings


def facts(note):
    return DataFacts({"PRCC": note}, 100)


def test_an_ablation_goes_on_with_the_same_settings_only(tiny_config):
    check_same_settings(tiny_config, facts("digest 1"))
    tiny_config.IFD.SEED = 5
    check_same_settings(tiny_config, facts("digest 1"))
    with pytest.raises(OutputFolderError, match="PRCC: digest [12].*--output"):
        check_same_settings(tiny_config, facts("digest 2"))
    tiny_config.SOLVER.BASE_LR = 0.25
    with pytest.raises(OutputFolderError, match=r"BASE_LR: 0\.25.*--output"):
        check_same_settings(tiny_config, facts("digest 1"))


@pytest.mark.parametrize(("name", "message"), [("holiday.txt", "no ablation"), ("study.json", r"version 0\.1")])
def test_a_folder_with_something_else_is_left_alone(tiny_config, name, message):
    folder = Path(tiny_config.OUTPUT_DIR)
    folder.mkdir()
    (folder / name).write_text("")
    with pytest.raises(OutputFolderError, match=message):
        check_same_settings(tiny_config, facts("digest 1"))
    assert [path.name for path in folder.iterdir()] == [name]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"config": 3, "data": {}}'])
def test_broken_settings_are_named(tiny_config, text):
    check_same_settings(tiny_config, facts("digest 1"))
    (Path(tiny_config.OUTPUT_DIR) / "settings.json").write_text(text)
    with pytest.raises(OutputFolderError, match=r"settings\.json is broken"):
        check_same_settings(tiny_config, facts("digest 1"))


def test_data_is_listed_once(tiny_config, monkeypatch):
    listed = []
    read = PRCC.read_splits
    monkeypatch.setattr(PRCC, "read_splits", lambda self: listed.append(1) or read(self))
    found = DataFacts.of(tiny_config)
    assert listed == [1]
    assert found.training_images == 54
    # 54 images in batches of 16.
    assert found.steps_per_epoch(tiny_config) == 3
    assert found.notes["PRCC"].startswith("train 54 images of 6 people, query 24 images of 4 people, gallery 12 images")


def test_another_file_makes_another_digest(tiny_config, prcc_root, tmp_path, monkeypatch):
    before = DataFacts.of(tiny_config).notes["PRCC"]
    copy = tmp_path / "copy"
    for path in prcc_root.rglob("*"):
        if path.is_file():
            target = copy / path.relative_to(prcc_root)
            target.parent.mkdir(parents=True, exist_ok=True)
            os.symlink(path, target)
    monkeypatch.setenv("FASTREID_DATASETS", str(copy))
    assert datasets_root() == str(copy)
    assert DataFacts.of(tiny_config).notes["PRCC"] == before
    changed = next((copy / "prcc" / "rgb" / "test" / "A").rglob("*.jpg"))
    longer = changed.read_bytes() + b"."
    changed.unlink()
    changed.write_bytes(longer)
    assert DataFacts.of(tiny_config).notes["PRCC"] != before


def test_missing_data_is_named(tiny_config, tmp_path, monkeypatch):
    monkeypatch.setenv("FASTREID_DATASETS", str(tmp_path / "nothing"))
    with pytest.raises(DatasetError, match="PRCC was not found"):
        DataFacts.of(tiny_config)
