"""The page of one case says what the case says, opens what it cites, and runs nothing of what it shows."""

from tests.ui.web.conftest import Served
from tests.ui.web.test_markup import Read
from ui.cli.catalogue import load
from ui.web.board import Act
from ui.web.case.claims import draw_claims
from ui.web.case.doing import do
from ui.web.frame import Visit


def tags(html: str, name: str) -> list[dict[str, str | None]]:
    return [attributes for tag, attributes in Read(html).tags if tag == name]


def test_case_opens_with_its_verdict_and_five_lines(served: Served) -> None:
    """Words for everything that is also a colour or a shape."""
    drawn = served.draw("case", "lab", case="C-1")
    head, main = Read(drawn.board("head")).text, Read(drawn.board("main")).text

    with served.client() as api:
        case = api.case("lab", "C-1")
    assert case.verdict is not None
    assert case.opening is not None
    assert case.title in head
    assert case.verdict.priority in head
    assert "true positive" in head
    assert f"{case.proof.verified} of {case.proof.claims - case.proof.struck} claims hold" in head
    for line in case.opening.model_dump().values():
        assert line in main


def test_every_claim_opens_the_evidence_it_names(served: Served) -> None:
    """A claim that cannot be opened is an assertion."""
    main = served.draw("case", "lab", case="C-1").board("main")
    opened = {link["href"] for link in tags(main, "a") if link.get("class") == "cite"}

    with served.client() as api:
        case = api.case("lab", "C-1")
    for claim in case.claims:
        for ref in claim.refs:
            assert any(f"evidence={ref.evidence}&" in f"{address}&" for address in opened), claim.id


def test_evidence_of_the_address_lies_beside_the_page(served: Served) -> None:
    """A link to it, a reload and another tab show the same."""
    drawn = served.draw("case", "lab", case="C-1", evidence="E0", path="$.alert['host.name']")
    panel = drawn.board("panel")

    assert 'id="evidence-E0"' in panel
    assert any(item.get("class") == "cited" for item in tags(panel, "li"))
    assert any(link.get("aria-current") == "true" for link in tags(drawn.board("main"), "a"))


def test_evidence_that_does_not_exist_is_said_and_the_case_stays(served: Served) -> None:
    """A wrong link is no broken page."""
    drawn = served.draw("case", "lab", case="C-1", evidence="E999")

    assert "alarm" in drawn.board("notice")
    assert "Claims" in drawn.board("main")


def test_hostile_text_is_shown_and_does_nothing(served: Served) -> None:
    """Title, account and command line of an alert are an attacker's to write."""
    drawn = served.draw("case", "site", case="C-1", evidence="E0")

    for html in drawn.boards:
        read = Read(html)
        assert [image for image in tags(html, "img") if "data-picture" not in image] == []
        assert not any(name.startswith("on") for _, attributes in read.tags for name in attributes)
        assert not any("javascript" in (attributes.get("href") or "") for _, attributes in read.tags)
        assert "\u202e" not in html
    assert "onerror=alert(1)" in Read(drawn.board("head")).text


def test_who_may_only_look_has_nothing_to_press(served: Served) -> None:
    """The API would refuse; the page does not offer it."""
    drawn = served.draw("case", "lab", case="C-1", secret=served.viewer)

    assert [
        item for html in drawn.boards for item in (*tags(html, "form"), *tags(html, "button")) if "data-do" in item
    ] == []


def test_page_of_no_case_says_where_to_choose_one(served: Served) -> None:
    """Somebody typed the address by hand."""
    assert "Which case?" in served.draw("case", "lab").board("notice")


def test_case_in_chinese_has_no_english_of_ours(served: Served) -> None:
    """Headings and marks follow the language; evidence stays in its own words."""
    drawn = served.draw("case", "lab", language="zh", case="C-1")
    headings = Read(drawn.board("head")).text + Read(drawn.board("rail")).text

    assert "优先级" in headings
    assert "备注" in headings
    assert "Priority" not in headings


def test_struck_claim_stays_and_is_shown_as_struck(served: Served) -> None:
    """What did not hold is not hidden; nobody mistakes it for what does."""
    with served.client() as api:
        case = api.case("lab", "C-1")
    struck = case.claims[0].model_copy(update={"status": "struck", "struck_because": "E1 has no such value"})

    html = draw_claims(load("en"), case.model_copy(update={"claims": (struck, *case.claims[1:])}), "")

    assert html is not None
    assert [tag for tag, _ in Read(html).tags].count("del") == 1
    assert "struck: E1 has no such value" in Read(html).text


def test_picture_is_asked_for_by_the_address_of_the_case(served: Served) -> None:
    """The browser adds the colours it shows; the words follow the visit."""
    main = served.draw("case", "lab", language="zh", case="C-1").board("main")

    assert [image["data-picture"] for image in tags(main, "img")] == [
        "/pictures/timeline?world=lab&case=C-1&lang=zh",
        "/pictures/entities?world=lab&case=C-1&lang=zh",
    ]


def test_closed_case_is_reopened_and_an_open_one_closed_with_a_reason(served: Served) -> None:
    """The forms send what the API asks for; what it refuses is said, and nothing is lost."""
    with served.client() as api:
        visit = Visit(api, api.me(), "lab", load("en"))
        do(visit, "C-1", Act(name="take"))
        do(visit, "C-1", Act(name="close", fields={"reason_code": "confirmed_attack", "note": "seen"}))
        human = api.case("lab", "C-1").human
        assert human is not None
        assert (human.disposition, human.note, human.author) == ("true_positive", "seen", "ana")
        assert "Reopen" in served.draw("case", "lab", case="C-1").board("head")

        do(visit, "C-1", Act(name="reopen", fields={"why": "one host was forgotten"}))
        do(visit, "C-1", Act(name="note", fields={"text": "a line\n<b>another</b>"}))
        do(visit, "C-1", Act(name="close", fields={"reason_code": "nonsense"}))

        assert api.case("lab", "C-1").status == "open"
        drawn = served.draw("case", "lab", case="C-1")
    assert "Close with a reason" in drawn.board("head")
    assert "<b>another</b>" in Read(drawn.board("rail")).text
