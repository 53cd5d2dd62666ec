"""What the page hands out as files: pictures of a case, its report, its techniques. All of it comes from the API.

GET /pictures/{timeline,entities}?world&case&theme&lang      GET /files/{html,markdown,json,navigator}?world&case&lang
"""

from collections.abc import Callable, Mapping
from typing import Final, cast, get_args
from urllib.parse import quote

from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from agent.models import World
from agent.wording import Language
from ui.api.client import ApiClient, ApiError
from ui.api.models import PictureName, ReportFormat, Theme
from ui.cli.catalogue import LANGUAGES
from ui.web.entering import COOKIE, Connecting

KINDS: Final[Mapping[str, tuple[str, str]]] = {
    "html": ("text/html; charset=utf-8", "html"),
    "markdown": ("text/markdown; charset=utf-8", "md"),
    "json": ("application/json", "json"),
    "navigator": ("application/json", "navigator.json"),
}
"""Media type and ending of each file."""
HEADERS: Final = {
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
}
NOTHING_DRAWN: Final = b'<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>'


def routes(connect: Connecting) -> list[Route]:
    """What is served beside the pages."""

    async def picture(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in get_args(PictureName):
            return Response(status_code=404)
        return await _served(connect, request, lambda api: _picture(api, request, name))

    async def file(request: Request) -> Response:
        kind = request.path_params["kind"]
        if kind not in KINDS:
            return Response(status_code=404)
        return await _served(connect, request, lambda api: _file(api, request, kind))

    return [Route("/pictures/{name}", picture), Route("/files/{kind}", file)]


async def _served(connect: Connecting, request: Request, answer: Callable[[ApiClient], Response]) -> Response:
    """The answer for whoever is signed in; to sign in comes first."""
    if (session := request.cookies.get(COOKIE)) is None:
        return RedirectResponse("/enter", status_code=303)

    def fetch() -> Response:
        with connect(session) as api:
            return answer(api)

    try:
        return await run_sync(fetch)
    except ApiError as error:
        return Response(error.message, status_code=error.status or 502, headers=HEADERS, media_type="text/plain")


def _picture(api: ApiClient, request: Request, name: PictureName) -> Response:
    theme: Theme = "dark" if request.query_params.get("theme") == "dark" else "light"
    drawn = api.picture(_world(request), request.query_params.get("case", ""), name, theme, _language(request))
    return Response(drawn or NOTHING_DRAWN, headers=HEADERS, media_type="image/svg+xml")


def _file(api: ApiClient, request: Request, kind: str) -> Response:
    case = request.query_params.get("case", "")
    media, ending = KINDS[kind]
    if kind == "navigator":
        content = api.navigator(_world(request), case)
    else:
        content = api.report(_world(request), case, cast(ReportFormat, kind), _language(request))
    disposition = f"attachment; filename*=UTF-8''{quote(f'{case}.{ending}', safe='')}"
    return Response(content, headers={**HEADERS, "content-disposition": disposition}, media_type=media)


def _world(request: Request) -> World:
    return "lab" if request.query_params.get("world") == "lab" else "site"


def _language(request: Request) -> Language:
    asked = request.query_params.get("lang", "en")
    return cast(Language, asked) if asked in LANGUAGES else "en"
