"""Who may ask: this machine alone, or whoever knows the token; and what a browser may do with the answers."""

import hashlib
import hmac
import ipaddress
from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.datastructures import MutableHeaders
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE = "person_search"
LOGIN = "/login"
#: Answered without a token: it says nothing of the gallery.
HEALTH = "/health"
_OPEN = (HEALTH, LOGIN)
_LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")

# Scripts, styles and pictures from here alone; no frame, no plug-in, no form to elsewhere.
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # With no-referrer a form without JavaScript would come from the origin "null".
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def is_loopback(host: str) -> bool:
    """Whether a host's name or address means this machine alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Access:
    """Lets in whoever may ask, and tells browsers what they may do with an answer.

    Without a token: only requests that name this machine as their host, so that no other site's page can reach it by a
    name of its own. With one: only requests that bring it, as ``Authorization: Bearer``, as a cookie, or once as
    ``?token=``, which becomes the cookie. Requests that change something and come from another site's page are refused.

    Args:
        token: None on the loopback.
        login_page: the HTML of the form that asks for the token.
    """

    def __init__(self, token: str | None, login_page: Callable[[], str]):
        self._token, self._login_page = token, login_page

    async def answer(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets a request through to ``app``, or refuses it."""
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                added = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    added[name] = value
                if "cache-control" not in added:
                    added["Cache-Control"] = "no-store"
            await send(message)

        refusal = self._refusal(scope, headers)
        await (refusal or app)(scope, receive, guarded)

    def _refusal(self, scope: Scope, headers: dict[str, str]) -> Response | None:
        host = headers.get("host", "")
        if self._token is None and _name_of(host) not in _LOOPBACK_NAMES:
            return PlainTextResponse("This page answers to this machine's own names alone.\n", 421)
        if scope["method"] not in ("GET", "HEAD") and _is_from_elsewhere(headers, host):
            return PlainTextResponse("This request comes from another site's page.\n", 403)
        if self._token is None or scope["path"] in _OPEN:
            return None
        query = dict(parse_qsl(scope["query_string"].decode("latin-1")))
        if self._is_token(query.pop("token", "")):
            path = scope["path"] + (f"?{urlencode(query)}" if query else "")
            return self.with_cookie(RedirectResponse(path.replace("//", "/"), 303))
        if self._is_known(headers):
            return None
        if "text/html" in headers.get("accept", ""):
            return HTMLResponse(self._login_page(), 401)
        return PlainTextResponse("Bring the token, as Authorization: Bearer.\n", 401)

    def _is_known(self, headers: dict[str, str]) -> bool:
        kind, _, bearer = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer" and self._is_token(bearer.strip()):
            return True
        try:
            cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
        except CookieError:
            return False
        return cookie is not None and hmac.compare_digest(cookie.value.encode(), self._cookie_value().encode())

    def _is_token(self, text: str) -> bool:
        return self._token is not None and hmac.compare_digest(text.encode(), self._token.encode())

    def _cookie_value(self) -> str:
        # The token itself stays out of the browser's files.
        return hmac.new(str(self._token).encode(), b"cookie", hashlib.sha256).hexdigest()

    def with_cookie(self, response: Response) -> Response:
        """The response, with the cookie of those who know the token."""
        response.set_cookie(COOKIE, self._cookie_value(), httponly=True, samesite="strict")
        return response

    def login(self, token: str) -> Response | None:
        """Where the form's token leads: the page, with the cookie; None where it is wrong."""
        return self.with_cookie(RedirectResponse("/", 303)) if self._is_token(token) else None


def _name_of(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _is_from_elsewhere(headers: dict[str, str], host: str) -> bool:
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return True
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != host
