import json
from dataclasses import replace

import pytest

from person_search import Decisions, DecisionsError
from person_search.decisions import Identification, beside, decisions_path, keep

THREE = Decisions(
    "f",
    {1e-4: 0.8, 1e-3: 0.7, 1e-2: 0.5},
    {"same_clothes": {1e-4: 0.9, 1e-3: 0.95, 1e-2: 1.0}},
    {"different_people": 1000, "same_clothes": 50},
    20,
    "somebody",
    {"other_clothes": {0.1: Identification(0.41, 0.02)}},
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


def test_kept_beside_a_checkpoint(tmp_path):
    path = keep(THREE, tmp_path / "model.pth")
    assert path == decisions_path(tmp_path / "model.pth") == tmp_path / "model.decisions.json"
    assert beside(tmp_path / "model.pth", "f") == THREE
    assert [entry.name for entry in tmp_path.iterdir()] == ["model.decisions.json"]


def test_a_checkpoint_that_was_renamed_finds_them_by_its_fingerprint(tmp_path):
    keep(THREE, tmp_path / "model.pth")
    (tmp_path / "broken.decisions.json").write_text("{")
    assert beside(tmp_path / "renamed.pth", "f") == THREE
    assert beside(tmp_path / "other.pth", "g") is None
    # Another checkpoint that took its name takes neither its words nor those of the one that lies there.
    keep(replace(THREE, fingerprint="g"), tmp_path / "renamed.pth")
    assert beside(tmp_path / "renamed.pth", "f") == THREE


def test_another_models_are_left_out(tmp_path):
    keep(THREE, tmp_path / "model.pth")
    with pytest.warns(UserWarning, match="calibrated for another model"):
        assert beside(tmp_path / "model.pth", "g") is None


@pytest.mark.parametrize("name", ["absent/model.pth", "absent/model.onnx", "broken.onnx"])
def test_where_they_cannot_be_kept(tmp_path, name):
    (tmp_path / "broken.onnx").write_bytes(b"no model")
    with pytest.raises(DecisionsError, match="cannot be kept with model"):
        keep(THREE, tmp_path / name)
    assert [entry.name for entry in tmp_path.iterdir()] == ["broken.onnx"]


def test_what_a_user_is_told():
    told = " ".join(THREE.sentences(20_000))
    assert "from 0.800, which 1 in 10,000 pairs of different people reaches by mistake" in told
    assert "20,000 pictures about 2.0) and of the pairs of one person 90.0 % in the same clothes" in told
    assert "below 0.500, which 1 in 100" in told
    assert "1 in 10 searches for people who are not there is answered all the same" in told
    assert "answered rightly in 41.0 % in other clothes (by chance 2.00 %)" in told
    assert "20 people: somebody" in told


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
