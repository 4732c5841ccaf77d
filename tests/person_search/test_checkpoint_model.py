import os

import numpy as np
import pytest

from person_search import ModelFileError, load_model


@pytest.fixture
def checkpoint(finished_config, tmp_path):
    """(path, config file) of a trained IFD."""
    finished_config.defrost()
    config = tmp_path / "config.yaml"
    config.write_text(finished_config.dump())
    return os.path.join(finished_config.OUTPUT_DIR, "model_final.pth"), str(config)


def test_vectors_are_the_feature_extractors(checkpoint, finished_config, draw):
    from ifd.feature_extractor import FeatureExtractor

    path, config = checkpoint
    model = load_model(path, config=config, device="cpu")
    assert (model.needs_maps, model.label_system) == (True, "lip")
    images = [draw(0), draw(1).resize((50, 90))]
    maps = [np.zeros(image.size[::-1], np.uint8) for image in images]
    maps[0][20:] = 5
    vectors = model(images, maps)
    assert (vectors.shape, vectors.dtype) == ((2, model.dim), np.float32)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-6)
    extractor = FeatureExtractor(finished_config, path)
    for image, labels, vector in zip(images, maps, vectors, strict=True):
        assert vector @ extractor(image, labels) == pytest.approx(1, abs=1e-5)
    # Upper clothes have another label in ATR; what lies below is the same clothing.
    atr = np.where(maps[0] == 5, 4, 0).astype(np.uint8)
    assert model(images[:1], [atr], map_system="atr") == pytest.approx(vectors[:1], abs=1e-6)
    with pytest.raises(ModelFileError, match="needs the parsing map"):
        model(images)
    assert model([]).shape == (0, model.dim)


def test_maps_of_a_model_that_took_each_trees_word(checkpoint, finished_config, tmp_path, draw):
    path, config = checkpoint
    labels = np.zeros((64, 32), np.uint8)
    labels[20:] = 5
    expected = load_model(path, config=config)([draw(0)], [labels])
    finished_config.IFD.PARSING.SYSTEM = "auto"
    (tmp_path / "auto.yaml").write_text(finished_config.dump())
    model = load_model(path, config=str(tmp_path / "auto.yaml"))
    assert (model.needs_maps, model.label_system) == (True, None)
    assert model([draw(0)], [labels], map_system="lip") == pytest.approx(expected, abs=1e-6)
    atr = np.where(labels == 5, 4, 0).astype(np.uint8)
    assert model([draw(0)], [atr], map_system="atr") == pytest.approx(expected, abs=1e-6)
    with pytest.raises(ModelFileError, match="to know the label system of the maps"):
        model([draw(0)], [labels])


def test_a_checkpoint_without_its_config(tmp_path):
    (tmp_path / "model.pth").write_bytes(b"")
    with pytest.raises(ModelFileError, match="needs its config, and .*config.yaml is none"):
        load_model(tmp_path / "model.pth")
