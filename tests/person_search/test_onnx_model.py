import numpy as np
import pytest
from PIL import Image

from exported_model.resizing import resized
from person_search import ModelFileError, PhotoError, load_model
from person_search.decisions import Decisions, keep
from person_search.onnx_model import OnnxModel


def test_a_vector_is_what_the_graph_says(model, draw):
    image = draw(3)
    fields = resized(image, (64, 32)).reshape(3, 4, 16, 2, 16).mean((2, 4)).ravel() - 126.5
    (vector,) = model([image])
    assert vector == pytest.approx(fields / np.linalg.norm(fields), abs=1e-6)
    assert (model.dim, model.needs_maps, model.label_system) == (24, False, None)
    assert model([]).shape == (0, 24)


def test_images_of_any_size(model, draw):
    large = draw(3).resize((200, 500))
    both = model([large, draw(3)])
    assert both.shape == (2, 24)
    assert both[0] @ both[1] > 0.99


def test_a_mask_is_seen(masked_model_path, draw):
    model = load_model(masked_model_path)
    assert (model.needs_maps, model.label_system) == (True, "lip")
    image = draw(3)
    # Label 9 is clothing in the model's LIP, 2 in Pascal; the lower half wears something.
    bare, worn, other = (np.zeros((64, 32), np.uint8) for _ in range(3))
    worn[32:] = 9
    other[32:] = 2
    black = np.array(image)
    black[32:] = 0
    expected = model([Image.fromarray(black)], [bare])
    assert model([image], [worn]) == pytest.approx(expected, abs=1e-6)
    assert model([image], [other], map_system="pascal") == pytest.approx(expected, abs=1e-6)
    assert model([image], [other]) == pytest.approx(model([image], [bare]), abs=1e-6)
    assert np.abs(model([image], [bare]) - expected).max() > 0.1


def test_maps_that_do_not_do(masked_model_path, draw):
    model = load_model(masked_model_path)
    with pytest.raises(ModelFileError, match="needs the parsing map of each photo"):
        model([draw(0)])
    with pytest.raises(ModelFileError, match="label system 'atr'; model .* knows lip, pascal"):
        model([draw(0)], [np.zeros((64, 32), np.uint8)], map_system="atr")
    with pytest.raises(PhotoError, match="64 x 32 pixels"):
        model([draw(0)], [np.zeros((32, 64), np.uint8)])


def test_fingerprints(save_model, tmp_path):
    named = OnnxModel(save_model(tmp_path / "a.onnx", fingerprint="abc"))
    first, same, other = (
        OnnxModel(save_model(tmp_path / f"{name}.onnx", scale=scale)) for name, scale in (("b", 1), ("c", 1), ("d", 2))
    )
    assert named.fingerprint == "abc"
    assert first.fingerprint == same.fingerprint != other.fingerprint


@pytest.mark.parametrize("metadata", [{"fingerprint": "f"}, {}])
def test_decisions_go_wherever_the_file_goes(save_model, tmp_path, draw, metadata):
    model = OnnxModel(save_model(tmp_path / "a.onnx", **metadata))
    assert model.decisions is None
    vectors = model([draw(3)])
    for similarity in (0.5, 0.6):
        keep(Decisions(model.fingerprint, {1e-3: similarity, 1e-2: 0.4}), tmp_path / "a.onnx")
    (tmp_path / "a.onnx").rename(tmp_path / "b.onnx")
    renamed = OnnxModel(tmp_path / "b.onnx")
    assert renamed.decisions.similarity[1e-3] == 0.6
    assert (renamed.fingerprint, (renamed([draw(3)]) == vectors).all()) == (model.fingerprint, True)


def test_decisions_of_another_model_in_the_file_are_left_out(save_model, tmp_path):
    path = save_model(tmp_path / "a.onnx", fingerprint="f", decisions=Decisions("g", {1e-3: 0.5, 1e-2: 0.4}).to_json())
    with pytest.warns(UserWarning, match="calibrated for another model"):
        assert OnnxModel(path).decisions is None


def test_a_file_of_another_form_and_a_device_that_is_none_are_mistakes_of_the_user(tmp_path, save_model, model_path):
    with pytest.raises(ModelFileError, match="vectors of length"):
        load_model(save_model(tmp_path / "m.onnx", unit=False))
    with pytest.raises(ModelFileError, match="expected cpu, cuda or cuda:<n>"):
        load_model(model_path, device="tpu")
