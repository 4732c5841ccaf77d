"""What one visitor may ask for: bytes, pixels, and how often."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send


@dataclass(frozen=True)
class Bounds:
    """Limits of a page.

    Attributes:
        upload_bytes: of a whole request, the photo and its map.
        pixels: of a photo.
        searches_a_minute: photos that one address may have embedded; a third of them at once.
        requests_a_minute: of one address in all; a third of them at once.
        top: pictures that one search may ask for.
        waiting: requests that wait for the model at once; the next is sent away.
        wait_seconds: how long each waits.
    """

    upload_bytes: int = 16 * 2**20
    pixels: int = 40_000_000
    searches_a_minute: int = 60
    requests_a_minute: int = 1800
    top: int = 200
    waiting: int = 16
    wait_seconds: float = 10.0


class RateLimit:
    """A bucket of tokens for each address, which fills up evenly.

    Args:
        a_minute: tokens that come in each minute.
        clock: seconds.
    """

    #: Addresses that are remembered; of more, those that were not seen for longest start anew.
    ADDRESSES = 10_000

    def __init__(self, a_minute: int, clock: Callable[[], float] = time.monotonic):
        self._rate, self._clock = a_minute / 60, clock
        self._capacity = max(1.0, a_minute / 3)
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def seconds_to_wait(self, address: str) -> float:
        """0, and takes a token, where there is one; else how long until the next."""
        with self._lock:
            now = self._clock()
            tokens, then = self._buckets.pop(address, (self._capacity, now))
            tokens = min(self._capacity, tokens + (now - then) * self._rate)
            allowed = tokens >= 1
            self._buckets[address] = (tokens - allowed, now)
            while len(self._buckets) > self.ADDRESSES:
                self._buckets.popitem(last=False)
        return 0.0 if allowed else (1 - tokens) / self._rate


class TooLarge(Exception):
    """A request's body has more bytes than a page takes."""


class BoundedBody:
    """Stops reading a request whose body is too large, whether or not it said so beforehand.

    Args:
        app: what comes after.
        most: bytes.
    """

    def __init__(self, app: ASGIApp, most: int):
        self._app, self._most = app, most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        said = dict(scope["headers"]).get(b"content-length", b"0")
        if not said.isdigit() or int(said) > self._most:
            await _refuse(send, self._most)
            return
        read = 0
        answered = over = False

        async def bounded() -> Message:
            nonlocal read, over
            message = await receive()
            read += len(message.get("body", b""))
            if read > self._most:
                over = True
                raise TooLarge
            return message

        async def noted(message: Message) -> None:
            nonlocal answered
            # What the application makes of a body that broke off is no answer.
            if answered or not over:
                answered = True
                await send(message)

        try:
            await self._app(scope, bounded, noted)
        except TooLarge:
            if answered:
                raise
        if over and not answered:
            await _refuse(send, self._most)


async def _refuse(send: Send, most: int) -> None:
    text = f"This request is larger than {most / 2**20:g} MiB. Choose a smaller photo.\n".encode()
    # The rest of it is not read.
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": text})
