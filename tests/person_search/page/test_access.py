"""Who may ask, through the test client."""

from person_search import Photo


def test_this_machine_alone(client):
    assert client.get("/", headers={"host": "localhost:8000"}).status_code == 200
    assert client.get("/", headers={"host": "[::1]:8000"}).status_code == 200
    for host in ("evil.example", "127.0.0.1.evil.example", "192.168.0.4:8000", "["):
        assert client.get("/", headers={"host": host}).status_code == 421


def test_requests_of_other_sites(client, draw, png):
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


def test_browsers_are_told_what_they_may_do(client, someone):
    for path in ("/", "/health", f"/pictures/{Photo(someone.read_bytes()).id}", "/static/page.js", "/absent"):
        headers = client.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
