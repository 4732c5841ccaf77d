"""A malicious file in every place that the host loads one from: refused, and nothing in it runs."""

import ast
import importlib
import pickle
import sys
from pathlib import Path

import fastreid
import numpy as np
import pytest
import torch
from fastreid.config import get_cfg
from fastreid.engine import DefaultPredictor, DefaultTrainer
from fastreid.modeling.backbones import build_backbone
from fastreid.utils.checkpoint import Checkpointer

from fastreid_compat.safe_loading import LOADING_MODULES, VISUALIZER


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


@pytest.fixture
def malicious(created, tmp_path):
    path = tmp_path / "malicious.pth"
    torch.save(Opens(created), path)
    return path


def test_the_environment_would_let_it_run(tmp_path, monkeypatch):
    """What the other tests guard against."""
    monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")
    torch.save(Opens(tmp_path / "ran"), tmp_path / "file.pth")
    with pytest.warns(UserWarning, match="forcing weights_only=False"):
        torch.load(tmp_path / "file.pth")
    assert (tmp_path / "ran").exists()


BACKBONES = {
    "build_mobilenetv2_backbone": "0.1x",
    "build_mobilenetv3_backbone": "Small",
    "build_osnet_backbone": "x0_25",
    "build_effnet_backbone": "b0",
    "build_regnet_backbone": "800x",
    "build_repvgg_backbone": "A0",
    "build_resnest_backbone": "50x",
    "build_resnet_backbone": "18x",
    "build_resnext_backbone": "50x",
    "build_shufflenetv2_backbone": "0.5x",
    "build_vit_backbone": "small",
}


def backbone_config(name, path):
    cfg = get_cfg()
    cfg.MODEL.BACKBONE.NAME = name
    cfg.MODEL.BACKBONE.DEPTH = BACKBONES[name]
    cfg.MODEL.BACKBONE.PRETRAIN = True
    cfg.MODEL.BACKBONE.PRETRAIN_PATH = str(path)
    return cfg


@pytest.mark.parametrize("name", BACKBONES)
def test_weights_of_a_backbone(malicious, name):
    with pytest.raises(pickle.UnpicklingError, match="Weights only load failed"):
        build_backbone(backbone_config(name, malicious))


def test_every_backbone_that_loads_is_tried():
    loading = {name.rpartition(".")[2] for name in LOADING_MODULES if ".backbones." in name}
    module_of = {"mobilenetv2": "mobilenet", "shufflenetv2": "shufflenet", "vit": "vision_transformer"}
    tried = {name.removeprefix("build_").removesuffix("_backbone") for name in BACKBONES}
    assert {module_of.get(name, name) for name in tried} == loading


# The files that the host, and torch.hub for it, would download to their caches.
CACHED = {
    "build_osnet_backbone": "checkpoints/osnet_x0_25_imagenet.pth",
    "build_effnet_backbone": "checkpoints/EN-B0_dds_8gpu.pyth",
    "build_regnet_backbone": "checkpoints/RegNetX-200MF_dds_8gpu.pyth",
    "build_resnet_backbone": "checkpoints/resnet18-5c106cde.pth",
    "build_resnest_backbone": "hub/checkpoints/resnest50-528c19ca.pth",
    "build_mobilenetv3_backbone": "hub/checkpoints/mobilenet_v3_small-047dcff4.pth",
}


@pytest.mark.parametrize("name", CACHED)
def test_weights_in_a_cache(malicious, created, tmp_path, monkeypatch, name):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    cached = tmp_path / CACHED[name]
    cached.parent.mkdir(parents=True)
    malicious.rename(cached)
    with pytest.raises(pickle.UnpicklingError, match="Weights only load failed"):
        build_backbone(backbone_config(name, ""))


def test_a_checkpoint(created, tmp_path):
    path = tmp_path / "model.pth"
    for value in ({"model": {"weight": Opens(created)}}, {"model": {}, "metric": Opens(created)}):
        torch.save(value, path)
        with pytest.raises(pickle.UnpicklingError):
            Checkpointer(torch.nn.Identity()).load(str(path))


@pytest.mark.usefixtures("market")
@pytest.mark.filterwarnings("ignore:MODEL.DEVICE")
def test_a_training_and_a_prediction(created, small_config, tmp_path):
    cfg = small_config("MODEL.BACKBONE.PRETRAIN", False)
    path = Path(cfg.OUTPUT_DIR, "model_0000.pth")
    torch.save({"model": {}, "metric": Opens(created)}, path)
    Path(cfg.OUTPUT_DIR, "last_checkpoint").write_text(path.name)
    trainer = DefaultTrainer(cfg)
    with pytest.raises(pickle.UnpicklingError):
        trainer.resume_or_load(resume=True)
    cfg.MODEL.WEIGHTS = str(path)
    with pytest.raises(pickle.UnpicklingError):
        DefaultPredictor(cfg)


@pytest.mark.parametrize("imported", [False, True])
def test_curves_of_the_visualizer(created, tmp_path, monkeypatch, imported):
    if not imported:
        # As in a process where nobody has imported it; whatever imports it, it is adapted.
        monkeypatch.delitem(sys.modules, VISUALIZER, raising=False)
    visualizer = importlib.import_module(VISUALIZER).Visualizer
    visualizer.save_roc_info(str(tmp_path), np.linspace(0, 1, 5), [0.5], [1, 2], [])
    loaded = visualizer.load_roc_info(tmp_path / "roc_info.pickle")
    assert {name: values.tolist() for name, values in loaded.items()} == {
        "fpr": [0, 0.25, 0.5, 0.75, 1],
        "tpr": [0.5],
        "pos": [1, 2],
        "neg": [],
    }
    with open(tmp_path / "forged.pickle", "wb") as file:
        pickle.dump({"fpr": Opens(created)}, file)
    with pytest.raises(pickle.UnpicklingError, match=r"the file names io.open"):
        visualizer.load_roc_info(tmp_path / "forged.pickle")


def test_weights_still_load(tmp_path):
    path = tmp_path / "weights.pth"
    cfg = backbone_config("build_mobilenetv2_backbone", path)
    cfg.MODEL.BACKBONE.PRETRAIN = False
    weights = build_backbone(cfg).state_dict()
    torch.save({name: value + 1 for name, value in weights.items()}, path)
    cfg.MODEL.BACKBONE.PRETRAIN = True
    loaded = build_backbone(cfg).state_dict()
    assert all(torch.equal(loaded[name], value + 1) for name, value in weights.items())


def test_no_other_module_of_the_host_loads_files():
    folder = Path(fastreid.__file__).parent
    loading = set()
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in (
                "torch.load",
                "pickle.load",
                "np.load",
                "torch.hub.load_state_dict_from_url",
                "load_state_dict_from_url",
                "yaml.load",
                "joblib.load",
            ):
                loading.add(".".join(("fastreid", *path.relative_to(folder).with_suffix("").parts)))
    assert loading == {*LOADING_MODULES, VISUALIZER}
