"""The page in a real browser: the system's Chromium, or Playwright's own; skipped where there is neither."""

import os
import shutil
import socket
import threading
import time

import pytest

from person_search import Photo

uvicorn = pytest.importorskip("uvicorn")
pytest.importorskip("fastapi")
sync_api = pytest.importorskip("playwright.sync_api")

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
# Its own calls home are off; as root, as in a container, it has no sandbox.
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        if CHROMIUM is None and not os.path.exists(playwright.chromium.executable_path):
            pytest.skip("no Chromium here: apt-get install chromium, or python -m playwright install chromium")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def address(service):
    from person_search.page.app import create_app

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(create_app(service), host="127.0.0.1", port=port, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


@pytest.fixture(params=[True, False], ids=["with JavaScript", "without JavaScript"])
def page(request, browser, address):
    """A page of the browser, which must ask nothing of other machines and complain of nothing."""
    context = browser.new_context(java_script_enabled=request.param, base_url=address)
    page = context.new_page()
    asked, complaints = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    assert all(url.startswith((address, "data:")) for url in asked), asked
    assert not complaints
    context.close()


def test_searching_by_a_photo(page, draw, tmp_path):
    draw(4, 9).save(tmp_path / "who.png")
    page.goto("/")
    page.locator(".upload input[name=photo]").set_input_files(tmp_path / "who.png")
    page.get_by_role("button", name="Search").click()
    page.wait_for_url("**/search?query=*")
    cards = page.locator("#results [data-card]")
    assert cards.count() == 24
    assert "labelled p4" in cards.first.inner_text()
    page.get_by_label("north").check()
    page.get_by_role("button", name="Filter").click()
    page.wait_for_url("**camera=north**")
    sync_api.expect(cards).to_have_count(12)
    page.locator("a.compare").first.click()
    page.wait_for_url("**/compare?**")
    assert "Number 1 of 12" in page.locator("h1").inner_text()
    page.locator("a.next").click()
    assert "Number 2 of 12" in page.locator("h1").inner_text()


def test_the_keyboard(browser, address, people):
    someone = next((people / "south").glob("p3_*_0.png"))
    context = browser.new_context(base_url=address)
    page = context.new_page()
    page.goto(f"/search?query={Photo(someone.read_bytes()).id}")
    focused = "document.activeElement.closest('[data-card]')?.querySelector('.more').href"
    links = page.locator("#results a.more").evaluate_all("all => all.map(one => one.href)")
    for key, expected in (("ArrowRight", 0), ("ArrowRight", 1), ("ArrowRight", 2), ("ArrowLeft", 1)):
        page.keyboard.press(key)
        assert page.evaluate(focused) == links[expected]
    page.keyboard.press("c")
    page.wait_for_url("**/compare?**")
    assert "Number 2 of 23" in page.locator("h1").inner_text()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("document.querySelector('h1').innerText.includes('Number 3')")
    page.keyboard.press("Escape")
    page.wait_for_url("**/search?query=**")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.wait_for_url(links[0])
    context.close()


def test_a_photo_is_dropped(browser, address, draw, tmp_path):
    import base64
    import io

    file = io.BytesIO()
    draw(2, 7).save(file, format="PNG")
    context = browser.new_context(base_url=address)
    page = context.new_page()
    page.goto("/")
    page.evaluate(
        """text => {
            const bytes = Uint8Array.from(atob(text), letter => letter.charCodeAt(0));
            const carried = new DataTransfer();
            carried.items.add(new File([bytes], "who.png", { type: "image/png" }));
            document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: carried, bubbles: true }));
        }""",
        base64.b64encode(file.getvalue()).decode(),
    )
    page.wait_for_url("**/search?query=*")
    assert "labelled p2" in page.locator("#results [data-card]").first.inner_text()
    # What is no photo is told on the page.
    (tmp_path / "no.png").write_bytes(b"no image")
    page.locator(".upload input[name=photo]").set_input_files(tmp_path / "no.png")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("alert").wait_for()
    assert "cannot be read" in page.get_by_role("alert").inner_text()
    context.close()


def test_the_buttons_of_a_card_stand_in_one_row(browser, address, people):
    someone = next((people / "south").glob("p3_*_0.png"))
    context = browser.new_context(base_url=address)
    page = context.new_page()
    page.goto(f"/search?query={Photo(someone.read_bytes()).id}")
    for width in (1280, 800, 390):
        page.set_viewport_size({"width": width, "height": 800})
        tops = page.locator(".links").evaluate_all(
            "all => all.map(one => [...one.children].map(link => link.getBoundingClientRect().top))"
        )
        assert len(tops) == 23
        assert all(len(set(one)) == 1 for one in tops)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()
