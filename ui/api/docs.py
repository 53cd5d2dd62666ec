"""The page that shows the API: Swagger UI from the installed package. Nothing in it comes from another address.

That page reads OpenAPI 3.0 only; it is given the same document under that number.
"""

from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import Final

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, Response

from ui.api.access import missing

router = APIRouter(prefix="/docs", include_in_schema=False)

FILES: Final = {
    "swagger-ui.css": "text/css",
    "swagger-ui-bundle.js": "text/javascript",
    "favicon-32x32.png": "image/png",
}
"""Files of the package that the page needs, and their media types."""
SECURITY: Final = {
    "content-security-policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:",
    "referrer-policy": "no-referrer",
}
PAGE: Final = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>MCPSoc API</title>
<link rel="icon" href="/docs/favicon-32x32.png">
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="api"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
"""
START: Final = """SwaggerUIBundle({
  url: "/docs/openapi.json", dom_id: "#api", deepLinking: true, docExpansion: "list",
  defaultModelsExpandDepth: 0, validatorUrl: null,
});
"""


@router.get("")
def page() -> HTMLResponse:
    """The page."""
    return HTMLResponse(PAGE, headers=SECURITY)


@router.get("/start.js")
def start() -> Response:
    """The one script of the page that is ours."""
    return Response(START, media_type="text/javascript")


@router.get("/openapi.json")
def document(request: Request) -> JSONResponse:
    """The description of the API, numbered so that the page reads it."""
    app = request.app
    if not isinstance(app, FastAPI):
        raise TypeError("the page is of another application")
    return JSONResponse({**app.openapi(), "openapi": "3.0.3"})


@router.get("/{name}")
def file(name: str) -> FileResponse:
    """A file of the package."""
    if name not in FILES:
        raise missing("file", name)
    return FileResponse(_folder() / name, media_type=FILES[name])


@cache
def _folder() -> Path:
    """Where the package keeps the page's files; the folder is called after their version."""
    with as_file(files("swagger_ui_bundle")) as package:
        return next(package.glob("vendor/swagger-ui-*"))
