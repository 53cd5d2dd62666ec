"""Signing in and out: a token becomes a session of the API, and its secret a cookie no script can read.

GET /enter?token=...   the link that `mcpsoc ui` prints      GET /enter    a form for the token
POST /enter            the form                              POST /leave   the end of the session
"""

from collections.abc import Callable
from html import escape
from typing import Final
from urllib.parse import urlencode

from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from ui.api.client import ApiClient, ApiError
from ui.cli.catalogue import LANGUAGES, Catalogue, load

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
LOOKS: Final = """
:root{color-scheme:light dark}*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;font:15px/1.5 system-ui,"Noto Sans CJK SC",sans-serif;
background:light-dark(#f5f6f8,#0f1319);color:light-dark(#1a2230,#e2e7ef)}
main{width:min(92vw,400px);background:light-dark(#fff,#171d26);border:1px solid light-dark(#dce1e8,#2a323e);
border-radius:10px;padding:28px}
h1{font-size:1.2rem;margin:0 0 4px}p{margin:0 0 18px;color:light-dark(#566173,#98a4b6)}
label{display:block;font-weight:600;margin-bottom:6px}
input{width:100%;font:inherit;padding:9px 11px;border:1px solid light-dark(#b9c2ce,#435062);border-radius:6px;
background:light-dark(#fff,#0f1319);color:inherit}
button{margin-top:14px;width:100%;font:inherit;font-weight:600;padding:9px;border:0;border-radius:6px;cursor:pointer;
background:light-dark(#1f4fa8,#8fb4ff);color:light-dark(#fff,#0f1319)}
:focus-visible{outline:2px solid light-dark(#1f4fa8,#8fb4ff);outline-offset:2px}
.wrong{color:light-dark(#b42318,#ff9b8f);font-weight:600}
"""

Connecting = Callable[[str | None], ApiClient]
"""A client of the API for a session, or for nobody."""


def routes(connect: Connecting) -> list[Route]:
    """What the page answers beside the pages themselves."""

    async def enter(request: Request) -> Response:
        token = await _token(request)
        t = _catalogue(request)
        if not token:
            return _form(request, t, None)
        try:
            session = await run_sync(_open, connect, token)
        except ApiError as error:
            return _form(request, t, _because(t, error))
        answer = RedirectResponse(_inside(request), status_code=303, headers=HEADERS)
        answer.set_cookie(COOKIE, session, httponly=True, samesite="strict", path="/")
        return answer

    async def leave(request: Request) -> Response:
        answer = RedirectResponse("/", status_code=303, headers=HEADERS)
        if session := request.cookies.get(COOKIE):
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


def _form(request: Request, t: Catalogue, wrong: str | None) -> Response:
    """The form, with what was wrong with the last try."""
    slots = {
        "language": t.language,
        "style": LOOKS,
        "title": escape(t("Sign in to MCPSoc")),
        "lead": escape(t("Open the link that mcpsoc ui printed, or paste your token.")),
        "label": escape(t("Token")),
        "button": escape(t("Sign in")),
        "wrong": f'<p class="wrong" role="alert">{escape(wrong)}</p>' if wrong else "",
        "place": escape(_here(request)),
    }
    return HTMLResponse(PAGE.format(**slots), status_code=401 if wrong else 200, headers=HEADERS)


def _here(request: Request) -> str:
    kept = {name: value for name, value in request.query_params.items() if name in KEPT}
    return f"/enter?{urlencode(kept)}" if kept else "/enter"


PAGE: Final = """<!DOCTYPE html>
<html lang="{language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><style>{style}</style></head>
<body><main><h1>{title}</h1><p>{lead}</p>{wrong}
<form method="post" action="{place}"><label for="token">{label}</label>
<input id="token" name="token" type="password" autocomplete="off" required autofocus>
<button>{button}</button></form></main></body></html>"""
