"""Which files the page shows, through the test client."""

import io
import shutil

import pytest
from PIL import Image

from person_search import Gallery, Photo
from person_search.embedding import Embedder
from person_search.indexing import index_folder
from person_search.labels import PhotoLabels

pytest.importorskip("fastapi")

from person_search.page.service import SearchService


def test_pictures_come_from_indexed_folders_alone(indexed_gallery, model, client_of, tmp_path, draw, png):
    outside = tmp_path / "outside.png"
    draw(50).save(outside)
    inside = tmp_path / "folder"
    inside.mkdir()
    (inside / "link.png").symlink_to(outside)
    indexed_gallery.note_folder(str(inside))
    indexed_gallery.add([str(outside)], source=[str(outside)])
    other = png(draw(51))
    (tmp_path / "other.png").write_bytes(other)
    (inside / "other.png").symlink_to(tmp_path / "other.png")
    indexed_gallery.add([other], source=[str(inside / "other.png")])
    dots = png(draw(52))
    (tmp_path / "dots.png").write_bytes(dots)
    indexed_gallery.add([dots], source=[f"{inside}/../dots.png"])
    client = client_of(SearchService(indexed_gallery, model))
    for content in (outside.read_bytes(), other, dots):
        refused = client.get(f"/pictures/{Photo(content).id}")
        assert refused.status_code == 404
        assert str(tmp_path) not in refused.text


def test_a_file_that_is_another_by_now(uri, model, people, tmp_path, client_of, draw):

    folder = shutil.copytree(people, tmp_path / "photos")
    with Gallery(uri, model) as gallery:
        index_folder(gallery, folder, Embedder(model), lambda path: PhotoLabels())
        path = next((folder / "north").iterdir())
        known = Photo(path.read_bytes()).id
        client = client_of(SearchService(gallery, model))
        shown = client.get(f"/pictures/{known}")
        assert shown.headers["content-type"] == "image/jpeg"
        assert Image.open(io.BytesIO(shown.content)).size == (32, 64)
        draw(99).save(path)
        assert client.get(f"/pictures/{known}").status_code == 404
        # Its vector is there still.
        assert client.get(f"/search?query={known}").text.count("data-card") == 23
