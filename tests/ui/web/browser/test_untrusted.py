"""Texts an attacker wrote, on every page that shows them."""

import pytest

from agent.models import JsonObject
from tests.ui.web.browser.conftest import Product, Visitor, ask

pytestmark = pytest.mark.thorough

OUTSIDE = "evil.example"
TEXTS = (
    f"<img src=https://{OUTSIDE}/i.png onerror=alert(1)>",
    f"<script>fetch('https://{OUTSIDE}/s')</script>",
    f"<a href='javascript:alert(2)'>open</a><iframe src=https://{OUTSIDE}></iframe>",
    f"[open](https://{OUTSIDE}/l) ![picture](https://{OUTSIDE}/p.png) <https://{OUTSIDE}/a>",
    "\x1b]8;;https://evil.example/o\x07link\x1b]8;;\x07 \x1b[31mred",
    "gnp.\u202egpj.exe \u200b\u2066hidden\u2069 :red[coloured] $x^2$ `code` **bold**",
    "'\"><svg onload=alert(3)> {{7*7}} ${7*7}",
)
HARMFUL = """() => {
    const ours = (part, place) => {
        const url = new URL(place, location.href);
        const picture = place.startsWith("data:image/") && ["IMG", "LINK"].includes(part.tagName);
        return picture || url.origin === location.origin;
    };
    const leads = ["href", "src", "action", "formaction", "srcdoc"];
    return [...document.querySelectorAll("*")].filter(part =>
        ["IFRAME", "OBJECT", "EMBED"].includes(part.tagName) || [...part.attributes].some(one =>
            one.name.startsWith("on") || (leads.includes(one.name) && !ours(part, one.value)))
    ).map(part => part.outerHTML.slice(0, 200));
}"""
"""Elements that could run something, or lead or load from outside."""
INVISIBLE = "\x1b\x07\u202e\u200b\u2066\u2069"


def alert(number: int, text: str) -> JsonObject:
    """An alert with this text wherever a sensor would have put an outsider's words."""
    return {
        "rule": {"name": f"Alert {text}"},
        "message": text,
        "@timestamp": f"2026-03-09T10:00:{number:02d}Z",
        "host": {"name": f"host{text}"},
        "user": {"name": text},
        "process": {"command_line": f"powershell.exe -c {text}", "name": text},
        "file": {"path": f"C:\\{text}"},
        "url": {"full": f"https://{OUTSIDE}/{text}"},
    }


def planted(product: Product) -> list[str]:
    """The cases that hostile alerts became."""
    with product.client() as api:
        before = api.cases("lab", limit=200).total
        accepted = api.post_alerts("lab", [alert(number, text) for number, text in enumerate(TEXTS)])
        assert len(accepted.alerts) == len(TEXTS)
        last = 0
        while api.cases("lab", limit=200).total < before + len(TEXTS):
            last = api.events("lab", after=last, wait_s=5.0).last
        newest = api.cases("lab", sort="recent", limit=len(TEXTS))
        return [case.id for case in newest.cases]


def test_texts_of_an_attacker_are_shown_as_text_and_do_nothing(demo: Product, visitor: Visitor) -> None:
    """In the queue, the case, its evidence and an answer: no element, no link, no request, no invisible character."""
    cases = planted(demo)
    page = visitor.enter(demo, "/?world=lab&status=all")
    page.locator("table").wait_for()
    texts = [page.locator("body").inner_text()]
    harmful = page.evaluate(HARMFUL)
    for case in cases:
        page.goto(f"{demo.page}/case?world=lab&case={case}&evidence=E0")
        page.locator(".drawer details").click()
        texts.append(page.locator("body").inner_text())
        harmful += page.evaluate(HARMFUL)
    page.goto(f"{demo.page}/chat?world=lab")
    for question in (f"What happened in {cases[0]} and why?", TEXTS[0], TEXTS[3], f"Who is {TEXTS[6]}?"):
        ask(page, question)
        page.locator(".turn").last.locator(".how").wait_for()
    texts.append(page.locator("body").inner_text())
    harmful += page.evaluate(HARMFUL)

    assert harmful == []
    assert [place for place in visitor.asked if not place.startswith((demo.page, "data:", f"blob:{demo.page}"))] == []
    assert [char for char in INVISIBLE if char in "".join(texts)] == []
    assert all(text[:12] in "".join(texts) for text in TEXTS if text.isprintable())
