"""A page over the drawn people, and a client that speaks to it as this machine's browser would."""

import io

import pytest

from person_search import Gallery, LabelPattern
from person_search.embedding import Embedder
from person_search.indexing import index_folder


@pytest.fixture
def indexed_gallery(uri, model, people, pattern):
    with Gallery(uri, model) as gallery:
        index_folder(gallery, people, Embedder(model), LabelPattern(pattern))
        yield gallery


@pytest.fixture
def client_of():
    """Makes a client of a service, by the options of ``create_app``."""
    pytest.importorskip("fastapi")
    testclient = pytest.importorskip("fastapi.testclient")
    from person_search.page.app import create_app

    def make(service, **options):
        return testclient.TestClient(
            create_app(service, **options), base_url="http://localhost", headers={"accept": "text/html"}
        )

    return make


@pytest.fixture
def service(indexed_gallery, model):
    pytest.importorskip("fastapi")
    from person_search.page.service import SearchService

    return SearchService(indexed_gallery, model)


@pytest.fixture
def client(client_of, service):
    return client_of(service)


@pytest.fixture(scope="session")
def png():
    """The bytes of an image as a PNG file."""

    def encoded(image):
        file = io.BytesIO()
        image.save(file, format="PNG")
        return file.getvalue()

    return encoded


@pytest.fixture(scope="session")
def send():
    """Sends a photo to the page, or to another address of it; further files by keyword."""

    def post(client, content, path="/search", **more):
        return client.post(path, files={"photo": ("a.png", content, "image/png"), **more})

    return post


@pytest.fixture(scope="session")
def someone(people):
    """A picture's file of the people drawn."""
    return next((people / "south").glob("p3_*_0.png"))
