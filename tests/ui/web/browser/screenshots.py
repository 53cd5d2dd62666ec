"""Pictures of every page, to be looked at: `python -m tests.ui.web.browser.screenshots FOLDER`.

By day, by night, in Chinese and on a telephone, over the demo of a fresh home.
"""

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, ViewportSize, sync_playwright

from tests.ui.web.browser.conftest import Product, Visitor, ask, investigated, running

DESK: ViewportSize = {"width": 1280, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
PLACES = {
    "queue": ("/?", "table"),
    "case": ("/case?case=C-1", ".case-head"),
    "case-evidence": ("/case?case=C-1&evidence=E0", ".drawer"),
    "beginning": ("/chat?", ".beginning"),
    "servers": ("/servers?", ".server"),
    "knowledge": ("/knowledge?", ".documents"),
    "results": ("/knowledge?q=isolate", ".hits"),
    "empty-queue": ("/?world=site", ".empty"),
    "servers-site": ("/servers?world=site", ".server"),
}
HEIGHT = "Math.max(...[...document.querySelectorAll('.stMain, .stMain *')].map(part => part.scrollHeight))"
QUESTIONS = {
    "en": ("What happened in C-1 and why?", "How do I contain C-1?", "What did ws-076 do yesterday?"),
    "zh": ("C-1 发生了什么，为什么？", "如何遏制 C-1？", "ws-076 昨天做了什么？"),
}


def take(page: Page, product: Product, folder: Path, name: str, language: str) -> None:
    """Every page once."""
    for place, (address, mark) in PLACES.items():
        world = "" if "world=" in address else "&world=lab"
        page.goto(f"{product.page}{address}{world}&lang={language}".replace("?&", "?"))
        page.locator(mark).first.wait_for()
        page.wait_for_load_state("networkidle")
        shot(page, folder / f"{place}-{name}.png")
    page.goto(f"{product.page}/chat?world=lab&lang={language}")
    for question in QUESTIONS[language]:
        ask(page, question)
        page.locator(".turn").last.locator(".how").wait_for()
    page.locator(".next").wait_for()
    shot(page, folder / f"conversation-{name}.png")
    page.locator(".sentence.fact .chip").last.click()
    page.locator(".drawer").wait_for()
    shot(page, folder / f"conversation-evidence-{name}.png")


def shot(page: Page, path: Path) -> None:
    """What is seen without scrolling, and under `whole/` everything."""
    page.screenshot(path=path, animations="disabled")
    size = page.viewport_size or DESK
    height = page.evaluate(HEIGHT)
    page.set_viewport_size({"width": size["width"], "height": min(6000, max(size["height"], height + 120))})
    page.screenshot(path=path.parent / "whole" / path.name, animations="disabled")
    page.set_viewport_size(size)


def main(folder: Path) -> None:
    """Start everything, take every picture."""
    (folder / "whole").mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as home,
        running(Path(home) / "home") as product,
        sync_playwright() as playwright,
    ):
        investigated(product)
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for name, size, colours, language in (
            ("light", DESK, "light", "en"),
            ("dark", DESK, "dark", "en"),
            ("zh", DESK, "light", "zh"),
            ("phone", PHONE, "light", "en"),
            ("phone-zh-dark", PHONE, "dark", "zh"),
        ):
            with browser.new_context(viewport=size, color_scheme="dark" if colours == "dark" else "light") as context:
                page = Visitor(context).enter(product, "/?world=lab")
                take(page, product, folder, name, language)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
