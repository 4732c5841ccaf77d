"""The page and its bounds, through the test client."""

import io
import re
import shutil
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from person_search import Decisions, Gallery, Photo, load_model
from person_search.maps import MapFolder

pytest.importorskip("fastapi")

from person_search.page.bounds import Bounds
from person_search.page.service import SearchService

FORM = "multipart/form-data; boundary=b"
PART = b'--b\r\nContent-Disposition: form-data; name="photo"'


def png(image):
    file = io.BytesIO()
    image.save(file, format="PNG")
    return file.getvalue()


def send(client, content, path="/search", **more):
    return client.post(path, files={"photo": ("a.png", content, "image/png"), **more})


@pytest.fixture
def someone(people):
    return next((people / "south").glob("p3_*_0.png"))


def test_it_begins_with_pictures_of_the_gallery(client):
    page = client.get("/")
    assert page.status_code == 200
    assert page.text.count("data-card") == 18
    assert "24 pictures, 2 cameras" in page.text
    assert 'action="/search" method="post" enctype="multipart/form-data"' in page.text


def test_a_photo_finds_its_person(client, draw):
    page = send(client, png(draw(4, 9)))
    assert page.status_code == 200
    assert page.history[0].status_code == 303
    assert page.text.count("data-card") == 24
    first = page.text[page.text.index("data-card") :][:1500]
    assert "labelled p4" in first
    assert "not calibrated" in page.text
    key = re.search(r"/queries/([\w-]+)/photo", page.text)[1]
    photo = client.get(f"/queries/{key}/photo")
    assert Image.open(io.BytesIO(photo.content)).size == (32, 64)
    assert client.get(f"/queries/{key}/mask").status_code == 404
    assert client.get(f"/queries/{key}x/photo").status_code == 404


def test_filters_and_more_like_this(client, someone, indexed_gallery):
    known = Photo(someone.read_bytes()).id
    page = client.get(f"/search?query={known}&camera=north&top=5&since=2026-11-24T15:30:10&until=2026-11-24T15:30:31")
    assert page.status_code == 200
    assert page.text.count("data-card") == 5
    assert 'value="north" checked' in page.text
    assert known not in re.findall(r"/pictures/(\w+)", page.text)
    found = client.get(f"/api/pictures/{known}/similar?camera=north&top=5&since=2026-11-24T15:30:10").json()
    assert {one["camera"] for one in found} == {"north"}
    assert min(one["time"] for one in found) >= "2026-11-24T15:30:10"
    others = client.get(f"/api/pictures/{known}/similar?other_clothes=true").json()
    assert {one["clothes"] for one in others} >= {"p3/shirt"}
    assert "p3/coat" not in {one["clothes"] for one in others}
    assert client.get(f"/search?query={known}&since=yesterday").status_code == 422
    assert "passes these filters" in client.get(f"/search?query={known}&camera=nowhere").text


def test_other_clothes_are_marked(client, someone):
    page = client.get(f"/search?query={Photo(someone.read_bytes()).id}").text
    cards = page.split("data-card")[1:]
    marked = [">other clothes<" in card for card in cards]
    assert marked == ["labelled p3" in card and "shirt" in card for card in cards]
    assert sum(marked) == 2


def test_side_by_side(client, someone):
    key = Photo(someone.read_bytes()).id
    page = client.get(f"/search?query={key}").text
    link = re.findall(r'class="compare" href="([^"]+)"', page)[1].replace("&amp;", "&")
    page = client.get(link)
    assert "Number 2 of 23" in page.text
    assert page.text.count("/photo") == 2
    assert 'class="previous"' in page.text
    assert 'class="next"' in page.text
    assert client.get(f"/compare?query={key}&picture={'0' * 32}").status_code == 404


def test_what_scores_mean(indexed_gallery, model_path, client_of, draw):
    model = load_model(model_path)
    model.decisions = Decisions(model.fingerprint, {1e-2: 0.9, 1e-1: 0.5})
    with Gallery(indexed_gallery.uri, model) as gallery:
        client = client_of(SearchService(gallery, model))
        page = send(client, png(draw(4, 9))).text
        assert page.count('class="decision same-person"') >= 4
        assert 'class="decision unknown"' in page
        assert "1 in 100 is called the same person by mistake: here about 0.2" in page
        found = send(client, png(draw(4, 9)), "/api/search").json()
        assert [one["decision"] for one in found[:4]] == ["same person"] * 4


def test_masks_and_attention(tmp_path, uri, masked_model_path, client_of, draw):
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
    from person_search.embedding import Embedder
    from person_search.indexing import index_folder
    from person_search.labels import PhotoLabels

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


# --- bounds


