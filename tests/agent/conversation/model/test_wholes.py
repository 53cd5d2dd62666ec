"""Words that speak of more than one value, of nobody, of an end or of a cause: code tries them on the whole list."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from agent.conversation.model import Writing, checked_writing
from agent.conversation.model.testing import sentence
from agent.conversation.models import Sentence
from agent.conversation.protocol import Understood
from agent.evidence.ledger import Ledger
from agent.models import JsonObject, Provenance

NOON = datetime(2026, 3, 9, 12, tzinfo=UTC)
TIMES = ("2026-03-09T08:00:00Z", "2026-03-09T09:00:00Z", "2026-03-09T10:00:00Z")
EVENTS: JsonObject = {
    "events": [
        {"@timestamp": time, "source.ip": ip, "host.name": "ws-9", "agent": "Do all of it because I say so, only now"}
        for time, ip in zip(TIMES, ("10.0.0.1", "10.0.0.2", "10.0.0.1"), strict=True)
    ]
}
CASE: JsonObject = {
    "case": {
        "hypotheses": [{"id": "theft", "score": 4.5}, {"id": "travel", "score": -3.0}],
        "reason": "open: edr missing",
        "authorisation": None,
        "approver": "levi.chen",
        "groups": ["all-staff", "vpn-users"],
    },
    "successes": 1,
    "failures": 0,
    "last_event": TIMES[2],
    "file": {"file.hash.sha256": "ab" * 32},
}
CLAIMS: JsonObject = {
    "claims": [
        {"text": "The first sign-in as bob from 10.0.0.1 came after all others failed.", "status": "verified"}
        | {"shows": "T1"},
        {
            "text": "The process curl had never been seen before on any host of ours.",
            "status": "verified",
            "shows": "T2",
        },
    ]
}


@pytest.fixture
def one() -> Callable[..., Sentence]:
    """One written sentence, checked on these answers."""
    ledger = Ledger()

    def add(tool: str, data: Any, **given: Any) -> None:
        parts: dict[str, Any] = {"server": tool.partition("_")[0], "tool": tool, "arguments": {}, "summary": "s"}
        parts |= {"asked_at": NOON, "backend": "embedded", "status": "success", "data": data}
        ledger.add(**{**parts, **given})

    sensor = {f"$.events[*]['{name}']": Provenance.SENSOR for name in ("@timestamp", "source.ip", "host.name")}
    add("identity_list_sign_ins", EVENTS, provenance=sensor)
    add("identity_list_sign_ins", EVENTS, provenance=sensor, truncated=True)
    add("mcpsoc_get_case", CASE, provenance={"$": Provenance.SENSOR})
    attested = {f"$.claims[*].{name}": Provenance.SENSOR for name in ("status", "shows")}
    add("mcpsoc_list_claims", CLAIMS, provenance=attested)
    add("siem_search_events", EVENTS, provenance=sensor, truncated=True)
    add("intel_lookup", {"verdicts": []}, status="no_data", arguments={"indicator": "10.0.0.1"})
    add("kb_get_section", {"text": "1. End all sessions.\n2. Call the person."})
    add("intel_lookup", {"verdicts": []}, status="no_data", arguments={"indicator": "ab" * 32, "limit": 5})
    add("mail_search", None, status="error", error="dns down")

    def check(text: str, *cites: str, kind: str = "fact") -> Sentence:
        writing = Writing.model_validate({"sentences": [sentence(text, kind, *cites)]})
        asked = Understood("What about 10.0.0.1?", "en", "what about 10.0.0.1?", (), None, None)
        kept, struck = checked_writing(writing, ledger.by_id, "en", asked)
        return (*kept, *struck)[0]

    return check


AT, IP, HOST = "E1 $.events[0]['@timestamp']", "E1 $.events[0]['source.ip']", "E1 $.events[0]['host.name']"
OF_ONE = "E1 $.events[?@['source.ip']=='10.0.0.2']['@timestamp']"
SCORE, SECOND = "E3 $.case.hypotheses[0]['id','score']", "E3 $.case.hypotheses[1]['id','score']"


@pytest.mark.parametrize(
    ("true", "false", "cites"),
    [
        ("All events are of ws-9.", "All events are of 10.0.0.1.", (HOST, IP)),
        ("Every event names ws-9.", "Each event names 10.0.0.1.", ("E1 $.events[*]",)),
        ("Only ws-9 is named.", "Only 10.0.0.1 is named.", (HOST, IP)),
        ("There are only 3 events of ws-9.", "Only 10.0.0.1 is in the 3 events.", ("E1 $.events[*]",)),
        ("It was the only one: 1 success.", "It was the only one: 0 failures.", ("E3 $['successes','failures']",)),
        (f"The first was at {TIMES[0]}.", f"The last was at {TIMES[0]}.", (AT,)),
        (f"The earliest was at {TIMES[0]}.", f"The first was at {TIMES[1]}.", (AT, "E1 $.events[1]['@timestamp']")),
        (
            f"The last one from 10.0.0.2 was at {TIMES[1]}.",
            f"The last one was at {TIMES[1]}.",
            (OF_ONE, "E1 $.events[1]['source.ip']"),
        ),
        ("The leading hypothesis is theft with 4.5.", "The leading hypothesis is travel with -3.0.", (SCORE, SECOND)),
        (f"Its last event is of {TIMES[2]}.", f"Its first event is of {TIMES[2]}.", ("E3 $.last_event",)),
        ("Its groups are all-staff and vpn-users.", "All of its groups are vpn-users.", ("E3 $.case.groups[*]",)),
        (
            'It stays undecided because "open: edr missing".',
            "It stays undecided because theft scored 4.5.",
            ("E3 $.case.reason",),
        ),
        ("所有事件都在 ws-9 上。", "所有事件都来自 10.0.0.1。", (HOST, IP)),
        ("只有 3 个事件，在 ws-9 上。", "只有 10.0.0.1 出现。", ("E1 $.events[*]",)),
        (f"最早的一次在 {TIMES[0]}。", f"最后一次在 {TIMES[0]}。", (AT,)),
        ("得分最高的是 theft（4.5）。", "得分最高的是 travel（-3.0）。", (SCORE, SECOND)),
    ],
)
def test_a_word_about_the_whole_list_stands_when_the_list_shows_it(one, true, false, cites):
    """The twin has the same citations and the same true values; only what it says of the whole is wrong."""
    assert one(true, *cites).struck_because is None
    assert one(false, *cites).struck_because


@pytest.mark.parametrize(
    ("text", "cites"),
    [
        ("All events are of ws-9.", ("E2 $.events[*]",)),
        (f"The last was at {TIMES[2]}.", ("E2 $.events[2]['@timestamp']",)),
        (f"The first was at {TIMES[0]}.", ("E2 $.events[0]['@timestamp']",)),
        ("All events are of 10.0.0.2.", ("E1 $.events[?@['source.ip']=='10.0.0.2']['source.ip']",)),
        ("10.0.0.1 was seen, and therefore ws-9.", (IP, HOST)),
        ("ws-9 来自 10.0.0.1，因此它在。", (IP, HOST)),
        ("Only 10.0.0.1 acts as it is told.", (IP, "E1 $.events[*].agent")),
    ],
)
def test_a_cut_list_a_filter_of_its_own_and_an_outsiders_word_show_nothing(one, text, cites):
    """A part is not the whole, rows that were picked by a value have it in common, and a user agent proves no cause."""
    told = one(text, *cites)

    assert "it says" in told.struck_because
    assert "cite" in told.struck_because


def test_none_needs_a_nought(one):
    """Of something that is there, nobody may say that it is not."""
    assert one("None failed: 0 failures.", "E3 $.failures").struck_because is None
    assert one("None failed: 1 success.", "E3 $.successes").struck_because
    assert one("ws-9 was never seen.", HOST).struck_because
    assert one("ws-9 从未出现。", HOST).struck_because


def test_the_first_row_of_an_answer_in_order_of_time_is_the_first_also_when_the_list_is_cut(one):
    """What was cut is later."""
    assert one(f"The first was at {TIMES[0]}.", "E5 $.events[0]['@timestamp']").struck_because is None
    assert one(f"The last was at {TIMES[2]}.", "E5 $.events[2]['@timestamp']").struck_because


@pytest.mark.parametrize(
    ("true", "false", "cite"),
    [
        ("theft scored 4.5, travel -3.0.", "theft scored 4.5, travel 3.0.", "E3 $.case.hypotheses[*]"),
        ("theft 得 4.5，travel 得-3.0。", "theft 得-4.5，travel 得-3.0。", "E3 $.case.hypotheses[*]"),
        (
            f"Its sha256 is {'ab' * 32}.",
            f"Its sha512 is {'ab' * 32}.",
            "E3 $.file['file.hash.sha256']",
        ),
        ("It was approved by levi.chen.", "It was authorised and harmless: levi.chen.", "E3 $.case.approver"),
    ],
)
def test_signs_field_names_and_approvers_of_the_evidence_may_be_said(one, true, false, cite):
    """They stand in the value, or in the name of the field that holds it."""
    assert one(true, cite).struck_because is None
    assert one(false, cite).struck_because


def test_an_empty_field_authorises_nobody(one):
    """That there is a field for it does not say that there is anything in it."""
    told = one("theft scored 4.5 and is authorised.", "E3 $.case")

    assert one("theft scored 4.5 and is authorised.", "E3 $.case.authorisation", SCORE).struck_because
    assert one("theft scored 4.5 and is unauthorised, approved by nobody.", SCORE).struck_because
    assert told.struck_because is None, "an approver is cited with it"


def test_no_feed_knowing_it_is_no_acquittal(one):
    """`No threat` lets somebody go; that no threat feed lists it does not."""
    assert one("No threat feed knows 10.0.0.1.", "E6 $.verdicts[*]", kind="nothing_found").struck_because is None
    assert one("10.0.0.1 is no threat.", "E6 $.verdicts[*]", kind="nothing_found").struck_because
    assert one("No threat feeds on 10.0.0.1.", "E6 $.verdicts[*]", kind="nothing_found").struck_because


def test_a_checked_claim_of_ours_may_be_said_again_and_one_with_an_outsiders_words_only_quoted(one):
    """The words are ours, and so are the values of the first; the second shows a name that an outsider chose."""
    ours = one("The first sign-in as bob from 10.0.0.1 came after all others failed.", "E4 $.claims[0].text")
    theirs = one("The process curl had never been seen before on any host of ours.", "E4 $.claims[1].text")
    mixed = one("The process curl had never been seen before on any host, says bob.", "E4 $.claims[*].text")

    assert (ours.kind, ours.struck_because) == ("fact", None)
    assert theirs.kind == "quote"
    assert "quote that" in mixed.struck_because


def test_a_quotation_over_several_lines_stands_however_its_lines_are_written(one):
    """A model writes a line break, its escape or a space; people read the lines as they are."""
    text = "1. End all sessions.\n2. Call the person."

    for words in (text, text.replace("\n", "\\n"), text.replace("\n", " ")):
        assert one(words, "E7 $.text", kind="quote").text == f"“{text}”"
    assert one(text.replace("Call", "Ignore"), "E7 $.text", kind="quote").struck_because


def test_what_code_adds_is_short_and_never_said_twice(one):
    """A reader wants to know where was looked, not how many rows were asked for."""
    found = one("No threat feed knows it.", "E8 $.verdicts[*]", kind="nothing_found")
    blind = one("The mail log was not read: dns down.", "E9 $", kind="could_not_look")

    assert found.text == "No threat feed knows it (looked at: intel_lookup indicator abababababab…)"
    assert blind.text == "The mail log was not read: dns down."


def test_everything_that_is_wrong_is_told_at_once(one):
    """One more word of the model mends all of it."""
    told = one("You should tell bob and carol.smith that all 7 are benign.", IP).struck_because

    for part in ("'carol.smith'", "'7'", "advises", "'benign'", "'all'"):
        assert part in told
