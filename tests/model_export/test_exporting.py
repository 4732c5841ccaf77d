"""An exported model ranks as the checkpoint does, or is not there."""

import os
import subprocess
import sys
from shutil import copyfile

import numpy as np
import pytest
import torch

from datasets_ext import ImageAndMap
from exported_model import ExportedModel
from ifd.engine import CheckpointError, evaluate, load_trained_model, train
from ifd.feature_extractor import FeatureExtractor
from ifd.fingerprint import checkpoint_fingerprint
from model_export import ExportError, export_model
from model_export import test_people as people_of_data_set
from model_export.exporting import MOST_LOST

pytest.importorskip("onnxruntime")
pytest.importorskip("onnxscript")


def joined_with_flip(cfg):
    cfg = cfg.clone()
    cfg.defrost()
    cfg.TEST.FLIP.ENABLED = True
    cfg.IFD.DESCRIPTOR = "joined"
    return cfg


@pytest.fixture(scope="module")
def exported(small_config, small_weights, prcc_root, tmp_path_factory):
    """(config, people, what an export of it gave)."""
    cfg = joined_with_flip(small_config)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FASTREID_DATASETS", str(prcc_root))
        people = people_of_data_set(cfg, "PRCC", 1000)
        path = str(tmp_path_factory.mktemp("exported") / "deep" / "model.onnx")
        return cfg, people, export_model(cfg, small_weights, path, people, licence="Apache-2.0")


def without_rounding(cfg, weights):
    """The checkpoint in float64: in float32, PyTorch itself is up to 1.2e-5 from it, by threads and batch size."""
    extractor = FeatureExtractor(cfg, weights)
    extractor.network.double()
    return extractor


def test_it_ranks_as_the_checkpoint(exported, small_weights):
    cfg, people, done = exported
    assert done.agreement.is_exact
    extractor = FeatureExtractor(None, done.path, batch_size=5)
    pairs = [ImageAndMap(pair.image, pair.map) for pair in people.pairs]
    expected = without_rounding(cfg, small_weights)(pairs)
    assert extractor(pairs) == pytest.approx(expected / np.linalg.norm(expected, axis=1, keepdims=True), abs=1e-5)
    # Any number of images.
    model = ExportedModel(done.path)
    inputs = np.random.default_rng(0).uniform(0, 255, (7, 4, 64, 32)).astype(np.float32)
    inputs[:, 3] = inputs[:, 3] > 127
    together = model.run(inputs).vectors
    for count in (1, 2, 5):
        assert model.run(inputs[:count]).vectors == pytest.approx(together[:count], abs=1e-5)
    assert model.run(inputs[:0]).vectors.shape == (0, model.dim)


def test_the_attention_map_comes_with_it(exported, small_weights):
    cfg, people, done = exported
    pair = people.pairs[0]
    seen, expected = (
        extractor.inspect(ImageAndMap(pair.image, pair.map))
        for extractor in (FeatureExtractor(None, done.path), without_rounding(cfg, small_weights))
    )
    assert seen.attention_map.shape == expected.attention_map.shape
    assert seen.attention_map == pytest.approx(expected.attention_map, abs=1e-5)
    assert (seen.mask == expected.mask).all()
    assert 0 < seen.mask.mean() < 1
    assert seen.descriptor == pytest.approx(expected.descriptor / np.linalg.norm(expected.descriptor), abs=1e-5)


def test_what_it_says_of_itself(exported, small_weights):
    cfg, _, done = exported
    model = ExportedModel(done.path)
    assert model.metadata == done.metadata
    assert model.fingerprint == checkpoint_fingerprint(cfg, small_weights)
    assert (model.size, model.dim, model.needs_masks) == ((64, 32), 2 * 48, True)
    said = model.metadata
    assert (said.label_system, said.descriptor, said.precision, said.trained_on) == ("lip", "joined", "fp32", "PRCC")
    assert (said.licence, said.mask_dilate, said.mask_fill) == ("Apache-2.0", 1, (0, 0, 0))
    assert said.pixel_mean == tuple(cfg.MODEL.PIXEL_MEAN)
    assert 5 in said.clothing["lip"]
    onnx = pytest.importorskip("onnx")
    graph = onnx.load(done.path)
    assert [(one.domain, one.version) for one in graph.opset_import if one.domain == ""] == [("", 20)]
    onnx.checker.check_model(graph, full_check=True)


def test_an_exported_model_is_its_own_config(exported, small_weights):
    cfg, people, done = exported
    with pytest.raises(CheckpointError, match="give None in its place"):
        FeatureExtractor(cfg, done.path)
    with pytest.raises(CheckpointError, match="give the config"):
        FeatureExtractor(None, small_weights)
    extractor = FeatureExtractor(None, done.path)
    with pytest.raises(ValueError, match="neither a map nor a parser"):
        extractor(people.pairs[0].image)
    with pytest.raises(AttributeError, match="no network"):
        extractor.network  # noqa: B018


