"""A report is complete, re-verified while it is written, and cannot do anything to whoever opens it."""

import re
from collections.abc import Callable
from datetime import timedelta
from html.parser import HTMLParser
from itertools import combinations
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import agent.cases.report as report_package
from agent.cases.report import render_html, render_markdown
from agent.cases.report.drawing import fitted, width_of
from agent.cases.report.graph import graph
from agent.cases.report.markdown import plain
from agent.cases.report.matrix import matrix
from agent.cases.report.timeline import moments, timeline
from agent.cases.report.words import Language, names, percent, word
from agent.evidence.ledger import Ledger
from agent.models import (
    Alert,
    Basis,
    Case,
    CaseStatus,
    Disposition,
    EvidenceStatus,
    HumanVerdict,
    HypothesisKind,
    JsonObject,
    Note,
    Opening,
    Outcome,
    Provenance,
    Severity,
    Verdict,
)

CaseFactory = Callable[..., Case]
AlertFactory = Callable[..., Alert]


def words_of(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


TAGS = words_of(
    "html head meta title style body main header footer section p h1 h2 b i s small span a div dl dt dd ol ul li table "
    "thead tbody tfoot tr th td details summary code pre bdi time br svg g rect line path circle text"
)
ATTRIBUTES = words_of(
    "lang charset http-equiv content name class id href scope style title open viewbox width height role aria-label x "
    "y x1 y1 x2 y2 rx cx cy r d stroke-width text-anchor"
)


class Page(HTMLParser):
    """Everything in a page that could matter: tags, attributes, links, ids, visible text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.links: list[str] = []
        self.ids: list[str] = []
        self.styles: list[str] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the tag."""
        self.tags.add(tag)
        if tag not in ("meta", "br", "rect", "line"):
            self.open.append(tag)
        for name, value in attrs:
            self.attributes.add(name)
            if name in ("href", "src", "action"):
                self.links.append(value or "")
            if name == "id":
                self.ids.append(value or "")
            if name == "style":
                self.styles.append(value or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A tag that closes itself."""
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)

    def handle_endtag(self, tag: str) -> None:
        """Tags have to nest."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Collect what can be read."""
        if self.open and self.open[-1] not in ("style", "title"):
            self.text += data


def changed(case: Case, **fields: object) -> Case:
    """The case with other fields in its verdict."""
    assert case.report is not None
    verdict = Verdict.model_validate({**case.report.verdict.model_dump(), **fields})
    return case.model_copy(update={"report": case.report.model_copy(update={"verdict": verdict})})


def test_page_holds_nothing_that_acts_or_loads(sample: CaseFactory) -> None:
    """Only known tags and attributes, links only within the page, no address of anything to fetch."""
    page = Page(render_html(sample()))
    assert page.tags <= TAGS
    assert page.attributes <= ATTRIBUTES
    assert page.open == []
    assert all(link.startswith("#") and link[1:] in page.ids for link in page.links)
    assert len(page.ids) == len(set(page.ids))
    assert all(re.fullmatch(r"width:\d+%", style) for style in page.styles)
    html = render_html(sample())
    assert "default-src 'none'; style-src 'unsafe-inline'" in html
    style = html.partition("<style>")[2].partition("</style>")[0]
    assert "url(" not in style
    assert "@import" not in style


def test_hostile_text_is_shown_and_stays_text(sample: CaseFactory) -> None:
    """Markup, bidi overrides and zero-width characters of an attacker are readable, and nothing else."""
    html = render_html(sample())
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert not re.search("[\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff\x00-\x08\x1b]", html)
    assert "\\u{202e}kcatta" in Page(html).text


@settings(
    max_examples=settings.default.max_examples // 4,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.text(max_size=60))
def test_any_text_anywhere_leaves_the_page_sound(sample: CaseFactory, text: str) -> None:
    """Titles, notes and summaries come from outside as well."""
    case = sample()
    case = case.model_copy(
        update={
            "title": text,
            "owner": text,
            "notes": (Note(at=case.created_at, author=text, text=text),),
            "evidence": tuple(item.model_copy(update={"summary": text, "sensor": text}) for item in case.evidence),
        }
    )
    page = Page(render_html(case))
    assert page.tags <= TAGS
    assert page.attributes <= ATTRIBUTES
    assert page.open == []
    assert render_markdown(case)


def test_page_says_what_a_person_needs_first(sample: CaseFactory) -> None:
    """Five lines, the verdict, what was verified, and that it is simulated."""
    text = Page(render_html(sample())).text
    for expected in (
        "Synthetic: this case",
        "True positive",
        "Passwords of many accounts were tried from 203.0.113.77.",
        "Disable m.ortiz",
        "9/9 claims re-verified",
        "2 struck",
        "10/10 evidence hashes match",
        "T1110.003",
        "E9 is error, which never proves absence",
        "firewall flows where source.ip = 203.0.113.77",
        "nobody has decided yet",
    ):
        assert expected in text


def test_real_case_carries_no_synthetic_banner(sample: CaseFactory) -> None:
    """The banner means something only when it is not always there."""
    case = sample().model_copy(update={"synthetic": False})
    assert "Synthetic" not in Page(render_html(case)).text
    assert "Synthetic" not in render_markdown(case)


def test_page_of_a_changed_case_says_so(sample: CaseFactory) -> None:
    """The page believes no status that is written in the case: it runs everything again."""
    case = sample()
    data = case.evidence[2].data
    assert isinstance(data, dict)
    forged = case.evidence[2].model_copy(update={"data": {**data, "events": []}})
    broken = case.model_copy(update={"evidence": (*case.evidence[:2], forged, *case.evidence[3:])})
    for shown in (Page(render_html(broken)).text, render_markdown(broken)):
        assert "This page no longer holds" in shown
        assert "no longer holds" in shown
        assert "9/10 evidence hashes match" in shown
        assert "does not match the data" in shown


def test_claim_on_evidence_that_is_gone_is_shown_as_such(sample: CaseFactory) -> None:
    """Missing evidence breaks its claims, not the page."""
    case = sample()
    text = Page(render_html(case.model_copy(update={"evidence": case.evidence[:2]}))).text
    assert "This page no longer holds" in text


def test_case_nobody_has_investigated_has_a_page_too(sample: CaseFactory) -> None:
    """The queue links to it from the first second."""
    case = sample(investigated=False)
    assert "not been investigated" in Page(render_html(case)).text
    assert "not been investigated" in render_markdown(case)


def test_person_stands_beside_the_machine(sample: CaseFactory) -> None:
    """With owner, notes, duplicates and linked cases."""
    case = sample()
    human = HumanVerdict(
        at=case.created_at, author="mei", disposition="false_positive", reason_code="bad_intel", note="two\nlines"
    )
    case = case.model_copy(
        update={
            "status": "closed",
            "human": human,
            "owner": "mei",
            "due_at": case.created_at + timedelta(hours=1),
            "notes": (Note(at=case.created_at, author="jo", text="called\nback"),),
            "duplicates": {"f1": 3},
            "linked": ("C-0",),
        }
    )
    text = Page(render_html(case)).text
    for expected in ("False positive", "True positive", "bad intelligence", "two\nlines", "came 3 more times", "C-0"):
        assert expected in text
    assert "False positive, bad intelligence, mei" in render_markdown(case)


def test_authorised_case_tells_whom_to_ask(sample: CaseFactory) -> None:
    """Nobody should break up an engagement that was approved, nor trust the entry blindly."""
    case = changed(sample(), disposition="benign_true_positive", authorisation="CHG-7", gates=(), gaps=())
    for shown in (Page(render_html(case)).text, render_markdown(case)):
        assert "Covered by register entry CHG-7" in shown


def test_gate_that_moved_the_verdict_shows_from_and_to(sample: CaseFactory) -> None:
    """A reader sees where a draft was stopped."""
    gate = {"gate": "x", "passed": False, "reason": "r", "before": "false_positive", "after": "needs_human"}
    case = changed(sample(), disposition="needs_human", gates=(gate,))
    assert "False positive → Needs a person" in Page(render_html(case)).text
    assert "False positive → Needs a person" in render_markdown(case)


CHOSEN_BY_DATA = {
    *get_args(Disposition),
    *get_args(Severity),
    *get_args(Outcome),
    *get_args(Basis),
    *get_args(HypothesisKind),
    *get_args(EvidenceStatus),
    *get_args(HumanVerdict.model_fields["reason_code"].annotation),
    *Opening.model_fields,
    *Provenance,
    *(f"status_{status}" for status in get_args(CaseStatus)),
    *("verified", "struck", "no_longer"),
}
"""Names that a template makes from a case."""


def test_catalogue_has_the_words_that_are_asked_for_and_no_others() -> None:
    """A missing name would break a page; one that nobody asks for is dead."""
    folder = Path(report_package.__file__).parent
    files = [*folder.glob("*.py"), *folder.glob("templates/*.j2")]
    written = "".join(path.read_text("utf-8") for path in files if path.name != "words.py")
    assert names() >= CHOSEN_BY_DATA
    assert {name for name in names() - CHOSEN_BY_DATA if not re.search(rf"[\"']{name}[\"']", written)} == set()


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_word_is_said_in_every_language(language: Language) -> None:
    """An empty label hides what it stands beside."""
    assert all(word(name, language).strip() for name in names())


def test_chinese_page_has_chinese_words(sample: CaseFactory) -> None:
    """Labels change, evidence does not."""
    text = Page(render_html(sample(), "zh")).text
    assert "真实攻击" in text
    assert "Competing explanations" not in text
    assert "203.0.113.77 failed to sign in 9 times" in text
    assert "已划去" in render_markdown(sample(), "zh")


def test_matrix_counts_what_stands(sample: CaseFactory) -> None:
    """Struck findings and innocence somebody may have typed weigh nothing; one question counts only so much."""
    built = sample().report
    assert built is not None
    table = matrix(built)
    assert table.scores == (5.5, -0.5, -2.5, -4.0)
    assert (table.leading, table.evidence) == (0, 5.5)
    assert [(cell.weight, cell.given) for cell in table.rows[0].cells][2] == (0.0, 0.5)

    struck = tuple(claim.model_copy(update={"status": "struck"}) for claim in built.claims)
    nothing = matrix(built.model_copy(update={"claims": struck}))
    assert nothing.scores == (0.0, 0.0, 0.0, 0.0)
    assert (nothing.leading, nothing.rows[0].struck) == (None, True)
    assert matrix(built.model_copy(update={"hypotheses": (), "findings": ()})).evidence == 0.0


def test_moments_are_those_the_claims_speak_of(sample: CaseFactory) -> None:
    """In order of time, numbered, each with its sentence."""
    found = moments(sample())
    assert [(moment.number, f"{moment.time:%H:%M:%S}") for moment in found] == [
        (1, "08:12:00"),
        (2, "08:35:30"),
        (3, "08:43:00"),
    ]
    assert found[0].text.startswith("203.0.113.77 failed")
    assert moments(sample(investigated=False)) == ()


@pytest.mark.parametrize("likelihood,said", [(0.0, "< 1 %"), (0.5, "50 %"), (0.99, "99 %"), (1.0, "> 99 %")])
def test_likelihood_is_never_certain(likelihood: float, said: str) -> None:
    """Neither 0 % nor 100 %: no sum of evidence says that."""
    assert percent(likelihood) == said


def test_outside_addresses_of_a_summary_of_flows_are_in_the_pictures(sample: CaseFactory) -> None:
    """The host that kept calling one address is what the whole case may be about."""
    case = sample()
    ledger = Ledger(case.evidence)
    peer: JsonObject = {"address": "198.18.7.7", "first": "2026-03-09T08:50:00Z", "internal": False, "flows": 9}
    ledger.add(
        server="firewall",
        tool="firewall_summarise_flows",
        arguments={"host_or_ip": "vpn-gw-01"},
        asked_at=case.created_at,
        status="success",
        summary="",
        data={"peers": [peer, {**peer, "address": "10.0.0.9", "internal": True}]},
        backend="embedded",
    )
    seen = case.model_copy(update={"evidence": ledger.evidence})
    assert ">198.18.7.7</text>" in graph(seen, "en")
    assert "10.0.0.9" not in graph(seen, "en")
    assert ">firewall</text>" in timeline(seen, "en")


def numbers(css: str, svg: str, *attributes: str) -> list[tuple[float, ...]]:
    """Attributes of every shape of a class."""
    shapes = re.findall(rf'<(?:rect|circle) [^>]*class="{css}[^"]*"', svg)
    return [tuple(float(re.findall(rf'\b{name}="([\d.-]+)"', shape)[0]) for name in attributes) for shape in shapes]


def test_timeline_shows_events_alert_and_numbers_apart(sample: CaseFactory) -> None:
    """Nine failures, the alert, one success, one mailbox rule; numbers never cover each other."""
    svg = timeline(sample(), "en")
    assert len(numbers("event", svg, "cx")) == 12
    assert svg.count('class="alert-line"') == 1
    keys = numbers("key", svg, "cx", "cy")
    assert len(keys) == 3
    for one, other in combinations(keys, 2):
        assert abs(one[0] - other[0]) >= 18 or abs(one[1] - other[1]) >= 18


def test_timeline_hatches_what_no_sensor_saw(sample: CaseFactory) -> None:
    """Silence must not look like calm."""
    case = sample()
    row: JsonObject = {"sensor": "edr", "covered": False, "silent_since": "2026-03-09T08:20:00Z"}
    blind = case.evidence[4].model_copy(update={"data": {"coverage": [row]}})
    svg = timeline(case.model_copy(update={"evidence": (*case.evidence[:4], blind)}), "en")
    assert "not covered" in svg
    assert ">edr</text>" in svg
    assert svg.count('class="gap"') == 1


def test_pictures_of_an_empty_case_are_left_out(sample: CaseFactory) -> None:
    """No empty frames."""
    case = sample(investigated=False)
    assert (timeline(case, "en"), graph(case, "en")) == ("", "")


def test_timeline_of_days_marks_days(sample: CaseFactory, sample_alert: AlertFactory) -> None:
    """The axis stays readable when a case spans several days."""
    case = sample()
    late = sample_alert(2, minutes=60 * 24 * 3)
    ledger = Ledger(case.evidence)
    ledger.from_alert(late)
    svg = timeline(case.model_copy(update={"alerts": (*case.alerts, late), "evidence": ledger.evidence}), "en")
    assert "11 Mar" in svg


def crowd(case: Case, hosts: int) -> Case:
    """The case with events of many hosts, accounts and long names."""
    events: list[JsonObject] = [
        {
            "event.id": f"x{index}",
            "@timestamp": "2026-03-09T08:30:00Z",
            "source.ip": f"198.51.100.{index % 7}",
            "user.name": f"CORP\\user-{index % 9}",
            "host.name": f"host-with-a-rather-long-name-{index}.corp.example.org",
            "process.executable": f"C:\\Windows\\System32\\tool{index % 4}.exe",
            "destination.domain": f"会议资料{index % 3}.example",
        }
        for index in range(hosts)
    ]
    ledger = Ledger(case.evidence)
    ledger.add(
        server="siem",
        tool="siem_search_events",
        arguments={},
        asked_at=case.created_at,
        status="success",
        summary="",
        data={"events": list(events)},
        provenance={"$.events[*]['host.name']": Provenance.SENSOR},
        backend="embedded",
    )
    return case.model_copy(update={"evidence": ledger.evidence})


def test_graph_keeps_boxes_apart_and_is_always_the_same(sample: CaseFactory) -> None:
    """Readable with everything in it; the rest is counted."""
    case = crowd(sample(), 30)
    svg = graph(case, "en")
    assert svg == graph(case, "en")
    boxes = numbers("node", svg, "x", "y", "width", "height")
    assert 10 <= len(boxes) <= 18
    for one, other in combinations(boxes, 2):
        apart = abs(one[0] - other[0]) >= one[2] or abs(one[1] - other[1]) >= one[3]
        assert apart
    assert re.search(r"\+\d+ more", svg)
    size = re.findall(r'viewBox="0 0 (\d+) (\d+)"', svg)[0]
    assert all(x + width <= float(size[0]) and y + height <= float(size[1]) for x, y, width, height in boxes)


def test_graph_edges_never_pass_behind_a_box(sample: CaseFactory) -> None:
    """An edge that disappears behind a process would make that process the one that called out."""
    svg = graph(sample(), "en")
    boxes = numbers("node", svg, "x", "y", "width", "height")
    levels = re.findall(r"L([\d.]+),([\d.]+)", svg)
    assert levels
    for right, y in ((float(x), float(y)) for x, y in levels):
        assert not any(abs(x + width - right) < 1 and top <= y <= top + height for x, top, width, height in boxes)


def test_graph_joins_spellings_of_one_entity(sample: CaseFactory) -> None:
    """One account is one box, names somebody typed are one box, and neither is taken for the other."""
    svg = graph(sample(), "en")
    assert svg.count(">m.ortiz</text>") == 1
    assert "CORP" not in svg
    assert ">9 names tried</text>" in svg
    assert "g.ortiz" not in svg


@given(st.text(max_size=60), st.integers(4, 40))
def test_fitted_text_fits(text: str, columns: int) -> None:
    """Whatever the script, a label stays inside its box."""
    assert width_of(fitted(text, columns)) <= columns


@pytest.mark.parametrize(
    "text",
    [
        "[click](https://evil.example)",
        "![x](http://evil.example/p.png)",
        "<img src=x onerror=alert(1)>",
        "www.evil.example",
        "mail@evil.example",
        "`code` **bold** _em_ # head | cell",
        "https://evil.example",
        "~~x~~ $math$ &amp;",
    ],
)
def test_markdown_text_is_inert(text: str) -> None:
    """No link, image, mark-up or address that a reader would make a link of survives outside a code span."""
    outside = re.sub(r"(`+)(?:(?!\1).)+\1", "", plain(text))
    assert not re.search(r"(?<!\\)[\[\]<>*_|#~$&]|://|www\.|@", outside)


def test_markdown_has_the_same_content(sample: CaseFactory) -> None:
    """In the same order as the page."""
    text = render_markdown(sample())
    places = [
        text.index(part)
        for part in (
            "Synthetic",
            "**True positive**",
            "What happened",
            "## Timeline",
            "## Claims",
            "## Competing explanations",
            "## How likely",
            "## What could not be looked at",
            "## Gates",
            "## Evidence",
        )
    ]
    assert places == sorted(places)
    assert text.count("- [x]") == 9
    assert text.count("- [ ] ~~") == 2
