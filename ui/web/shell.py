"""The document that the browser loads: Streamlit's own, told where its service is.

Without that, Streamlit tries the path of every page for a service first, and each try is an error in the console.
"""

from pathlib import Path
from typing import Final

import streamlit as st
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

INDEX: Final = Path(st.__file__).parent / "static" / "index.html"
TOLD: Final = (
    "<script>window.__streamlit = {BACKEND_BASE_URL: location.origin, MAIN_PAGE_BASE_URL: location.origin}</script>"
)
HEADERS: Final = {"cache-control": "no-cache", "referrer-policy": "same-origin", "x-frame-options": "DENY"}


def routes(places: tuple[str, ...]) -> list[Route]:
    """The document at each of the pages."""
    text = INDEX.read_text(encoding="utf-8").replace("<head>", f"<head>{TOLD}", 1)
    text = text.replace("<title>Streamlit</title>", "<title>MCPSoc</title>")

    async def document(request: Request) -> Response:
        return HTMLResponse(text, headers=HEADERS)

    return [Route(place, document, methods=["GET"]) for place in places]
