import socket

import pytest

from person_search import GalleryError

pytest.importorskip("starlette")

from person_search.page import serving


def test_the_token_of_a_host(monkeypatch):
    monkeypatch.delenv("PERSON_SEARCH_TOKEN", raising=False)
    assert [serving.token_for(host) for host in ("127.0.0.1", "localhost", "::1", "127.0.0.9")] == [None] * 4
    assert len(serving.token_for("0.0.0.0")) >= 32
    assert serving.token_for("0.0.0.0") != serving.token_for("::")
    monkeypatch.setenv("PERSON_SEARCH_TOKEN", "short")
    with pytest.raises(GalleryError, match="at least 16"):
        serving.token_for("0.0.0.0")
    monkeypatch.setenv("PERSON_SEARCH_TOKEN", "long enough to be one")
    assert serving.token_for("127.0.0.1") == "long enough to be one"


def test_an_address_belongs_to_one_page():
    with socket.create_server(("127.0.0.1", 0)) as there:
        port = there.getsockname()[1]
        with pytest.raises(GalleryError, match=rf"127\.0\.0\.1, port {port} .*Choose another with --port, or --host"):
            serving.bound_socket("127.0.0.1", port)
    with serving.bound_socket("127.0.0.1", port) as bound:
        assert bound.getsockname() == ("127.0.0.1", port)
        with socket.create_connection(bound.getsockname(), timeout=5):
            pass


@pytest.mark.parametrize("port", [0, -1, 2**16])
def test_ports_that_there_are_not(port):
    with pytest.raises(GalleryError, match="ports are numbered 1 to 65535"):
        serving.bound_socket("127.0.0.1", port)
