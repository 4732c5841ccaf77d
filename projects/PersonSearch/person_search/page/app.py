"""The page's addresses."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode

import jinja2
from fastapi import Depends, FastAPI, File, Form, HTTPException, Query, Request, UploadFile
from fastapi import Path as PathParameter
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from pydantic import BaseModel
from starlette.types import ASGIApp, Receive, Scope, Send

from ..endings import printable
from ..errors import GalleryError, PersonSearchError, PhotoError
from ..gallery import Hit
from ..labels import TEXT_LABELS
from ..pictures import Picture
from .access import HEALTH, LOGIN, Access
from .bounds import BoundedBody, RateLimit
from .queries import Query as Asked
from .service import Busy, SearchService, jpeg_of

_HERE = Path(__file__).parent
_STATIC = {"page.css": "text/css", "page.js": "text/javascript", "htmx.min.js": "text/javascript"}
_START = 18
_PICTURE_ID = r"^[0-9a-f]{32}$"


class HitAnswer(BaseModel):
    """A picture found: its id, cosine similarity in -1 to 1, what that means, and what is known of it."""

    id: str
    score: float
    decision: str | None
    time: str | None
    camera: str | None
    person: str | None
    clothes: str | None
    tracklet: str | None


class GalleryAnswer(BaseModel):
    """What is known of the gallery, and in sentences what scores mean, where the model is calibrated."""

    pictures: int
    cameras: list[str]
    days: list[str]
    fingerprint: str
    calibrated: bool
    scores: list[str]


class Narrowed(BaseModel):
    """What a search is narrowed to; empty: to nothing."""

    camera: list[str] = []
    since: str = ""
    until: str = ""
    top: int = 24
    other_clothes: bool = False

    def filters(self, query: Asked) -> dict[str, Any]:
        """As ``Gallery.search`` takes them."""
        own = query.picture.clothes if query.picture is not None else None
        return {
            "cameras": self.camera,
            "since": self.since or None,
            "until": self.until or None,
            "not_clothes": [own] if self.other_clothes and own else [],
        }

    def parameters(self) -> list[tuple[str, str]]:
        """As they stand in an address."""
        asked = [("camera", camera) for camera in self.camera]
        asked += [(name, str(getattr(self, name))) for name in ("since", "until") if getattr(self, name)]
        return [*asked, ("top", str(self.top)), *([("other_clothes", "true")] if self.other_clothes else [])]


def narrowed(
    camera: Annotated[list[str], Query(max_length=512)] = [],  # noqa: B006
    since: Annotated[str, Query(max_length=64)] = "",
    until: Annotated[str, Query(max_length=64)] = "",
    top: Annotated[int, Query(ge=1, le=200)] = 24,
    other_clothes: bool = False,
) -> Narrowed:
    """The filters in an address."""
    return Narrowed(camera=camera, since=since, until=until, top=top, other_clothes=other_clothes)


def create_app(service: SearchService, token: str | None = None) -> FastAPI:
    """The page as an ASGI application.

    Args:
        service: gallery and model.
        token: that visitors must bring; None: the page answers to this machine alone.
    """
    pages = _Pages(service)
    # The interactive documentation would load its scripts from elsewhere; /openapi.json describes the page.
    app = FastAPI(title="Person search", version="1", docs_url=None, redoc_url=None)
    searches, requests = (
        RateLimit(rate) for rate in (service.bounds.searches_a_minute, service.bounds.requests_a_minute)
    )
    logins = RateLimit(10)
    access = Access(token, lambda: bytes(pages.render("login.html.jinja", 401).body).decode())

    def limited(limit: RateLimit) -> Callable[[Request], None]:
        def check(request: Request) -> None:
            seconds = limit.seconds_to_wait(request.client.host if request.client else "")
            if seconds:
                raise HTTPException(429, "Too many requests; wait a little.", {"Retry-After": str(int(seconds) + 1)})

        return check

    every = [Depends(limited(requests))]
    embedding = [*every, Depends(limited(searches))]
    Narrow = Annotated[Narrowed, Depends(narrowed)]

    @app.exception_handler(HTTPException)
    def told(request: Request, error: HTTPException) -> Response:
        return pages.error(request, error.status_code, str(error.detail), error.headers)

    @app.exception_handler(Busy)
    def busy(request: Request, error: Busy) -> Response:
        return pages.error(request, 503, "Too many wait for the model; try again soon.", {"Retry-After": "5"})

    @app.exception_handler(PersonSearchError)
    def refused(request: Request, error: PersonSearchError) -> Response:
        status = 404 if isinstance(error, GalleryError) else 422
        return pages.error(request, status, str(error))

    # --- for programs

    @app.get(HEALTH, tags=["health"])
    def health() -> dict[str, str]:
        """Whether the page works."""
        len(service.gallery)
        return {"status": "ok"}

    @app.get("/api/gallery", dependencies=every, tags=["search"])
    def gallery() -> GalleryAnswer:
        """What is known of the gallery."""
        known, decisions = service.gallery.stats(), service.model.decisions
        return GalleryAnswer(
            pictures=known.pictures,
            cameras=list(known.cameras),
            days=[day.isoformat() for day in known.days],
            fingerprint=known.fingerprint,
            calibrated=decisions is not None,
            scores=[] if decisions is None else decisions.sentences(known.pictures),
        )

    @app.post("/api/search", dependencies=embedding, tags=["search"])
    def search(
        narrow: Narrow, photo: Annotated[UploadFile, File()], map: Annotated[UploadFile | None, File()] = None
    ) -> list[HitAnswer]:
        """The pictures most similar to a photo."""
        query = service.ask_photo(photo.file.read(), None if map is None else map.file.read())
        return [_answer(hit) for hit in service.hits(query, narrow.top, **narrow.filters(query))]

    @app.get("/api/pictures/{picture_id}/similar", dependencies=every, tags=["search"])
    def similar(picture_id: Annotated[str, _in_path()], narrow: Narrow) -> list[HitAnswer]:
        """The pictures most similar to a picture of the gallery."""
        query = service.ask_picture(picture_id)
        return [_answer(hit) for hit in service.hits(query, narrow.top, **narrow.filters(query))]

    @app.get("/pictures/{picture_id}", dependencies=every, response_class=Response, tags=["search"])
    def picture(picture_id: Annotated[str, _in_path()]) -> Response:
        """A picture of the gallery, whole, as JPEG."""
        (found,) = service.gallery.pictures([picture_id])
        if found is None:
            raise HTTPException(404, "There is no such picture.")
        try:
            content = jpeg_of(service.photo(found), service.bounds.pixels)
        except PhotoError as error:
            # Its path is nobody's business.
            raise HTTPException(404, "This picture's file cannot be shown.") from error
        return Response(content, media_type="image/jpeg", headers={"Cache-Control": "private, max-age=3600"})

    # --- for people

    @app.get("/", dependencies=every, include_in_schema=False)
    def start(request: Request) -> HTMLResponse:
        return pages.render("start.html.jinja", pictures=service.start(_START))

    @app.post("/search", dependencies=embedding, include_in_schema=False)
    def send(
        photo: Annotated[UploadFile, File()], map: Annotated[UploadFile | None, File()] = None
    ) -> RedirectResponse:
        query = service.ask_photo(photo.file.read(), None if map is None else map.file.read())
        return RedirectResponse(f"/search?query={query.key}", 303)

    @app.get("/search", dependencies=every, include_in_schema=False)
    def results(narrow: Narrow, query: Annotated[str, Query(max_length=64)] = "") -> Response:
        if not query:
            return RedirectResponse("/", 303)
        asked = pages.asked(query)
        hits = service.hits(asked, narrow.top, **narrow.filters(asked))
        return pages.render("search.html.jinja", query=asked, narrow=narrow, hits=hits)

    @app.get("/compare", dependencies=every, include_in_schema=False)
    def compare(
        narrow: Narrow, query: Annotated[str, Query(max_length=64)], picture: Annotated[str, Query(pattern=_PICTURE_ID)]
    ) -> HTMLResponse:
        asked, other = pages.asked(query), service.ask_picture(picture)
        hits = service.hits(asked, narrow.top, **narrow.filters(asked))
        places = [place for place, hit in enumerate(hits) if hit.picture.id == picture]
        if not places:
            raise HTTPException(404, "This picture is not among those found.")
        return pages.render("compare.html.jinja", query=asked, narrow=narrow, other=other, hits=hits, place=places[0])

    @app.get("/queries/{key}/{view}", dependencies=every, include_in_schema=False)
    def view(key: str, view: str) -> Response:
        kept = service.asked(key)
        if kept is None or view not in kept.views:
            raise HTTPException(404, "There is no such picture.")
        return Response(kept.views[view], media_type="image/jpeg")

    @app.post(LOGIN, dependencies=[Depends(limited(logins))], include_in_schema=False)
    def login(token: Annotated[str, Form(max_length=256)]) -> Response:
        return access.login(token) or pages.render("login.html.jinja", 401, wrong=True)

    @app.get("/static/{name}", include_in_schema=False)
    def static(name: str) -> Response:
        if name not in _STATIC:
            raise HTTPException(404, "There is no such file.")
        headers = {"Cache-Control": "private, max-age=86400"}
        return Response((_HERE / "static" / name).read_bytes(), media_type=_STATIC[name], headers=headers)

    app.add_middleware(BoundedBody, most=service.bounds.upload_bytes)
    app.add_middleware(_Guard, access=access)
    return app


def _in_path() -> Any:
    return PathParameter(pattern=_PICTURE_ID)


class _Guard:
    """``Access`` as Starlette adds a middleware: around what is inside it."""

    def __init__(self, app: ASGIApp, access: Access):
        self._app, self._access = app, access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._access.answer(self._app, scope, receive, send)


class _Pages:
    """Templates, and what all of them show."""

    def __init__(self, service: SearchService):
        self._service = service
        self._templates = jinja2.Environment(
            loader=jinja2.FileSystemLoader(_HERE / "templates"), autoescape=True, undefined=jinja2.StrictUndefined
        )
        self._templates.filters["printable"] = printable
        stamp = hashlib.sha256(b"".join((_HERE / "static" / name).read_bytes() for name in _STATIC)).hexdigest()[:12]
        self._templates.globals.update(
            stamp=stamp, address=_address, other_clothes=_other_clothes, title_of=_title_of, when=_when
        )

    def render(self, template: str, status: int = 200, **values: Any) -> HTMLResponse:
        stats = None if template == "login.html.jinja" else self._service.gallery.stats()
        shown = {
            "stats": stats,
            "decisions": self._service.model.decisions,
            "asks_for_maps": self._service.asks_for_maps,
            "bounds": self._service.bounds,
            "wrong": False,
            **values,
        }
        return HTMLResponse(self._templates.get_template(template).render(shown), status)

    def asked(self, key: str) -> Asked:
        if len(key) == 32 and all(digit in "0123456789abcdef" for digit in key):
            return self._service.ask_picture(key)
        query = self._service.asked(key)
        if query is None:
            raise HTTPException(404, "This photo is forgotten: send it again.")
        return query

    def error(self, request: Request, status: int, message: str, headers: Any = None) -> Response:
        message = printable(message)
        if request.url.path.startswith(("/api/", HEALTH)):
            return JSONResponse({"detail": message}, status, headers)
        page = self.render("error.html.jinja", status, message=message)
        page.headers.update(headers or {})
        return page


def _answer(hit: Hit) -> HitAnswer:
    picture = hit.picture
    time = None if picture.time is None else picture.time.isoformat()
    labels = {name: getattr(picture, name) for name in TEXT_LABELS}
    return HitAnswer(id=picture.id, score=hit.score, decision=hit.decision, time=time, **labels)


def _address(path: str, narrow: Narrowed | None = None, **values: str) -> str:
    asked = [*values.items(), *([] if narrow is None else narrow.parameters())]
    return f"{path}?{urlencode(asked)}"


def _other_clothes(query: Asked, picture: Picture) -> bool:
    """Whether both are labelled as one person in two outfits."""
    own = query.picture
    if own is None or own.person is None or own.person != picture.person:
        return False
    return None not in (own.clothes, picture.clothes) and own.clothes != picture.clothes


def _title_of(picture: Picture) -> str:
    return printable((picture.source or picture.id).replace("\\", "/").rsplit("/", 1)[-1])


def _when(picture: Picture) -> str:
    return "" if picture.time is None else f"{picture.time:%Y-%m-%d %H:%M:%S} UTC"
