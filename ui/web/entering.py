"""Signing in and out: a token becomes a session of the API, and its secret a cookie no script can read.

GET /enter?token=...   the link that `mcpsoc ui` prints      GET /enter    a form for the token
POST /enter            the form                              POST /leave   the end of the session

A link on another site's page signs nobody in or out by itself: it leads to the form, and a person presses the button.
"""

from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from ui.api.client import ApiClient, ApiError
from ui.cli.catalogue import LANGUAGES, Catalogue, load
from ui.loopback import is_elsewhere

PAGE: Final = Path(__file__).with_name("entering.html")
COOKIE: Final = "mcpsoc_session"
KEPT: Final = ("lang", "world", "case", "thread", "run")
"""Parameters of the link that are still there after signing in."""
HEADERS: Final = {
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}

Connecting = Callable[[str | None], ApiClient]
"""A client of the API for a session, or for nobody."""


def routes(connect: Connecting) -> list[Route]:
    """What the page answers beside the pages themselves."""

    async def enter(request: Request) -> Response:
        token = await _token(request)
        t = _catalogue(request)
        if not token or (request.method == "GET" and is_elsewhere(request.headers)):
            return _form(request, t, None, token)
        try:
            session = await run_sync(_open, connect, token)
        except ApiError as error:
            return _form(request, t, _because(t, error))
        answer = RedirectResponse(_inside(request), status_code=303, headers=HEADERS)
        answer.set_cookie(COOKIE, session, httponly=True, samesite="strict", path="/")
        return answer

    async def leave(request: Request) -> Response:
        answer = RedirectResponse("/", status_code=303, headers=HEADERS)
        if (session := request.cookies.get(COOKIE)) and not is_elsewhere(request.headers):
            await run_sync(_close, connect, session)
            answer.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
        return answer

    return [Route("/enter", enter, methods=["GET", "POST"]), Route("/leave", leave, methods=["GET", "POST"])]


def _open(connect: Connecting, token: str) -> str:
    with connect(None) as api:
        return api.open_session(token).session


def _close(connect: Connecting, session: str) -> None:
    """A session that the API does not know any more has ended as well."""
    with connect(session) as api:
        try:
            api.close_session()
        except ApiError as error:
            if error.status != 401:
                return


async def _token(request: Request) -> str:
    if request.method == "POST":
        async with request.form(max_files=0, max_fields=10) as form:
            return str(form.get("token", "")).strip()
    return request.query_params.get("token", "").strip()


def _inside(request: Request) -> str:
    """The page that was asked for, with nothing of the token in its address."""
    kept = {name: request.query_params[name] for name in KEPT if name in request.query_params}
    place = "/case" if "case" in kept and "thread" not in kept else "/"
    return f"{place}?{urlencode(kept)}" if kept else place


def _catalogue(request: Request) -> Catalogue:
    """The language of the link, else of the browser, else English."""
    asked = [request.query_params.get("lang", ""), request.headers.get("accept-language", "")[:2]]
    return load(next((language for language in asked if language in LANGUAGES), "en"))


def _because(t: Catalogue, error: ApiError) -> str:
    if error.status in (401, 403):
        return t("That token is not known. Copy it again, whole.")
    if error.status == 429:
        return t("Too many wrong tokens. Wait a minute.")
    return t("The service does not answer. Is `mcpsoc ui` still running?")


def _form(request: Request, t: Catalogue, wrong: str | None, token: str = "") -> Response:
    """The form, with what was wrong with the last try, or the token of a link."""
    slots = {
        "language": t.language,
        "title": escape(t("Sign in to MCPSoc")),
        "lead": escape(t("Open the link that mcpsoc ui printed, or paste your token.")),
        "label": escape(t("Token")),
        "token": escape(token),
        "button": escape(t("Sign in")),
        "wrong": f'<p class="wrong" role="alert">{escape(wrong)}</p>' if wrong else "",
        "place": escape(_here(request)),
    }
    return HTMLResponse(
        PAGE.read_text(encoding="utf-8").format(**slots), status_code=401 if wrong else 200, headers=HEADERS
    )


def _here(request: Request) -> str:
    kept = {name: value for name, value in request.query_params.items() if name in KEPT}
    return f"/enter?{urlencode(kept)}" if kept else "/enter"
