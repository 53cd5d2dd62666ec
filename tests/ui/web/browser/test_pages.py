"""Every page: fits a telephone, can be used by everybody, and shows nothing an attacker wrote as anything but text."""

from dataclasses import dataclass

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.ui.web.browser.conftest import WIDE, Product, Visitor, ask

pytestmark = pytest.mark.thorough

PLACES = {
    "queue": ("/?world=lab", "table"),
    "queue of a site": ("/?world=site", ".empty"),
    "case": ("/case?world=lab&case=C-1", ".case-head"),
    "evidence": ("/case?world=lab&case=C-1&evidence=E0", ".drawer"),
    "case that does not exist": ("/case?world=lab&case=C-999", ".empty"),
    "beginning": ("/chat?world=lab", ".beginning"),
    "servers": ("/servers?world=lab", ".server"),
    "servers of a site": ("/servers?world=site", ".server"),
    "knowledge": ("/knowledge?world=lab", ".documents"),
    "results": ("/knowledge?world=lab&q=isolate", ".hits"),
    "nothing fits": ("/knowledge?world=lab&q=zzzzqq", ".empty"),
}
"""Address of each page and what is there once it is drawn."""
GRAVE = ("serious", "critical")
WIDER = """() => [...document.querySelectorAll("html, .stMain, [data-testid=stBottom]")]
    .filter(part => part.scrollWidth > part.clientWidth).map(part => part.className || part.tagName)"""
DARK = "getComputedStyle(document.querySelector('.stApp')).colorScheme === 'dark'"


@dataclass(frozen=True)
class Look:
    """What is wrong with one page."""

    by_day: list[str]
    by_night: list[str]
    too_wide: list[str]
    """What has to be pushed sideways on a telephone."""


def faults(page: Page, *rules: str) -> list[str]:
    """Serious and critical faults, by all rules of axe or by some. Nothing is left out: what Streamlit draws around our
    elements counts as well."""
    only = {"runOnly": {"type": "rule", "values": list(rules)}} if rules else {}
    found = Axe().run(page, options={"resultTypes": ["violations"], **only}).response["violations"]
    return [f"{fault['id']}: {node['html']}" for fault in found if fault["impact"] in GRAVE for node in fault["nodes"]]


def looked_at(page: Page) -> Look:
    """By day, by night and on a telephone."""
    by_day = faults(page)
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(DARK)
    by_night = faults(page, "color-contrast")
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 390, "height": 844})
    too_wide = page.evaluate(WIDER)
    page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})
    return Look(by_day, by_night, too_wide)


@pytest.fixture(scope="module")
def looks(demo: Product, browser: Browser) -> dict[str, Look]:
    """Every page, looked at once."""
    with browser.new_context(viewport={"width": WIDE[0], "height": WIDE[1]}, reduced_motion="reduce") as context:
        somebody = Visitor(context)
        page = somebody.enter(demo, "/chat?world=lab")
        ask(page, "How do I contain C-1?")
        page.locator(".next").wait_for()
        found = {"conversation": looked_at(page)}
        for name, (place, mark) in PLACES.items():
            page.goto(demo.page + place)
            page.locator(mark).first.wait_for()
            found[name] = looked_at(page)
    assert somebody.problems == []
    return found


def test_no_page_has_a_serious_fault_of_accessibility(looks: dict[str, Look]) -> None:
    """Names, roles, order and contrast, by axe."""
    assert {name: look.by_day for name, look in looks.items() if look.by_day} == {}


def test_no_page_is_hard_to_read_by_night(looks: dict[str, Look]) -> None:
    """The dark colours are as far apart as the light ones."""
    assert {name: look.by_night for name, look in looks.items() if look.by_night} == {}


def test_no_page_is_wider_than_a_telephone(looks: dict[str, Look]) -> None:
    """On call, at night, on the way: nothing has to be pushed sideways."""
    assert {name: look.too_wide for name, look in looks.items() if look.too_wide} == {}


def test_pages_are_chinese_all_through(demo: Product, visitor: Visitor) -> None:
    """The language of the address holds on every page, and the links on it keep it."""
    page = visitor.enter(demo, "/?world=lab&lang=zh")

    for place, title in (("/chat", "向分析员提问"), ("/servers", "服务器"), ("/knowledge", "知识库")):
        page.locator(f"nav.pages a[href^='{place}']").click()
        expect(page.locator("h1")).to_have_text(title)
        expect(page).to_have_url(f"{demo.page}{place}?lang=zh&world=lab")


def test_evidence_is_reached_and_left_by_the_keyboard(demo: Product, visitor: Visitor) -> None:
    """Nobody needs a mouse: a chip takes the focus and opens, the panel takes it over, Escape closes."""
    page = visitor.enter(demo, "/chat?world=lab")
    ask(page, "What happened in C-1 and why?")
    page.locator(".next").wait_for()

    page.locator(".sentence.fact .chip").first.focus()
    page.keyboard.press("Enter")

    expect(page.locator(".drawer [data-focus]")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(".drawer")).to_have_count(0)
    expect(page.locator(".turn")).to_be_visible()


def test_knowledge_opens_at_the_section_that_was_found(demo: Product, visitor: Visitor) -> None:
    """From a word to the paragraph, and back to the other hits."""
    page = visitor.enter(demo, "/knowledge?world=lab")
    page.get_by_role("searchbox").fill("isolate the host")
    page.keyboard.press("Enter")
    hit = page.locator(".hits a").first
    name = hit.locator(".heading").inner_text()
    hit.click()

    expect(page.locator(".section h2")).to_have_text(name)
    page.get_by_role("link", name="Back").click()
    expect(page.locator(".hits li").first).to_be_visible()
