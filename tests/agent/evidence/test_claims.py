"""Claims are re-run on the evidence: what is true verifies, what is changed is struck, and nothing raises."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from agent.evidence.claims import by_id, check, render
from agent.evidence.errors import ClaimError
from agent.evidence.ledger import Ledger
from agent.models import (
    Absent,
    Before,
    Claim,
    Contains,
    Count,
    Equals,
    Evidence,
    EvidenceStatus,
    Ref,
    SameEntity,
    Scalar,
)

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def answer(data: JsonValue, status: EvidenceStatus = "success", *, truncated: bool = False) -> dict[str, Evidence]:
    """A ledger whose only answer, E1, holds `data`."""
    ledger = Ledger()
    ledger.add(
        server="siem",
        tool="siem_search_events",
        arguments={},
        asked_at=NOW,
        status=status,
        summary="",
        data=data,
        backend="embedded",
        truncated=truncated,
    )
    return dict(ledger.by_id)


EVIDENCE = answer(
    {
        "events": [
            {"user": "CORP\\alice", "time": "2026-03-01T12:05:00Z", "ok": False, "n": 3},
            {"user": "bob", "time": 1772366400000, "ok": True, "n": 4},
        ],
        "names": ["alice@corp.example.org", "carol"],
        "window_end": "2026-03-01T14:10:00+02:00",
        "command": "POWERSHELL -enc\u202e AAA",
        "total": 7,
    }
)


def ref(path: str, evidence: str = "E1") -> Ref:
    """A place in the only answer."""
    return Ref(evidence=evidence, path=path)


TRUE: list[tuple[Claim, str]] = [
    (Equals(id="c", template="Total {value}.", ref=ref("$.total"), value=7), "Total 7."),
    (Equals(id="c", template="Success: {value}.", ref=ref("$.events[1].ok"), value=True), "Success: true."),
    (Count(id="c", template="{value} events.", ref=ref("$.events[*]"), value=2), "2 events."),
    (Count(id="c", template="{value} of them.", ref=ref("$.events[?@.n>9]"), value=0), "0 of them."),
    (Absent(id="c", template="Nobody else.", ref=ref("$.events[?@.user=='eve']")), "Nobody else."),
    (
        Before(id="c", template="{first}, then {second}.", first=ref("$.events[*].time"), second=ref("$.window_end")),
        "2026-03-01T12:00:00Z, then 2026-03-01T14:10:00+02:00.",
    ),
    (
        SameEntity(id="c", template="{first} is {second}.", first=ref("$.events[*].user"), second=ref("$.names")),
        "CORP\\alice is alice@corp.example.org.",
    ),
    (
        Contains(
            id="c",
            template="{cmd} has {value}.",
            slots={"cmd": ref("$.command")},
            ref=ref("$.command"),
            value="powershell",
        ),
        "POWERSHELL -enc\\u{202e} AAA has powershell.",
    ),
    (Contains(id="c", template="{value} is listed.", ref=ref("$.names"), value="carol"), "carol is listed."),
]


@pytest.mark.parametrize("claim,text", TRUE, ids=lambda item: getattr(item, "kind", ""))
def test_true_claim_is_verified_and_worded_from_evidence(claim: Claim, text: str) -> None:
    """The sentence says what the evidence says, character by character."""
    checked = check(claim, EVIDENCE)
    assert (checked.status, checked.struck_because, checked.text) == ("verified", None, text)


FALSE: list[tuple[Claim, str]] = [
    (Equals(id="c", template="{value}", ref=ref("$.total"), value=8), "is 7, not 8"),
    (Equals(id="c", template="{value}", ref=ref("$.total"), value="7"), "is 7, not 7"),
    (Equals(id="c", template="{value}", ref=ref("$.events[1].ok"), value=1), "not 1"),
    (Equals(id="c", template="{value}", ref=ref("$.events[*].n"), value=3), "selects 2 values"),
    (Equals(id="c", template="{value}", ref=ref("$.nothing"), value=3), "selects 0 values"),
    (Count(id="c", template="{value}", ref=ref("$.events[*]"), value=3), "selects 2, not 3"),
    (Count(id="c", template="{value}", ref=ref("$.events[*]"), value=0), "not nothing"),
    (Absent(id="c", template="x", ref=ref("$.events[?@.user=='bob']")), "selects 1"),
    (Absent(id="c", template="x", ref=ref("$.evnts[*]")), "did not look there"),
    (Before(id="c", template="x", first=ref("$.window_end"), second=ref("$.events[*].time")), "is not before"),
    (Before(id="c", template="x", first=ref("$.names[*]"), second=ref("$.window_end")), "not all times"),
    (Before(id="c", template="x", first=ref("$.nothing"), second=ref("$.window_end")), "not all times"),
    (SameEntity(id="c", template="x", first=ref("$.names[1]"), second=ref("$.events[*].user")), "same entity"),
    (Contains(id="c", template="x", ref=ref("$.command"), value="mimikatz"), "does not contain"),
    (Contains(id="c", template="x", ref=ref("$.command"), value=""), "empty text"),
    (Contains(id="c", template="x", ref=ref("$.names"), value="caro"), "does not contain"),
    (Contains(id="c", template="x", ref=ref("$.total"), value=7), "does not contain"),
    (Equals(id="c", template="{value}", ref=ref("$.total", "E9"), value=7), "E9 is not in the ledger"),
    (Equals(id="c", template="{value}", ref=ref("$.total["), value=7), "not a JSONPath"),
    (Equals(id="c", template="{other}", ref=ref("$.total"), value=7), "which the claim does not read"),
    (Equals(id="c", template="{value} of 12", ref=ref("$.total"), value=7), "number that is not read"),
    (Equals(id="c", template="{x}", ref=ref("$.total"), value=7, slots={"x": ref("$.gone")}), "there is nothing"),
    (Equals(id="c", template="{x}", ref=ref("$.total"), value=7, slots={"x": ref("$[")}), "not a JSONPath"),
]


@pytest.mark.parametrize("claim,reason", FALSE)
def test_claim_that_does_not_hold_is_struck_with_the_reason(claim: Claim, reason: str) -> None:
    """Wrong, unreadable, or true of something else: struck, without a sentence anybody could quote."""
    checked = check(claim, EVIDENCE)
    assert (checked.status, checked.text) == ("struck", "")
    assert reason in (checked.struck_because or "")


@pytest.mark.parametrize("status", ["error", "refused", "stale"])
def test_an_answer_that_did_not_look_never_proves_absence(status: EvidenceStatus) -> None:
    """An error is not "nothing found"; neither is an old answer."""
    for claim in (
        Absent(id="c", template="x", ref=ref("$.events[*]")),
        Count(id="c", template="x", ref=ref("$.events[*]"), value=0),
    ):
        assert check(claim, answer({"events": []}, status)).status == "struck"


def test_an_answer_cut_short_never_proves_absence() -> None:
    """What was left out may be what was looked for."""
    claim = Absent(id="c", template="x", ref=ref("$.events[*]"))
    assert check(claim, answer({"events": []}, truncated=True)).status == "struck"
    assert check(claim, answer({"events": []})).status == "verified"
    assert check(claim, answer(None, "no_data")).status == "verified"


def test_an_error_proves_nothing_at_all_but_an_old_answer_still_says_what_it_saw() -> None:
    """Stale means old, not wrong."""
    claim = Equals(id="c", template="{value}", ref=ref("$.total"), value=7)
    assert check(claim, answer({"total": 7}, "stale")).status == "verified"
    assert check(claim, answer({"total": 7}, "error")).status == "struck"
    assert check(claim, answer({"total": 7}, "refused")).status == "struck"


def test_what_was_said_before_is_not_believed() -> None:
    """Status, text and reason are made anew each time, whatever the claim brings along."""
    forged = Equals(
        id="c", template="{value}", ref=ref("$.total"), value=8, status="verified", text="Nothing to see here."
    )
    assert check(forged, EVIDENCE).status == "struck"
    struck = check(Equals(id="c", template="{value}", ref=ref("$.total"), value=7, status="struck"), EVIDENCE)
    assert (struck.status, struck.struck_because) == ("verified", None)


def test_slots_show_several_values_and_count_the_rest() -> None:
    """Twenty names in a sentence are none; objects are not spilled into it either."""
    evidence = answer({"n": list(range(8)), "o": {"a": 1}, "none": None, "list": ["x", "y"]})
    claim = Count(
        id="c",
        template="{n}; {o}; {none}; {list}",
        ref=ref("$.n[*]"),
        value=8,
        slots={
            name: ref(path) for name, path in (("n", "$.n[*]"), ("o", "$.o"), ("none", "$.none"), ("list", "$.list"))
        },
    )
    assert check(claim, evidence).text == "0, 1, 2, 3, 4 and 3 more; 1 fields; nothing; x, y"


def test_slot_text_is_never_taken_for_a_template() -> None:
    """A value with braces stays a value."""
    assert render("{a}", {"a": "{b}", "b": "no"}) == "{b}"
    with pytest.raises(ClaimError):
        render("{a.__class__} 3", {})


SCALARS: st.SearchStrategy[Scalar] = (
    st.text(max_size=30)
    | st.integers(-(2**53), 2**53)
    | st.booleans()
    | st.floats(allow_nan=False, allow_infinity=False)
)


@given(SCALARS, SCALARS)
def test_equals_verifies_exactly_the_value_that_is_there(there: Scalar, claimed: Scalar) -> None:
    """Changing a digit or a letter on either side strikes the claim."""
    evidence = answer({"x": there})
    same = isinstance(there, bool) == isinstance(claimed, bool) and there == claimed
    for value, expected in ((there, True), (claimed, same)):
        claim = Equals(id="c", template="{value}", ref=ref("$.x"), value=value)
        assert (check(claim, evidence).status == "verified") is expected


@given(st.integers(0, 12), st.integers(0, 12))
def test_count_verifies_exactly_the_number_that_is_there(there: int, claimed: int) -> None:
    """One more or one fewer is another statement."""
    claim = Count(id="c", template="{value}", ref=ref("$.e[*]"), value=claimed)
    assert (check(claim, answer({"e": list(range(there))})).status == "verified") is (there == claimed)


@given(st.integers(-5000, 5000), st.integers(-5000, 5000))
def test_before_verifies_exactly_the_order_of_the_moments(first: int, second: int) -> None:
    """One second decides, in whatever zones the two times are written."""
    times = [(NOW + timedelta(seconds=shift)) for shift in (first, second)]
    evidence = answer({"a": times[0].isoformat(), "b": int(times[1].timestamp())})
    claim = Before(id="c", template="{first} {second}", first=ref("$.a"), second=ref("$.b"))
    assert (check(claim, evidence).status == "verified") is (first <= second)


@given(st.text(), st.text(), st.text())
def test_nothing_raises(path: str, template: str, value: str) -> None:
    """Whatever a model writes, checking ends in verified or struck."""
    for claim in (
        Equals(id="c", template=template, ref=ref(path), value=value),
        Contains(id="c", template=template, ref=ref("$.command"), value=value, slots={"a": ref(path)}),
    ):
        assert check(claim, EVIDENCE).status in ("verified", "struck")


def test_evidence_is_found_by_its_id() -> None:
    """The form every check takes."""
    assert by_id(tuple(EVIDENCE.values())) == EVIDENCE


def test_a_sentence_may_name_the_field_that_its_value_stands_in() -> None:
    """ "True" alone tells a reader nothing; the name comes from the path that was run, not from who wrote the claim."""
    claim = Equals(id="c", ref=Ref(evidence="E1", path="$.events[0].ok"), value=False, template="{field}: {value}.")

    assert check(claim, EVIDENCE).text == "ok: false."
