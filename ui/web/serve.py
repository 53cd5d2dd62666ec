"""Starts the page: Streamlit under uvicorn, on loopback, with the routes for signing in."""

from functools import partial
from pathlib import Path
from typing import Final

import streamlit as st
import uvicorn
from starlette.middleware import Middleware
from streamlit.runtime.pages_manager import PagesManager
from streamlit.web import bootstrap

from ui.api.client import ApiClient
from ui.web import entering, files, notices, shell
from ui.web.frame import PATHS
from ui.web.guarding import Guard
from ui.web.looks import options

SCRIPT: Final = Path(__file__).with_name("app.py")


def build_page(api_url: str, port: int) -> st.App:
    """The page as an ASGI application; one per process. `api_url` is where its API listens."""
    bootstrap.load_config_options(dict(options(port)))
    PagesManager.uses_pages_directory = False  # app.py names the pages; the folder beside it is not Streamlit's
    connect = partial(ApiClient, api_url)
    return st.App(
        SCRIPT,
        routes=[*entering.routes(connect), *files.routes(connect), *shell.routes(tuple(PATHS.values()))],
        middleware=[Middleware(Guard)],
        on_script_error=notices.broken,
        secrets={"api_url": api_url},
    )


def main(api_url: str, port: int, home: Path) -> None:
    """Serve until told to stop. Nothing is kept: what the page shows lies under `home`, behind the API."""
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    uvicorn.run(build_page(api_url, port), host="127.0.0.1", port=port, log_level="warning", access_log=False)
