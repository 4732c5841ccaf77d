"""What gallery and model are asked, through the test client."""

import io
import re
import zipfile
import zlib

import numpy as np
import pytest
from PIL import Image

from person_search import Decisions, Gallery, load_model
from person_search.decisions import Identification
from person_search.embedding import Embedder
from person_search.indexing import index_folder
from person_search.labels import PhotoLabels
from person_search.maps import MapFolder

pytest.importorskip("fastapi")

from person_search.page.bounds import Bounds
from person_search.page.service import SearchService


def test_what_scores_mean(indexed_gallery, model_path, client_of, draw, png, send):
    model = load_model(model_path)
    identified = {"other_clothes": {0.1: Identification(0.3, 0.01)}}
    model.decisions = Decisions(model.fingerprint, {1e-2: 0.9, 1e-1: 0.5}, identified=identified)
    with Gallery(indexed_gallery.uri, model) as gallery:
        client = client_of(SearchService(gallery, model))
        page = send(client, png(draw(4, 9))).text
        assert page.count('class="decision same-person"') >= 4
        assert 'class="decision unknown"' in page
        assert "1 in 100 is called the same person by mistake: here about 0.2" in page
        (told,) = re.findall(r"<details.*?</details>", page, re.DOTALL)
        assert "Same person: from 0.900" in told
        assert "searches for people who are there are answered rightly in 30.0 % in other clothes" in told
        known = client.get("/api/gallery").json()
        assert (known["calibrated"], known["scores"]) == (True, model.decisions.sentences(24))
        found = send(client, png(draw(4, 9)), "/api/search").json()
        assert [one["decision"] for one in found[:4]] == ["same person"] * 4


def test_masks_and_attention(tmp_path, uri, masked_model_path, client_of, draw, png, send):
    maps = tmp_path / "maps"
    photos = tmp_path / "photos"
    maps.mkdir()
    photos.mkdir()
    labels = np.zeros((64, 32), np.uint8)
    labels[32:] = 9
    for person in range(3):
        draw(person).save(photos / f"{person}.png")
        Image.fromarray(labels).save(maps / f"{person}.png")
    model = load_model(masked_model_path)

    with Gallery(uri, model) as gallery:
        index_folder(gallery, photos, Embedder(model, MapFolder(maps)), lambda path: PhotoLabels())
        client = client_of(SearchService(gallery, model, MapFolder(maps)))
        # A photo of the gallery has its map there; another brings it.
        page = send(client, (photos / "1.png").read_bytes())
        key = re.search(r"/queries/([\w-]+)/mask", page.text)[1]
        shown = np.asarray(Image.open(io.BytesIO(client.get(f"/queries/{key}/mask").content)), float)
        original = np.asarray(draw(1), float)
        assert np.abs(shown[:28] - original[:28]).mean() < 12
        assert np.abs(shown[36:] - original[36:]).mean() > 40
        assert send(client, png(draw(7))).status_code == 422
        map_file = {"map": ("m.png", png(Image.fromarray(labels)), "image/png")}
        assert send(client, png(draw(7)), **map_file).status_code == 200
        small = {"map": ("m.png", png(Image.fromarray(labels[:9])), "image/png")}
        assert "32 x 9 pixels" in send(client, png(draw(7)), **small).text


def test_photos_of_too_many_pixels(indexed_gallery, model, client_of, draw, png, send):
    client = client_of(SearchService(indexed_gallery, model, bounds=Bounds(pixels=64 * 32)))
    assert send(client, png(draw(0))).status_code == 200
    page = send(client, png(Image.new("RGB", (64, 33))))
    assert (page.status_code, "64 x 33 pixels; expected at most 2,048" in page.text) == (422, True)


@pytest.mark.parametrize("content", [b"", b"no image", b"%!PS-Adobe-3.0 EPSF-3.0", b"<svg xmlns='x'/>", b"GIF89a"])
def test_files_that_are_no_photos(client, content, send):
    page = send(client, content)
    assert (page.status_code, "cannot be read" in page.text) == (422, True)


def test_damaged_and_deceitful_photos(indexed_gallery, model, client_of, draw, png, send):
    client = client_of(SearchService(indexed_gallery, model, bounds=Bounds(searches_a_minute=6000)))
    whole = png(draw(0))
    jpeg = io.BytesIO()
    draw(0).save(jpeg, format="JPEG")

    def bomb(side):
        header = whole[:16] + side.to_bytes(4, "big") * 2 + whole[24:29]
        return header + zlib.crc32(header[12:]).to_bytes(4, "big") + whole[33:]

    frames = io.BytesIO()
    Image.new("RGB", (8, 8)).save(frames, format="GIF", save_all=True, append_images=[Image.new("RGB", (8, 8))] * 3)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("../../evil.png", whole)
    for content, told in [
        (whole[: len(whole) // 2], "cannot be read"),
        (jpeg.getvalue()[:300], "cannot be read"),
        (whole[:20], "cannot be read"),
        (whole[:40] + bytes(40) + whole[80:], "cannot be read"),
        # Many pixels in a file of few bytes: what its header says is enough, for Pillow too where there are very many.
        (bomb(8000), "8000 x 8000 pixels; expected at most 40,000,000"),
        (bomb(100_000), "Image size (10000000000 pixels) exceeds limit"),
        (frames.getvalue(), "cannot be read"),
        (archive.getvalue(), "cannot be read"),
        (b"\0" * 5000, "cannot be read"),
        (b"P6 9999999 9999999 255\n", "cannot be read"),
    ]:
        page = send(client, content)
        assert (page.status_code, told in page.text) == (422, True), content[:60]
        assert "Traceback" not in page.text
        answer = send(client, content, "/api/search")
        assert (answer.status_code, told in answer.json()["detail"]) == (422, True)
    # What the browser calls it is nobody's word: bytes say what a photo is.
    named = {"photo": ("page.html", whole, "text/html")}
    assert client.post("/search", files=named).status_code == 200
    assert client.get("/health").json() == {"status": "ok"}


def test_too_many_who_wait(indexed_gallery, model, client_of, draw, png, send):
    service = SearchService(indexed_gallery, model, bounds=Bounds(wait_seconds=0.05))
    client = client_of(service)
    with service._computing:
        refused = send(client, png(draw(0)))
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
    assert send(client, png(draw(0))).status_code == 200


def test_pictures_are_shown_without_counting_all(indexed_gallery, model, client_of, monkeypatch):
    """Of a large gallery that takes longer than a search, and a page shows dozens."""
    client = client_of(SearchService(indexed_gallery, model))
    shown = indexed_gallery.sample(3)
    monkeypatch.setattr(type(indexed_gallery), "__len__", lambda self: 1 / 0)
    for picture in shown:
        assert client.get(f"/pictures/{picture.id}").status_code == 200
        assert client.get(f"/api/pictures/{picture.id}/similar").status_code == 200


def test_pictures_to_begin_with_are_looked_for_once(gallery, model, draw, monkeypatch):
    gallery.add([draw(person) for person in range(6)])
    service = SearchService(gallery, model)
    drawn = []
    sample = gallery.sample
    monkeypatch.setattr(gallery, "sample", lambda count: drawn.append(count) or sample(count))
    first = service.start(4)
    assert (service.start(4), drawn) == (first, [4])
    # One that was removed is not shown, and another takes its place.
    gallery.remove([first[0].id], erase=False)
    second = service.start(4)
    assert (len(second), first[0] in second, drawn) == (4, False, [4, 4])
