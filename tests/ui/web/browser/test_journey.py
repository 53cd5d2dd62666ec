"""What an analyst does with the page, from the first start to a closed case."""

import re

import pytest
from playwright.sync_api import expect

from tests.ui.web.browser.conftest import HeldModel, Product, Visitor, ask

pytestmark = pytest.mark.thorough

FIRST_STEP_MS = 1000
TRIES = 3


def test_fresh_home_leads_to_a_case_its_evidence_an_answer_and_a_closed_case(
    product: Product, visitor: Visitor
) -> None:
    """The whole of the second use, on the demo that a fresh home is filled with, by nothing but the page."""
    page = visitor.tab()
    page.goto(f"{product.page}/enter?token={product.token}")
    expect(page).to_have_title(re.compile("MCPSoc"))
    rows = page.locator("table a[href^='/case']")
    expect(rows.first).to_be_visible(timeout=60_000)
    rows.first.click()

    expect(page).to_have_url(re.compile(r"/case\?.*case=C-\d+"))
    case = re.search(r"case=(C-\d+)", page.url)
    assert case is not None
    page.locator(".claims .cite").first.click()
    drawer = page.locator(".drawer")
    expect(drawer.locator(".cited .value").first).not_to_be_empty()
    expect(drawer.get_by_text("the data fits its hash")).to_be_visible()
    drawer.get_by_text("Raw answer").click()
    expect(drawer.locator("pre")).to_contain_text("{")
    page.keyboard.press("Escape")
    expect(drawer).to_have_count(0)

    page.get_by_role("link", name=re.compile("^Ask about")).click()
    ask(page, f"What happened in {case[1]} and why?")
    turn = page.locator(".turn")
    expect(turn.locator(".sentence.fact").first).to_be_visible()
    expect(turn.locator(".suggestions button")).to_have_count(3)
    turn.locator(".sentence.fact .chip").first.click()
    expect(drawer.locator(".cited").first).to_be_visible()

    page.goto(f"{product.page}/case?case={case[1]}&world=lab")
    page.locator("#do-close > summary").click()
    form = page.locator("form[data-do=close]")
    form.locator("select").first.select_option("authorised_test")
    form.locator("textarea").fill("announced by the red team")
    form.get_by_role("button").click()
    expect(page.get_by_text("announced by the red team")).to_be_visible()
    with product.client() as api:
        closed = api.case("lab", case[1])
    assert closed.status == "closed"
    assert closed.human is not None
    assert closed.human.reason_code == "authorised_test"


def test_first_step_comes_within_a_second_of_enter(demo: Product, visitor: Visitor) -> None:
    """An analyst sees at once that something happens. The best of a few, for other tests run on the same cores."""
    page = visitor.enter(demo, "/chat?world=lab")

    best = min(ask(page, "Which alerts are open, by priority?") for _ in range(TRIES))

    assert best <= FIRST_STEP_MS


def test_reload_and_second_tab_show_the_answer_that_is_being_worked_on(
    slow: Product, model: HeldModel, visitor: Visitor
) -> None:
    """The page holds no work: what was seen is seen again, and the answer arrives in every tab."""
    model.hold()
    page = visitor.enter(slow, "/chat?world=lab")
    ask(page, "Which alerts are open, by priority?")
    assert model.asked.wait(20)
    expect(page.locator(".turn.running")).to_be_visible()
    expect(page).to_have_url(re.compile(r"thread=.+&run="))
    seen = page.locator(".turn .course").inner_text().splitlines()

    page.reload()
    second = visitor.tab()
    second.goto(page.url)
    for tab in (page, second):
        expect(tab.locator(".turn.running")).to_be_visible()
        assert set(seen) <= set(tab.locator(".turn .course").inner_text().splitlines())
        expect(tab.get_by_role("button", name="Stop")).to_be_visible()

    model.let_go()
    for tab in (page, second):
        expect(tab.locator(".turn .how")).to_be_visible()
        expect(tab.locator(".turn.running")).to_have_count(0)
        expect(tab.locator(".suggestions button")).to_have_count(3)
    assert page.locator(".said").inner_text() == second.locator(".said").inner_text()


def test_stop_ends_an_answer_and_keeps_what_was_found(slow: Product, model: HeldModel, visitor: Visitor) -> None:
    """Nobody waits for a model that does not come back: the first step is there within a second all the same."""
    model.hold()
    page = visitor.enter(slow, "/chat?world=lab")
    first_ms = []
    for number in range(2):
        first_ms.append(ask(page, "Which alerts are open?"))
        assert model.asked.wait(20)
        page.get_by_role("button", name="Stop").click()
        expect(page.get_by_text("Stopped.")).to_have_count(number + 1)

    expect(page.locator(".turn.running")).to_have_count(0)
    expect(page.locator(".turn .read")).to_have_count(2)
    assert min(first_ms) <= FIRST_STEP_MS
    model.let_go()
