"""A malicious file in every place where this project loads one: refused, and nothing in it runs."""

import ast
import importlib.util
import os
import shutil
import types

import pytest
import torch

from ifd.engine import CheckpointError, ConfigError, IFDTrainer, evaluate, load_trained_model, train
from ifd.engine.checkpointer import num_training_identities, read_model


class Opens:
    """A pickle that creates a file on loading."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


@pytest.fixture
def created(tmp_path, monkeypatch):
    """The file that must not come to be; the environment asks torch for loads that run code."""
    monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")
    path = tmp_path / "created"
    yield path
    assert not path.exists()


@pytest.fixture(params=["alone", "beside weights"])
def malicious(request, finished_config, created, tmp_path):
    """A checkpoint that is nothing but code, or a whole one with code at its end."""
    path = tmp_path / "malicious.pth"
    checkpoint = Opens(created)
    if request.param == "beside weights":
        whole = torch.load(os.path.join(finished_config.OUTPUT_DIR, "model_final.pth"), weights_only=True)
        checkpoint = {**whole, "metric": Opens(created)}
    torch.save(checkpoint, path)
    return path


def test_starting_weights(tiny_config, malicious):
    tiny_config.MODEL.WEIGHTS = str(malicious)
    with pytest.raises((CheckpointError, ConfigError), match="malicious.pth"):
        train(tiny_config)


def test_evaluation(finished_config, malicious):
    finished_config.MODEL.WEIGHTS = str(malicious)
    for load in (
        lambda: evaluate(finished_config),
        lambda: load_trained_model(finished_config, str(malicious)),
        lambda: num_training_identities(finished_config, str(malicious)),
        lambda: read_model(str(malicious)),
    ):
        with pytest.raises(CheckpointError, match="malicious.pth"):
            load()


def test_weights_of_a_backbone(tiny_config, malicious):
    tiny_config.MODEL.BACKBONE.PRETRAIN = True
    tiny_config.MODEL.BACKBONE.PRETRAIN_PATH = str(malicious)
    with pytest.raises(ConfigError, match="malicious.pth"):
        train(tiny_config)


@pytest.mark.parametrize("name", ["model_0001.pth", "model_final.pth"])
def test_resuming(finished_config, malicious, tmp_path, name):
    finished_config.OUTPUT_DIR = str(tmp_path)
    shutil.copy(malicious, tmp_path / name)
    (tmp_path / "last_checkpoint").write_text(name)
    with pytest.raises(CheckpointError, match=name):
        IFDTrainer(finished_config).resume_or_load(resume=True)


def test_the_best_checkpoint(finished_config, malicious, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(finished_config.OUTPUT_DIR, run)
    shutil.copy(malicious, run / "model_best.pth")
    finished_config.OUTPUT_DIR = str(run)
    finished_config.MODEL.WEIGHTS = str(run / "attention_stream" / "model_final.pth")
    IFDTrainer(finished_config).resume_or_load(resume=True)


def test_the_tool_that_takes_a_backbone_out(malicious, pytestconfig, tmp_path):
    path = pytestconfig.rootpath / "projects" / "IFD" / "tools" / "extract_backbone.py"
    spec = importlib.util.spec_from_file_location("extract_backbone", path)
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    with pytest.raises(CheckpointError, match="malicious.pth"):
        tool.main(types.SimpleNamespace(checkpoint=str(malicious), output=str(tmp_path / "backbone.pth")))


def test_every_load_of_ours_says_weights_only(pytestconfig):
    """A load that leaves it to torch's default is one that the environment can turn round."""
    loads = 0
    for folder in ("projects", "datasets_ext", "benchmarks"):
        for path in (pytestconfig.rootpath / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if not isinstance(node, ast.Call):
                    continue
                name = ast.unparse(node.func)
                assert name not in ("pickle.load", "yaml.load", "yaml.unsafe_load", "joblib.load"), path
                if name.endswith(("torch.load", "np.load", "numpy.load")):
                    says = {word.arg: ast.unparse(word.value) for word in node.keywords}
                    loads += 1
                    assert (
                        says.get("weights_only") == "True"
                        or "**kwargs" in ast.unparse(node)
                        or (name.endswith(("np.load", "numpy.load")) and says.get("allow_pickle", "False") == "False")
                    ), f"{path}: {ast.unparse(node)}"
    assert loads
