"""Running the page."""

import logging
import os
import secrets
import webbrowser

from ..errors import GalleryError, require_package
from .access import is_loopback

#: Of the token, where one is needed and none is to be made up.
TOKEN_VARIABLE = "PERSON_SEARCH_TOKEN"


def token_for(host: str) -> str | None:
    """The token that visitors must bring: none on the loopback; elsewhere PERSON_SEARCH_TOKEN, or one made up.

    Raises:
        GalleryError: PERSON_SEARCH_TOKEN is short enough to be guessed.
    """
    told = os.environ.get(TOKEN_VARIABLE, "")
    if told and len(told) < 16:
        raise GalleryError(f"{TOKEN_VARIABLE} has {len(told)} letters; expected at least 16.")
    if told:
        return told
    return None if is_loopback(host) else secrets.token_urlsafe(24)


def serve_app(app: object, host: str, port: int, token: str | None, show: bool) -> None:
    """Serves a page until it is interrupted, and prints its address.

    Args:
        app: as ``create_app`` makes it.
        host, port: to listen at.
        token: see ``token_for``; printed where it was made up.
        show: whether a browser opens it.
    """
    uvicorn = require_package("uvicorn", "search", "The page")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    name = f"[{host}]" if ":" in host else host
    address = f"http://{name}:{port}/"
    if token is not None and not os.environ.get(TOKEN_VARIABLE):
        address += f"?token={token}"
    print(f"The page is at {address} (end it with Ctrl-C)", flush=True)
    if show:
        webbrowser.open(address)
    # Addresses hold a token at most once, and what is asked for: no log of them.
    uvicorn.run(app, host=host, port=port, log_level="warning", access_log=False, server_header=False)