def test_uploads_that_are_too_large(indexed_gallery, model, client_of, draw):
    client = client_of(SearchService(indexed_gallery, model, bounds=Bounds(upload_bytes=20_000)))
    assert send(client, png(draw(0))).status_code == 200
    assert send(client, b"x" * 30_000).status_code == 413

    def without_length():
        boundary = b'--b\r\nContent-Disposition: form-data; name="photo"; filename="a.png"\r\n\r\n'
        yield boundary
        for _ in range(30):
            yield b"x" * 1000
        yield b"\r\n--b--\r\n"

    headers = {"content-type": "multipart/form-data; boundary=b"}
    assert client.post("/search", content=without_length(), headers=headers).status_code == 413


def test_photos_of_too_many_pixels(indexed_gallery, model, client_of, draw):
    client = client_of(SearchService(indexed_gallery, model, bounds=Bounds(pixels=64 * 32)))
    assert send(client, png(draw(0))).status_code == 200
    page = send(client, png(Image.new("RGB", (64, 33))))
    assert (page.status_code, "64 x 33 pixels; expected at most 2,048" in page.text) == (422, True)


@pytest.mark.parametrize("content", [b"", b"no image", b"%!PS-Adobe-3.0 EPSF-3.0", b"<svg xmlns='x'/>", b"GIF89a"])
def test_files_that_are_no_photos(client, content):
    page = send(client, content)
    assert (page.status_code, "cannot be read" in page.text) == (422, True)


def test_damaged_and_deceitful_photos(indexed_gallery, model, client_of, draw):
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


