"""Running the page."""

import contextlib
import logging
import os
import secrets
import socket
import webbrowser

from ..errors import GalleryError, require_package
from .access import is_loopback

#: Of the token, where one is needed and none is to be made up.
TOKEN_VARIABLE = "PERSON_SEARCH_TOKEN"
_BACKLOG = 128


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


def bound_socket(host: str, port: int) -> socket.socket:
    """A socket at an address that nobody else has.

    Args:
        host: name or address, of IPv4 or IPv6.
        port: 1 to 65,535.

    Raises:
        GalleryError: there is no such port, it is taken, the address is not this machine's, or not for this user.
    """
    if not 0 < port < 2**16:
        raise GalleryError(f"The page cannot listen at {host}, port {port}: ports are numbered 1 to {2**16 - 1}.")
    bound: socket.socket | None = None
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        bound = socket.socket(family, kind, protocol)
        # A page that has just ended leaves connections behind.
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
        # Until a socket listens, the system lets a second page have the address too.
        bound.listen(_BACKLOG)
    except OSError as error:
        if bound is not None:
            bound.close()
        raise GalleryError(
            f"The page cannot listen at {host}, port {port} ({error.strerror}). Choose another with --port, or --host."
        ) from error
    return bound


def serve_app(app: object, bound: socket.socket, host: str, token: str | None, show: bool) -> None:
    """Serves a page until it is interrupted, and prints its address.

    Args:
        app: as ``create_app`` makes it.
        bound: as ``bound_socket`` makes it.
        host: as the user calls it.
        token: see ``token_for``; printed where it was made up.
        show: whether a browser opens it.
    """
    uvicorn = require_package("uvicorn", "search", "The page")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    name = f"[{host}]" if ":" in host else host
    address = f"http://{name}:{bound.getsockname()[1]}/"
    if token is not None and not os.environ.get(TOKEN_VARIABLE):
        address += f"?token={token}"
    print(f"The page is at {address} (end it with Ctrl-C)", flush=True)
    if show:
        webbrowser.open(address)
    # Addresses hold a token at most once, and what is asked for: no log of them.
    config = uvicorn.Config(app, log_level="warning", access_log=False, server_header=False)
    # Ctrl-C ends it as it should; uvicorn has waited for the answers under way.
    with contextlib.suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[bound])
