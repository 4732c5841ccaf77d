import numpy as np
import pytest
from PIL import Image

from person_search import ModelFileError, Photo, as_photo
from person_search.embedding import EmbedderOptions


@pytest.fixture
def photos(draw):
    return [as_photo(draw(0)), Photo(b"no image", "broken.png"), as_photo(draw(1))]


def test_photos_that_cannot_be_read_are_passed_over(photos, model_path, model):
    done = EmbedderOptions(model_path).build()(photos, ["a.png", "broken.png", "b.png"])
    assert done.places == [0, 2]
    assert (done.vectors == model([photos[0].image(), photos[2].image()])).all()
    (message,) = done.failed
    assert "broken.png cannot be read" in message


def test_no_photo_at_all(photos, model_path):
    embedder = EmbedderOptions(model_path).build()
    for given in ([], photos[1:2]):
        done = embedder(given, ["x"] * len(given))
        assert (done.places, done.vectors.shape, len(done.failed)) == ([], (0, 24), len(given))


def test_a_map_for_each_photo(photos, masked_model_path, tmp_path, draw):
    labels = np.zeros((64, 32), np.uint8)
    labels[:32] = 2
    Image.fromarray(labels).save(tmp_path / "a.png")
    paths = ["a.jpg", "broken.jpg", "without.jpg"]
    embedder = EmbedderOptions(masked_model_path, maps=str(tmp_path), map_system="pascal").build()
    done = embedder(photos, paths)
    assert done.places == [0]
    assert len(done.failed) == 2
    expected = embedder.model([draw(0)], [labels], map_system="pascal")
    assert (done.vectors == expected).all()
    assert (done.vectors != embedder.model([draw(0)], [np.zeros_like(labels)])).any()

    alone = EmbedderOptions(masked_model_path, maps=str(tmp_path / "a.png"), map_system="pascal").build()
    assert (alone(photos[:1], ["x.jpg"]).vectors == expected).all()


def test_a_parser_makes_the_maps(photos, masked_model_path, monkeypatch, draw):
    labels = np.zeros((64, 32), np.uint8)
    labels[32:] = 9

    class Maps:
        system = "lip"

        def __init__(self, parser, device):
            assert (parser, device) == ("some/parser", None)

        def __call__(self, paths, images):
            return [labels for _ in images]

    monkeypatch.setattr("person_search.embedding.ParserMaps", Maps)
    embedder = EmbedderOptions(masked_model_path, parser="some/parser").build()
    done = embedder(photos, ["a", "b", "c"])
    assert done.places == [0, 2]
    assert (done.vectors == embedder.model([draw(0), draw(1)], [labels, labels])).all()


def test_a_model_that_needs_maps_and_has_none(masked_model_path):
    with pytest.raises(ModelFileError, match="--maps, or a parser with --parser"):
        EmbedderOptions(masked_model_path).build()


def test_a_model_of_rgb_alone_reads_no_maps(model_path, photos):
    embedder = EmbedderOptions(model_path, maps="/nowhere").build()
    assert embedder(photos[:1], ["a.png"]).places == [0]
