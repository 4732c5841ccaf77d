import json

import pytest

from person_search import Decisions, DecisionsError
from person_search.decisions import beside, decisions_path

THREE = Decisions(
    "f",
    {1e-4: 0.8, 1e-3: 0.7, 1e-2: 0.5},
    {"same_clothes": {1e-4: 0.9, 1e-3: 0.95, 1e-2: 1.0}},
    {"different_people": 1000, "same_clothes": 50},
    20,
    "somebody",
)


@pytest.mark.parametrize(
    ("similarity", "word"),
    [
        (1, "same person"),
        (0.8, "same person"),
        (0.79, "uncertain"),
        (0.5, "uncertain"),
        (0.49, "unknown"),
        (-1, "unknown"),
    ],
)
def test_words(similarity, word):
    assert THREE.decide(similarity) == word


def test_strangers_grow_with_the_gallery():
    assert THREE.strangers(100_000) == pytest.approx(10)


def test_kept_beside_the_model(tmp_path):
    path = THREE.save(tmp_path / "model.onnx")
    assert path == decisions_path(tmp_path / "model.onnx") == tmp_path / "model.decisions.json"
    assert beside(tmp_path / "model.onnx", "f") == THREE
    assert [entry.name for entry in tmp_path.iterdir()] == ["model.decisions.json"]
    assert beside(tmp_path / "other.onnx", "f") is None


def test_another_models_are_left_out(tmp_path):
    THREE.save(tmp_path / "model.onnx")
    with pytest.warns(UserWarning, match="calibrated for another model"):
        assert beside(tmp_path / "model.onnx", "g") is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"fingerprint": "f", "similarity": {"x": 1}}'])
def test_files_that_are_none(tmp_path, text):
    decisions_path(tmp_path / "model.onnx").write_text(text)
    with pytest.raises(DecisionsError, match="cannot be read .*Run calibrate again"):
        beside(tmp_path / "model.onnx", "f")


@pytest.mark.parametrize(
    "similarity", [{}, {1e-3: 0.5}, {1e-3: 0.5, 1e-2: 0.6}, {0: 0.5, 1e-2: 0.4}, {1e-3: 0.5, 1: 0}]
)
def test_similarities_that_decide_nothing(similarity):
    with pytest.raises(DecisionsError, match="expected two rates or more"):
        Decisions("f", similarity)


def test_json_is_what_another_language_reads():
    read = json.loads(THREE.to_json())
    assert read["similarity"] == {"0.0001": 0.8, "0.001": 0.7, "0.01": 0.5}
    assert Decisions.from_json(json.dumps(read)) == THREE
