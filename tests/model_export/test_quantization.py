"""A graph in int8, on one small enough to be made by hand."""

import logging

import numpy as np
import pytest

from exported_model import INPUT_NAME
from model_export import quantization

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")
# Name -> (weights, groups): what reads pixels and the mask, a depthwise and a plain convolution, what makes a map.
CONVOLUTIONS = {
    "pixels": ((8, 4, 3, 3), 1),
    "depthwise": ((8, 1, 3, 3), 8),
    "plain": ((8, 8, 1, 1), 1),
    "grouped": ((8, 4, 1, 1), 2),
    "map": ((1, 8, 1, 1), 1),
}


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    """Path of a model of those convolutions, one after another."""
    generator = np.random.default_rng(0)
    nodes, weights, last = [], [], INPUT_NAME
    for name, (shape, groups) in CONVOLUTIONS.items():
        values = generator.normal(0, 0.3, shape).astype(np.float32)
        weights.append(onnx.numpy_helper.from_array(values, f"{name}.weight"))
        pads = [shape[2] // 2] * 4
        nodes.append(
            onnx.helper.make_node("Conv", [last, f"{name}.weight"], [name], name=name, group=groups, pads=pads)
        )
        last = name
    made = onnx.helper.make_graph(
        nodes,
        "convolutions",
        [onnx.helper.make_tensor_value_info(INPUT_NAME, onnx.TensorProto.FLOAT, ("N", 4, 8, 6))],
        [onnx.helper.make_tensor_value_info(last, onnx.TensorProto.FLOAT, ("N", 1, 8, 6))],
        weights,
    )
    path = str(tmp_path_factory.mktemp("graph") / "fp32.onnx")
    onnx.save(onnx.helper.make_model(made, opset_imports=[onnx.helper.make_opsetid("", 20)], ir_version=8), path)
    return path


def test_what_loses_much_and_takes_little_stays_as_it_is(graph):
    assert quantization._exact(onnx.load(graph).graph) == ["pixels", "depthwise", "map"]


def test_the_rest_takes_a_byte_a_weight_and_the_outputs_stay_near(graph, tmp_path, capsys):
    batches = list(np.random.default_rng(1).normal(0, 1, (3, 2, 4, 8, 6)).astype(np.float32))
    root = logging.getLogger()
    level = root.level
    path = str(tmp_path / "int8.onnx")
    quantization.quantize(graph, path, batches)
    assert root.level == level
    assert capsys.readouterr().out == ""
    kinds = {tuple(one.dims): one.data_type for one in onnx.load(path).graph.initializer if len(one.dims) == 4}
    bytes_of = {CONVOLUTIONS["plain"][0], CONVOLUTIONS["grouped"][0]}
    assert {shape for shape, kind in kinds.items() if kind == onnx.TensorProto.INT8} == bytes_of
    assert set(kinds) == {shape for shape, _ in CONVOLUTIONS.values()}
    found, expected = (
        np.concatenate([session.run(None, {INPUT_NAME: batch})[0] for batch in batches])
        for session in map(onnxruntime.InferenceSession, (path, graph))
    )
    assert 0 < np.abs(found - expected).mean() < 0.05 * np.abs(expected).mean()


@pytest.mark.parametrize(("uneven", "other"), [("plain", "grouped"), ("grouped", "plain")])
def test_what_moves_descriptors_most_stays_as_it_is(graph, tmp_path, monkeypatch, uneven, other):
    model = onnx.load(graph)
    # Weights of very different sizes in one output channel: the small ones become 0 in a byte.
    weights = next(one for one in model.graph.initializer if one.name == f"{uneven}.weight")
    values = onnx.numpy_helper.to_array(weights).copy()
    values[:, 0] *= 1000
    weights.CopyFrom(onnx.numpy_helper.from_array(values, weights.name))
    path, small = str(tmp_path / "uneven.onnx"), str(tmp_path / "int8.onnx")
    onnx.save(model, path)
    batches = list(np.random.default_rng(1).normal(0, 1, (2, 2, 4, 8, 6)).astype(np.float32))
    monkeypatch.setattr("model_export.quantization.SPARED", 0.5)
    quantization.quantize(path, small, batches)
    bytes_of = [one for one in onnx.load(small).graph.initializer if one.data_type == onnx.TensorProto.INT8]
    assert [tuple(one.dims) for one in bytes_of if len(one.dims) == 4] == [CONVOLUTIONS[other][0]]


def test_batches_may_be_asked_for_in_part():
    reader = quantization._Batches([np.full(1, n) for n in range(4)])
    assert len(reader) == 4
    reader.set_range(1, 3)
    assert [reader.get_next()[INPUT_NAME].item() for _ in range(2)] == [1, 2]
    assert reader.get_next() is None