@pytest.mark.parametrize(
    "name",
    [
        b"../../../../etc/passwd", b"..\\..\\evil.png", b"/etc/evil.png", b"%2e%2e%2fevil.png", b"C:\\evil.png",
        b"<script>alert('evil')</script>.png", b"&#34;><img src=evil onerror=alert(1)>.png", b"{{ 7 * 7 }}evil.png",
        b"evil" + 300 * b"x" + b".png", b"evil\0.png", b"evil.png\x1b[2J", "evil\u202egnp.\U0001f600".encode(),
        b"evil\xff\xfe.png", b"evil.png; DROP TABLE people", b"",
    ],
)  # fmt: skip
def test_hostile_names_of_uploads(client, draw, name, tmp_path, monkeypatch, caplog):
    """A name goes nowhere: not into a path, nor onto the page, nor into the log."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    before = sorted(tmp_path.rglob("*"))
    photo = b"\r\nContent-Type: image/png\r\n\r\n" + png(draw(4, 9)) + b"\r\n--b--\r\n"
    body, headers = PART + b'; filename="' + name + b'"' + photo, {"content-type": FORM}
    with caplog.at_level("DEBUG"):
        page = client.post("/search", content=body, headers=headers)
        answer = client.post("/api/search", content=body, headers=headers)
    assert page.status_code == answer.status_code == 200
    assert [one["person"] for one in answer.json()[:4]] == ["p4"] * 4
    told = page.text + answer.text + str(page.headers) + str(page.history) + caplog.text
    assert "evil" not in told
    assert "passwd" not in told
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", FORM),
        (b"--b\r\n", FORM),
        (PART + b'; filename="a.png"\r\n\r\ncut', FORM),
        (PART + b"\r\n\r\nno file\r\n--b--\r\n", FORM),
        (b"photo=text", "application/x-www-form-urlencoded"),
        (b"{", "application/json"),
        (b"\0\xff", "image/png"),
        (b"x", "multipart/form-data"),
    ],
)
def test_bodies_that_are_no_form(client, body, kind):
    for path in ("/search", "/api/search"):
        assert client.post(path, content=body, headers={"content-type": kind}).status_code in (400, 422)


def test_who_asks_too_often(indexed_gallery, model, client_of, draw):
    client = client_of(SearchService(indexed_gallery, model, bounds=Bounds(searches_a_minute=9)))
    codes = [send(client, png(draw(0)), "/api/search").status_code for _ in range(5)]
    assert codes[:3] == [200, 200, 200]
    assert 429 in codes[3:]
    refused = send(client, png(draw(0)))
    assert int(refused.headers["retry-after"]) >= 1
    assert client.get("/").status_code == 200
    client = client_of(SearchService(indexed_gallery, model, bounds=Bounds(requests_a_minute=6)))
    assert [client.get("/api/gallery").status_code for _ in range(4)][-1] == 429


def test_too_many_who_wait(indexed_gallery, model, client_of, draw):
    service = SearchService(indexed_gallery, model, bounds=Bounds(wait_seconds=0.05))
    client = client_of(service)
    with service._computing:
        refused = send(client, png(draw(0)))
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
    assert send(client, png(draw(0))).status_code == 200


@pytest.mark.parametrize(
    "path",
    ["/search?query=x&top=0", "/search?query=x&top=201", "/pictures/abc", "/pictures/..%2f..%2fetc%2fpasswd",
     "/static/..%2fapp.py", "/static/app.py", "/search?query=forgotten", f"/pictures/{'0' * 32}", "/docs", "/redoc"],
)  # fmt: skip
def test_addresses_that_lead_nowhere(client, path):
    assert client.get(path).status_code in (404, 422)


# --- who may ask


def test_this_machine_alone(client):
    assert client.get("/", headers={"host": "localhost:8000"}).status_code == 200
    assert client.get("/", headers={"host": "[::1]:8000"}).status_code == 200
    for host in ("evil.example", "127.0.0.1.evil.example", "192.168.0.4:8000", "["):
        assert client.get("/", headers={"host": host}).status_code == 421


def test_requests_of_other_sites(client, draw):
    for headers in ({"origin": "http://evil.example"}, {"sec-fetch-site": "cross-site"}, {"origin": "null"}):
        files = {"photo": ("a.png", png(draw(0)), "image/png")}
        assert client.post("/search", files=files, headers=headers).status_code == 403


def test_a_token_elsewhere(client_of, service):
    client = client_of(service, token="a token of some length")
    assert client.get("/health", headers={"host": "search.example"}).json() == {"status": "ok"}
    refused = client.get("/")
    assert (refused.status_code, 'type="password"' in refused.text) == (401, True)
    assert "pictures," not in refused.text
    assert client.get("/api/gallery", headers={"authorization": "Bearer wrong"}).status_code == 401
    assert client.get("/api/gallery", headers={"cookie": "person_search=wrong"}).status_code == 401
    assert client.get("/?token=wrong").status_code == 401
    bearer = {"authorization": "Bearer a token of some length"}
    assert client.get("/api/gallery", headers=bearer).json()["pictures"] == 24
    assert client.post("/login", data={"token": "wrong"}).status_code == 401
    entered = client.get("/?token=a+token+of+some+length")
    assert (entered.status_code, str(entered.url)) == (200, "http://localhost/")
    cookie = entered.history[0].headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "a token" not in cookie
    assert client.get("/api/gallery").status_code == 200
    client.cookies.clear()
    assert client.post("/login", data={"token": "a token of some length"}).status_code == 200
    assert 429 in [client.post("/login", data={"token": "guess"}).status_code for _ in range(8)]


def test_the_token_of_a_host(monkeypatch):
    from person_search import GalleryError
    from person_search.page.serving import token_for

    monkeypatch.delenv("PERSON_SEARCH_TOKEN", raising=False)
    assert [token_for(host) for host in ("127.0.0.1", "localhost", "::1", "127.0.0.9")] == [None] * 4
    assert len(token_for("0.0.0.0")) >= 32
    assert token_for("0.0.0.0") != token_for("::")
    monkeypatch.setenv("PERSON_SEARCH_TOKEN", "short")
    with pytest.raises(GalleryError, match="at least 16"):
        token_for("0.0.0.0")
    monkeypatch.setenv("PERSON_SEARCH_TOKEN", "long enough to be one")
    assert token_for("127.0.0.1") == "long enough to be one"


def test_browsers_are_told_what_they_may_do(client, someone):
    for path in ("/", "/health", f"/pictures/{Photo(someone.read_bytes()).id}", "/static/page.js", "/absent"):
        headers = client.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"


# --- files and names


def test_pictures_come_from_indexed_folders_alone(indexed_gallery, model, client_of, tmp_path, draw):
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
    from person_search.embedding import Embedder
    from person_search.indexing import index_folder
    from person_search.labels import PhotoLabels

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


def test_hostile_names_are_text(uri, model, tmp_path, client_of, draw):
    name = "<img src=x onerror=alert(1)>\"'\x1b[2J.png"
    draw(0).save(tmp_path / name)
    camera = "</label><script>alert(1)</script>"
    with Gallery(uri, model) as gallery:
        gallery.note_folder(str(tmp_path))
        gallery.add([str(tmp_path / name)], source=[str(tmp_path / name)], camera=camera, person="{{ 7 * 7 }}")
        client = client_of(SearchService(gallery, model))
        for page in (client.get("/").text, send(client, png(draw(1))).text):
            assert "<script>alert" not in page
            assert "<img src=x" not in page
            assert "&lt;img src=x onerror=alert(1)&gt;" in page
            assert "\x1b" not in page
            assert "{{ 7 * 7 }}" in page


# --- descriptions


def test_the_description_for_programs(client):
    described = client.get("/openapi.json").json()
    assert set(described["paths"]) == {
        "/health",
        "/api/gallery",
        "/api/search",
        "/api/pictures/{picture_id}/similar",
        "/pictures/{picture_id}",
    }
    assert client.get("/api/pictures/abc/similar").status_code == 422
    assert client.get(f"/api/pictures/{'0' * 32}/similar").json()["detail"].startswith("There is no picture")


def test_nothing_is_asked_of_other_machines(client):
    from person_search import page

    licence = Path(page.__file__).parent / "static" / "htmx.LICENSE"
    for path in ("/", "/static/page.css", "/static/page.js"):
        text = client.get(path).text
        assert not re.search(r"""(?:src|href|action)=["'](?:https?:)?//|url\(|@import""", text)
    assert "Zero-Clause BSD" in licence.read_text()
