import importlib
import logging
import os
import shutil

import pytest

from datasets_ext import DatasetNotFoundError, ParsingMapError
from ifd.engine import CheckpointError, ConfigError, OutputFolderError, argument_parser, load_config, setup


@pytest.fixture
def arguments(config_file, prcc_root, tiny_arguments, monkeypatch, tmp_path):
    """The tiny run's command line, with more options before and KEY VALUE pairs behind."""
    monkeypatch.setenv("FASTREID_DATASETS", str(prcc_root))

    def arguments(*options, behind=()):
        line = [*options, "--config-file", config_file, *tiny_arguments, "OUTPUT_DIR", tmp_path / "run", *behind]
        return argument_parser().parse_args([str(word) for word in line])

    return arguments


@pytest.fixture
def host_log():
    """The host's logger as it was, and without the handlers that its set-up adds."""
    logger = logging.getLogger("fastreid")
    before = list(logger.handlers), logger.level, logger.propagate
    yield
    logger.handlers[:], logger.level, logger.propagate = before


def test_a_frozen_config_and_a_log(arguments, tmp_path, host_log):
    cfg = setup(arguments(behind=["IFD.SEED", 7]))
    assert cfg.is_frozen()
    assert (tmp_path / "run" / "config.yaml").is_file()
    assert (tmp_path / "run" / "log.txt").is_file()


def test_the_config_of_a_run_says_which_label_system_its_maps_were_of(arguments, prcc_root, tmp_path, host_log):
    with pytest.raises(ParsingMapError, match=r"no label_system\.json"):
        setup(arguments(behind=["IFD.PARSING.SYSTEM", "auto"]))
    shutil.copytree(prcc_root / "prcc" / "parsing", tmp_path / "maps")
    (tmp_path / "maps" / "label_system.json").write_text('{"system": "lip"}')
    cfg = setup(arguments(behind=["IFD.PARSING.SYSTEM", "auto", "IFD.PARSING.ROOT", tmp_path / "maps"]))
    assert cfg.IFD.PARSING.SYSTEM == "lip"
    assert "SYSTEM: lip" in (tmp_path / "run" / "config.yaml").read_text()


def test_what_costs_least_is_checked_first(arguments, monkeypatch, tmp_path):
    """Neither a download nor a trial before a mistyped key, and neither without the data."""
    module = importlib.import_module("ifd.engine.setup")  # the function hides it as an attribute
    monkeypatch.setattr(module, "check_config", lambda *args, **kwargs: pytest.fail("built"))
    with pytest.raises(ConfigError, match="SOLVER.MAX_EPOCH is 0"):
        setup(arguments(behind=["SOLVER.MAX_EPOCH", 0]))
    monkeypatch.setenv("FASTREID_DATASETS", str(tmp_path))
    with pytest.raises(DatasetNotFoundError, match="PRCC was not found"):
        setup(arguments())
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("weights", [[], ["MODEL.WEIGHTS", "absent.pth"]])
def test_evaluating_nothing_writes_nothing(arguments, tmp_path, weights):
    with pytest.raises(CheckpointError, match=r"(model_final|absent).pth does not exist; see MODEL.WEIGHTS"):
        setup(arguments("--eval-only", behind=weights))
    assert not (tmp_path / "run").exists()


def test_evaluation_goes_beside_the_run(arguments, tmp_path, host_log):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "model_final.pth").touch()
    cfg = setup(arguments("--eval-only"))
    assert str(tmp_path / "run" / "model_final.pth") == cfg.MODEL.WEIGHTS
    assert str(tmp_path / "run" / "eval") == cfg.OUTPUT_DIR


def test_a_run_is_not_overwritten(arguments, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "model_0001.pth").touch()
    with pytest.raises(OutputFolderError, match="holds a run already"):
        setup(arguments())
    assert os.listdir(tmp_path / "run") == ["model_0001.pth"]


def test_options_may_be_text_or_values(config_file):
    for options in (["IFD.CBD.T", "0.25"], ["IFD.CBD.T", 0.25], ("IFD.CBD.T", 0.25)):
        assert load_config(config_file, options).IFD.CBD.T == 0.25
    assert load_config(config_file).IFD.CBD.T == 0.5