def test_search_needs_neither_the_host_nor_pytorch(exported):
    """The very file, in a process in which they cannot be imported."""
    _, people, done = exported
    pytest.importorskip("pymilvus")
    blocked = "('torch', 'torchvision', 'fastreid', 'fastreid_compat', 'ifd', 'datasets_ext', 'people_parsing')"
    program = f"""
import sys
sys.modules.update(dict.fromkeys({blocked}))
from PIL import Image
import numpy as np
from person_search import load_model
from person_search.photos import read_map, read_photo
model = load_model(sys.argv[1])
image = read_photo(sys.argv[2]).image()
np.save(sys.argv[4], model([image], [read_map(sys.argv[3], image.size)])[0])
"""
    vector = os.path.join(os.path.dirname(done.path), "vector.npy")
    pair = people.pairs[3]
    asked = [done.path, pair.image, pair.map, vector]
    ended = subprocess.run([sys.executable, "-c", program, *asked], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    assert np.load(vector) == pytest.approx(FeatureExtractor(None, done.path)(ImageAndMap(pair.image, pair.map)))


def test_the_extractor_needs_neither_the_host_nor_pytorch(exported):
    """Of packages, numpy, Pillow and onnxruntime alone, in a process in which no other can be imported."""
    _, people, done = exported
    program = """
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        return self.finder.find_spec(name, path, target) if top in allowed else None

    def __init__(self, finder):
        self.finder = finder

ours, theirs = ("ifd", "datasets_ext", "exported_model"), ("numpy", "PIL", "onnxruntime")
allowed = {*sys.stdlib_module_names, *ours, *theirs}
sys.meta_path[:] = [Missing(finder) for finder in sys.meta_path]
import numpy as np
from datasets_ext import ImageAndMap
from ifd.feature_extractor import FeatureExtractor

extractor = FeatureExtractor(None, sys.argv[1])
pairs = [ImageAndMap(*pair) for pair in zip(sys.argv[3::2], sys.argv[4::2])]
np.savez(sys.argv[2], vectors=extractor(pairs), attention=extractor.inspect(pairs[0]).attention_map)
for module, name in (("datasets_ext", "PRCC"), ("ifd", "add_ifd_config")):
    try:
        getattr(sys.modules[module], name)
    except ImportError as error:
        print(module, error)
"""
    found = os.path.join(os.path.dirname(done.path), "found.npz")
    pairs = [ImageAndMap(pair.image, pair.map) for pair in people.pairs[:3]]
    asked = [done.path, found, *(path for pair in pairs for path in (pair.image, pair.map))]
    ended = subprocess.run([sys.executable, "-c", program, *asked], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    extractor = FeatureExtractor(None, done.path)
    with np.load(found) as arrays:
        assert arrays["vectors"] == pytest.approx(extractor(pairs))
        assert arrays["attention"] == pytest.approx(extractor.inspect(pairs[0]).attention_map)
    # What does need them says so.
    assert [line.partition(" ")[0] for line in ended.stdout.splitlines()] == ["datasets_ext", "ifd"]
    assert "No module named" in ended.stdout


def test_int8_loses_little_or_is_not_written(exported, small_weights, tmp_path, monkeypatch):
    cfg, people, done = exported
    # The graph in fp32 is that of the other test: PyTorch's exporter takes its time.
    monkeypatch.setattr("model_export.exporting.write_graph", lambda model, channels, size, to: copyfile(done.path, to))
    path = str(tmp_path / "int8.onnx")
    monkeypatch.setattr("model_export.exporting.MOST_LOST", -1.0)
    with pytest.raises(
        ExportError,
        match=r"mode \w+ loses \S+ \+- \S+ points over \d+ queries of mAP, more than -100, and the model was not",
    ):
        export_model(cfg, small_weights, path, people, precision="int8")
    assert not os.path.exists(path)
    monkeypatch.setattr("model_export.exporting.MOST_LOST", 1.0)
    monkeypatch.setattr("model_export.quantization.SPARED", 0.0)
    small = export_model(cfg, small_weights, path, people, precision="int8")
    # A third of the people set it, and the others judge it.
    assert small.agreement.images < done.agreement.images == len(people.pairs)
    # The weights of all convolutions take a byte, but of those that read pixels, each channel alone, or make a map.
    onnx = pytest.importorskip("onnx")
    graph = onnx.load(path).graph
    found = {one.name: one for one in graph.initializer}
    widened = {one.output[0]: one.input[0] for one in graph.node if one.op_type == "DequantizeLinear"}
    weights = [found[widened.get(one.input[1], one.input[1])] for one in graph.node if one.op_type == "Conv"]
    kinds = {tuple(one.dims): one.data_type for one in weights}
    whole, byte = onnx.TensorProto.FLOAT, onnx.TensorProto.INT8
    assert kinds == {
        (16, 3, 3, 3): whole, (32, 1, 3, 3): whole, (1, 2, 3, 3): whole,
        (32, 16, 1, 1): byte, (16, 32, 1, 1): byte, (48, 16, 3, 3): byte,
    }  # fmt: skip
    assert small.metadata.precision == "int8"
    assert small.metadata.fingerprint not in ("", done.metadata.fingerprint)
    assert ExportedModel(path).fingerprint == small.metadata.fingerprint
    assert MOST_LOST == 0.005


def test_a_model_that_would_rank_otherwise_is_not_written(exported, small_weights, tmp_path, monkeypatch):
    cfg, people, done = exported

    def another(model, channels, size, path):
        # As an exporter that drops a layer.
        import onnx

        copyfile(done.path, path)
        graph = onnx.load(path)
        scale = next(one for one in graph.graph.initializer if len(one.dims) == 4 and one.dims[0] > 8)
        values = onnx.numpy_helper.to_array(scale).copy()
        scale.CopyFrom(onnx.numpy_helper.from_array(values[::-1].copy(), scale.name))
        onnx.save(graph, path)

    monkeypatch.setattr("model_export.exporting.write_graph", another)
    with pytest.raises(ExportError, match="does not rank as the model does, and was not written"):
        export_model(cfg, small_weights, str(tmp_path / "model.onnx"), people)
    assert os.listdir(tmp_path) == []


@pytest.fixture(scope="module")
def predicting(small_config, fit_normalisation, prcc_root, tmp_path_factory):
    """(config, checkpoint) of a model that was trained, for a few steps, to predict its attention map."""
    cfg = small_config.clone()
    cfg.IFD.PREDICTION.ENABLED = True
    cfg.OUTPUT_DIR = str(tmp_path_factory.mktemp("predicting"))
    cfg.MODEL.WEIGHTS = ""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FASTREID_DATASETS", str(prcc_root))
        train(cfg)
    cfg.MODEL.WEIGHTS = os.path.join(cfg.OUTPUT_DIR, "model_final.pth")
    model = load_trained_model(cfg, cfg.MODEL.WEIGHTS)
    fit_normalisation(cfg, model)
    torch.save({"model": model.state_dict()}, cfg.MODEL.WEIGHTS)
    return cfg, cfg.MODEL.WEIGHTS


def test_a_model_of_rgb_alone(predicting, small_config, small_weights, prcc_root, tmp_path, monkeypatch):
    """A main stream that predicts its attention map leaves the attention stream out; others refuse."""
    monkeypatch.setenv("FASTREID_DATASETS", str(prcc_root))
    people = people_of_data_set(small_config, "PRCC", 1000)
    path = str(tmp_path / "rgb.onnx")
    with pytest.raises(ExportError, match="needs a clothing mask.*without --rgb-only"):
        export_model(small_config, small_weights, path, people, rgb_only=True)
    cfg, weights = predicting
    done = export_model(cfg, weights, path, people, rgb_only=True)
    model = ExportedModel(path)
    assert (model.needs_masks, done.metadata.label_system, done.metadata.clothing) == (False, None, {})
    assert done.agreement.is_exact
    # As the evaluation with the predicted attention has it, which goes its own way from files to figures.
    evaluated = cfg.clone()
    evaluated.IFD.IKT.ENABLED = False
    found = evaluate(evaluated)
    for mode, both in done.agreement.mean_ap.items():
        assert 100 * both.exported == pytest.approx(found[f"{mode}/mAP"], abs=0.05)
    assert done.agreement.mean_ap["clothing_change"].exported < 1
    # Maps that are there are not looked at.
    pair = people.pairs[0]
    extractor = FeatureExtractor(None, path)
    assert (extractor(pair.image) == extractor(ImageAndMap(pair.image, pair.map))).all()
    # It is the predicted map that is used, and another one than that of the attention stream.
    assert extractor.inspect(pair.image).attention_map.max() < 1
    with_both = without_rounding(cfg, weights).inspect(ImageAndMap(pair.image, pair.map))
    assert np.abs(with_both.attention_map - extractor.inspect(pair.image).attention_map).max() > 1e-3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"INPUT.CROP.ENABLED": True}, "INPUT.CROP.ENABLED"),
        ({"INPUT.SIZE_TEST": [0, 0]}, "INPUT.SIZE_TEST"),
    ],
)
def test_configs_that_have_no_fixed_input(exported, small_weights, tmp_path, change, message):
    cfg, people, _ = exported
    cfg = cfg.clone()
    cfg.merge_from_list([item for pair in change.items() for item in pair])
    with pytest.raises(ExportError, match=message):
        export_model(cfg, small_weights, str(tmp_path / "model.onnx"), people)


def test_names_and_precisions(exported, small_weights):
    cfg, people, _ = exported
    with pytest.raises(ExportError, match="ending .onnx"):
        export_model(cfg, small_weights, "model.pt", people)
    with pytest.raises(ValueError, match="precision 'fp16'"):
        export_model(cfg, small_weights, "model.onnx", people, precision="fp16")
