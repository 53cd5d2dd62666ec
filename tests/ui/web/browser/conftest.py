"""The whole product on a fresh home, and Debian's Chromium in front of it."""

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from ui.api.client import ApiClient

INSTALL = "sh .ci/packages"
DEMO_CASES = 12
WIDE = (1280, 900)
WATCH = """() => {
    const known = document.querySelectorAll(".turn .read").length;
    window.firstStep = new Promise(done => {
        let enter;
        window.addEventListener("keydown", () => { enter = performance.now(); }, {capture: true, once: true});
        new MutationObserver((_, self) => {
            if (document.querySelectorAll(".turn .read").length === known) return;
            self.disconnect();
            done(performance.now() - enter);
        }).observe(document.body, {childList: true, subtree: true});
    });
}"""
"""Waits for the first step of the next question, by the browser's own clock."""


@dataclass(frozen=True)
class Product:
    """`mcpsoc ui`, running."""

    home: Path
    page: str
    """Address of the page, without a path."""
    api: str
    token: str

    def client(self) -> ApiClient:
        """Somebody at the API."""
        return ApiClient(self.api, self.token)


@dataclass
class Visitor:
    """Somebody with a browser, and everything their browser complained about."""

    context: BrowserContext
    problems: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    """Every address that a page of theirs asked for."""

    def tab(self) -> Page:
        """A new tab that is listened to."""
        page = self.context.new_page()
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.problems.append(f"error: {error}"))
        page.on("dialog", lambda dialog: (self.problems.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.on("request", lambda request: self.asked.append(request.url))
        return page

    def enter(self, product: Product, place: str) -> Page:
        """Sign in and go to a place."""
        page = self.tab()
        page.goto(f"{product.page}/enter?token={product.token}")
        page.locator("nav.pages").wait_for(state="attached")
        page.goto(f"{product.page}{place}")
        page.locator("nav.pages").wait_for(state="attached")
        return page

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "assert"):
            self.problems.append(f"{message.type}: {message.text} {message.location.get('url', '')}")


class HeldModel:
    """A model endpoint that answers nothing before it is let go, and then that it is out of order."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self._go = threading.Event()
        model = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("content-length", 0)))
                model.asked.set()
                model._go.wait(60)
                body = b'{"error": {"message": "out of order"}}'
                with suppress(OSError):  # whoever asked may have been stopped in the meantime
                    self.send_response(400)
                    self.send_header("content-type", "application/json")
                    self.send_header("content-length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)

            def log_message(self, format: str, *arguments: object) -> None:
                """Nothing on stderr."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/v1"

    def hold(self) -> None:
        """From now on nothing is answered."""
        self._go.clear()
        self.asked.clear()

    def let_go(self) -> None:
        """Answer whatever waits."""
        self._go.set()


def ask(page: Page, question: str) -> float:
    """Ask, and how long it took in the browser from Enter to the first step of the answer, in ms."""
    box = page.get_by_test_id("stChatInputTextArea")
    box.fill(question)
    page.evaluate(WATCH)
    box.press("Enter")
    first_ms: float = page.evaluate("window.firstStep")
    return first_ms


def variables(home: Path, **extra: str) -> dict[str, str]:
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("MCPSOC_", "OPENAI_", "LC_", "LANG"))
    }
    return {**kept, "MCPSOC_HOME": str(home), "PYTHONIOENCODING": "utf-8", **extra}


@contextmanager
def running(home: Path, *options: str, **settings: str) -> Iterator[Product]:
    """`mcpsoc ui` over a home, from the moment it is ready until it is asked to end."""
    command = [sys.executable, "-m", "ui", "ui", "--port", "0", "--api-port", "0", "--json", *options]
    environment = variables(home, **settings)
    process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    try:
        page, _, token = (told := document(process))["page"].partition("/enter?token=")
        yield Product(home, page, told["api"], token)
    finally:
        process.terminate()
        process.communicate(timeout=30)


def document(process: subprocess.Popen[str]) -> dict[str, str]:
    """What it says once it is ready."""
    assert process.stdout is not None
    said = ""
    while not said.rstrip().endswith("}"):
        line = process.stdout.readline()
        assert line, "mcpsoc ui ended before it was ready"
        said += line
    told: dict[str, str] = json.loads(said)
    return told


def investigated(product: Product) -> None:
    """Wait until every alert of the simulated enterprise has become a case; at first there is no such world."""
    with product.client() as api:
        while {view.world: view.cases for view in api.me().worlds}.get("lab", 0) < DEMO_CASES:
            api.events("site", after=0, wait_s=1.0)


@pytest.fixture(scope="session")
def chromium() -> str:
    """Where the browser is. Its tests take minutes, so that they are all among the longest ones."""
    found = shutil.which("chromium") or shutil.which("google-chrome")
    if found is None:
        pytest.fail(f"no Chromium on this machine; install it with: {INSTALL}")
    return found


@pytest.fixture(scope="session")
def product(tmp_path_factory: pytest.TempPathFactory, chromium: str) -> Iterator[Product]:
    """Everything that `mcpsoc ui` starts, over a home nobody has used before."""
    with running(tmp_path_factory.mktemp("product") / "home") as started:
        yield started


@pytest.fixture(scope="session")
def demo(product: Product) -> Product:
    """The product once every alert of the simulated enterprise has become a case."""
    investigated(product)
    return product


@pytest.fixture(scope="session")
def model() -> Iterator[HeldModel]:
    """A model that keeps everybody waiting."""
    held = HeldModel()
    threading.Thread(target=held.server.serve_forever, daemon=True).start()
    yield held
    held.let_go()
    held.server.shutdown()
    held.server.server_close()


@pytest.fixture(scope="session")
def slow(demo: Product, model: HeldModel) -> Iterator[Product]:
    """The same home served a second time, by processes whose answers wait for the held model."""
    settings = {"MCPSOC_BRAIN": "model", "MCPSOC_MODEL": "held", "OPENAI_BASE_URL": model.url, "OPENAI_API_KEY": "none"}
    with running(demo.home, "--no-demo", **settings) as started:
        yield started


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """One browser for the tests of a file: as long as it is open, an event loop runs that no other test could use."""
    expect.set_options(timeout=15_000)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def visitor(browser: Browser) -> Iterator[Visitor]:
    """Somebody who has never been here; their browser must have nothing to complain about."""
    context = browser.new_context(viewport={"width": WIDE[0], "height": WIDE[1]})
    somebody = Visitor(context)
    yield somebody
    context.close()
    assert somebody.problems == []
