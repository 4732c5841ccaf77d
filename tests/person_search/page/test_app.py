"""The page and its bounds, through the test client."""

import io
import re
from pathlib import Path

import pytest
from PIL import Image

from person_search import Gallery, Photo

pytest.importorskip("fastapi")

from person_search.page.bounds import Bounds
from person_search.page.service import SearchService

FORM = "multipart/form-data; boundary=b"
PART = b'--b\r\nContent-Disposition: form-data; name="photo"'


def test_it_begins_with_pictures_of_the_gallery(client):
    page = client.get("/")
    assert page.status_code == 200
    assert page.text.count("data-card") == 18
    assert "24 pictures, 2 cameras" in page.text
    assert 'action="/search" method="post" enctype="multipart/form-data"' in page.text


def test_a_photo_finds_its_person(client, draw, png, send):
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


# --- bounds


def test_uploads_that_are_too_large(indexed_gallery, model, client_of, draw, png, send):
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


@pytest.mark.parametrize(
    "name",
    [
        b"../../../../etc/passwd", b"..\\..\\evil.png", b"/etc/evil.png", b"%2e%2e%2fevil.png", b"C:\\evil.png",
        b"<script>alert('evil')</script>.png", b"&#34;><img src=evil onerror=alert(1)>.png", b"{{ 7 * 7 }}evil.png",
        b"evil" + 300 * b"x" + b".png", b"evil\0.png", b"evil.png\x1b[2J", "evil\u202egnp.\U0001f600".encode(),
        b"evil\xff\xfe.png", b"evil.png; DROP TABLE people", b"",
    ],
)  # fmt: skip
def test_hostile_names_of_uploads(client, draw, name, tmp_path, monkeypatch, caplog, png):
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


def test_who_asks_too_often(indexed_gallery, model, client_of, draw, png, send):
    client = client_of(SearchService(indexed_gallery, model, bounds=Bounds(searches_a_minute=9)))
    codes = [send(client, png(draw(0)), "/api/search").status_code for _ in range(5)]
    assert codes[:3] == [200, 200, 200]
    assert 429 in codes[3:]
    refused = send(client, png(draw(0)))
    assert int(refused.headers["retry-after"]) >= 1
    assert client.get("/").status_code == 200
    client = client_of(SearchService(indexed_gallery, model, bounds=Bounds(requests_a_minute=6)))
    assert [client.get("/api/gallery").status_code for _ in range(4)][-1] == 429


@pytest.mark.parametrize(
    "path",
    ["/search?query=x&top=0", "/search?query=x&top=201", "/pictures/abc", "/pictures/..%2f..%2fetc%2fpasswd",
     "/static/..%2fapp.py", "/static/app.py", "/search?query=forgotten", f"/pictures/{'0' * 32}", "/docs", "/redoc"],
)  # fmt: skip
def test_addresses_that_lead_nowhere(client, path):
    assert client.get(path).status_code in (404, 422)


# --- names


def test_hostile_names_are_text(uri, model, tmp_path, client_of, draw, png, send):
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
