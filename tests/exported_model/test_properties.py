import os

import numpy as np
import pytest

from exported_model import ExportedModelError, set_properties

onnx = pytest.importorskip("onnx")


@pytest.fixture
def path(tmp_path):
    """A model of more than 127 bytes, so that lengths take several."""
    weights = onnx.numpy_helper.from_array(np.arange(1000, dtype=np.float32), "weights")
    info = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1000]) for name in ("a", "b")]
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("Add", ["a", "weights"], ["b"])], "sum", info[:1], info[1:], [weights]
    )
    model = onnx.helper.make_model(graph)
    onnx.helper.set_model_props(model, {"kept": "as it is", "set": "before", "also": ""})
    onnx.save(model, tmp_path / "model.onnx")
    return tmp_path / "model.onnx"


def test_what_is_set_is_read_and_all_else_is_as_it_was(path):
    expected = onnx.load(path)
    for text in ("Ärger", "long " * 1000, ""):
        set_properties(path, {"set": text, "new": "1"})
        onnx.helper.set_model_props(expected, {"kept": "as it is", "also": "", "set": text, "new": "1"})
        found = onnx.load(path)
        assert found == expected
        onnx.checker.check_model(found)
    assert [entry.name for entry in path.parent.iterdir()] == ["model.onnx"]


def test_a_link_leads_to_what_is_replaced(path, tmp_path):
    path.chmod(0o640)
    (tmp_path / "link.onnx").symlink_to(path)
    set_properties(tmp_path / "link.onnx", {"set": "after"})
    assert (tmp_path / "link.onnx").is_symlink()
    assert "after" in {one.value for one in onnx.load(path).metadata_props}
    assert path.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("content", [b"no model", b"\x3a\xff", b"\x3a", b"\x00\x01"])
def test_files_that_are_no_models_stay_as_they_are(tmp_path, content):
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    with pytest.raises(ExportedModelError, match="is no ONNX file"):
        set_properties(path, {"set": "x"})
    assert path.read_bytes() == content
    assert os.listdir(tmp_path) == ["model.onnx"]


def test_a_cut_off_model_stays_as_it_is(path):
    content = path.read_bytes()[:-3]
    path.write_bytes(content)
    with pytest.raises(ExportedModelError):
        set_properties(path, {"set": "x"})
    assert path.read_bytes() == content
