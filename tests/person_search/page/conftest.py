"""A page over the drawn people, and a client that speaks to it as this machine's browser would."""

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
