import pytest

from person_search import ModelFileError, load_model


def test_files_that_are_no_models(tmp_path, save_model):
    (tmp_path / "text.onnx").write_text("no model")
    (tmp_path / "model.txt").write_text("no model")
    for name, message in [
        ("text.onnx", "cannot be loaded by onnxruntime"),
        ("absent.onnx", "There is no file"),
        ("model.txt", "ends in .txt; expected .onnx"),
        ("model", "ends in nothing"),
    ]:
        with pytest.raises(ModelFileError, match=message):
            load_model(tmp_path / name)
