"""Reading answers: a condition becomes a claim only when code can re-run it, and inherits the worst provenance."""

from datetime import UTC, datetime

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import JsonValue

from agent.evidence.claims import select
from agent.investigation.reading import Read, read_answer
from agent.investigation.values import (
    Value,
    alert_values,
    comparable,
    fill_arguments,
    fill_path,
    literal,
    question_values,
)
from agent.investigation.weighing import effective, score
from agent.models import Alert, AlertField, Evidence, Finding, JsonObject, Provenance, Rule, Scalar
from agent.playbooks.format import Bind, Question, Reading
from knowledge.trust.canonical import sha256_of

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def alert(**fields: tuple[Scalar, Provenance]) -> Alert:
    """An alert with those ECS fields; `_` in a keyword stands for a dot."""
    return Alert(
        alert_id="a-1",
        format="generic",
        product="test",
        title="Something",
        time=NOON,
        rule=Rule(id="r", name="Something"),
        fields=tuple(
            AlertField(name=name.replace("_", "."), value=value, provenance=provenance, path="$")
            for name, (value, provenance) in fields.items()
        ),
        raw={},
        fingerprint="f",
        world="lab",
    )


def evidence(
    data: JsonObject, evidence_id: str = "E1", status: str = "success", *, truncated: bool = False
) -> Evidence:
    """An answer whose every `ip` a sensor attests and whose every `text` an attacker may have written."""
    provenance = {"$.events[*].ip": "T1", "$.events[*].ok": "T1", "$.events[*].text": "T2", "$.n": "T1"}
    return Evidence.model_validate(
        {
            "id": evidence_id,
            "server": "siem",
            "tool": "siem_search_events",
            "arguments": {},
            "asked_at": NOON,
            "status": status,
            "summary": "",
            "data": data,
            "sha256": sha256_of(data),
            "provenance": provenance,
            "sensor": "edr",
            "backend": "embedded",
            "truncated": truncated,
        }
    )


def question(*readings: Reading, arguments: dict[str, Scalar | list[str] | dict[str, str]] | None = None) -> Question:
    """A question with those readings."""
    return Question(id="look", asks="?", tool="siem__siem_search_events", arguments=arguments or {}, readings=readings)


def read(asked: Question, answer: Evidence, about: Alert, blind: frozenset[str] = frozenset()) -> list[Read]:
    """What holds on the answer."""
    subject = evidence({"alert": {field.name: list_or_scalar(field.value) for field in about.fields}}, "E0")
    evidence_of_case = {subject.id: subject, answer.id: answer}
    return list(read_answer(asked, answer, question_values(about, "E0", asked, {}), evidence_of_case, blind))


def list_or_scalar(value: Scalar | tuple[Scalar, ...]) -> Scalar | list[Scalar]:
    """Tuples as JSON has them."""
    return list(value) if isinstance(value, tuple) else value


FAILURES = Reading(id="many", count="$.events[?@.ok==false]", at_least=2, sentence="{value} failed.")


def test_count_reading_becomes_an_exact_claim() -> None:
    """The report says how many, not 'at least'."""
    answer = evidence({"events": [{"ok": False}, {"ok": False}, {"ok": True}, {"ok": False}]})
    (held,) = read(question(FAILURES), answer, alert())
    assert held.claim.status == "verified"
    assert held.claim.text == "3 failed."


def test_count_of_a_cut_answer_is_given_as_at_least() -> None:
    """What was cut off would have counted too."""
    answer = evidence({"events": [{"ok": False}, {"ok": False}]}, truncated=True)
    assert [held.claim.text for held in read(question(FAILURES), answer, alert())] == ["at least 2 failed."]


def test_reading_below_its_bound_does_not_hold() -> None:
    """One failure is not many."""
    assert read(question(FAILURES), evidence({"events": [{"ok": False}]}), alert()) == []


@pytest.mark.parametrize("status", ["error", "refused", "stale"])
def test_absence_is_never_read_from_an_answer_that_did_not_look(status: str) -> None:
    """An error is never nothing found."""
    nothing = Reading(id="none", absent="$.events[*]", sentence="Nothing.")
    assert read(question(nothing), evidence({"events": []}, status=status), alert()) == []
    assert len(read(question(nothing), evidence({"events": []}, status="no_data"), alert())) == 1


def test_absence_is_not_read_from_a_cut_answer() -> None:
    """What was cut off may hold what was looked for."""
    nothing = Reading(id="none", absent="$.events[?@.ok==true]", sentence="Nothing.")
    assert read(question(nothing), evidence({"events": [{"ok": False}]}, truncated=True), alert()) == []
    few = Reading(id="few", count="$.events[*]", at_most=3, sentence="Few.")
    assert read(question(few), evidence({"events": [{"ok": False}]}, truncated=True), alert()) == []


@pytest.mark.parametrize(
    "reading",
    [
        Reading(id="none", absent="$.events[*]", sentence="Nothing."),
        Reading(id="few", count="$.events[*]", at_most=3, sentence="Few."),
        Reading(id="new", equals="$.n", value=0, sentence="New."),
        Reading(id="low", number="$.n", at_most=1, sentence="Low."),
    ],
)
def test_blind_sensor_never_says_that_something_is_not_there(reading: Reading) -> None:
    """A clean answer of a sensor that was down is the lie this product exists to prevent."""
    asked = question(reading).model_copy(update={"sensor": "edr"})
    answer = evidence({"events": [], "n": 0}, status="no_data")
    assert len(read(asked, answer, alert())) == 1
    assert read(asked, answer, alert(), frozenset({"edr"})) == []


def test_stale_answer_still_shows_what_it_saw() -> None:
    """What a dying sensor saw before it died stays."""
    answer = evidence({"events": [{"ok": False}, {"ok": False}]}, status="stale")
    assert len(read(question(FAILURES), answer, alert())) == 1


@pytest.mark.parametrize(
    ("path", "expected"),
    [("$.events[?@.ip=='192.0.2.1']", Provenance.SENSOR), ("$.events[?search(@.text, 'x')]", Provenance.UNTRUSTED)],
)
def test_finding_is_as_trusted_as_the_fields_its_path_filters_on(path: str, expected: Provenance) -> None:
    """Filtering on attacker text makes the count attacker text."""
    answer = evidence({"events": [{"ip": "192.0.2.1", "text": "x"}]})
    reading = Reading(id="some", count=path, at_least=1, sentence="Some.")
    (held,) = read(question(reading), answer, alert())
    assert held.finding.provenance is expected or expected is Provenance.SENSOR


def test_finding_inherits_the_provenance_of_the_arguments_it_was_asked_with() -> None:
    """Asking for a file name the attacker chose, and finding nothing, proves nothing."""
    absent = Reading(id="none", absent="$.events[*]", sentence="Nothing.")
    asked = question(absent, arguments={"name": "{file.name}"})
    about = alert(file_name=("a.exe", Provenance.UNTRUSTED))
    (held,) = read(asked, evidence({"events": []}, status="no_data"), about)
    assert held.finding.provenance is Provenance.UNTRUSTED


def test_alert_text_in_a_path_stays_one_literal() -> None:
    """A host name that closes the quote must not become JSONPath syntax."""
    hostile = "x' || true || @.a=='"
    reading = Reading(id="same", count="$.events[?@.ip=={host.name}]", at_least=1, sentence="Same.")
    about = alert(host_name=(hostile, Provenance.SENSOR))
    assert read(question(reading), evidence({"events": [{"ip": "192.0.2.1"}]}), about) == []


@given(st.text())
def test_any_text_survives_as_a_literal(text: str) -> None:
    """Whatever the text holds, the path selects exactly the rows that equal it."""
    assume(comparable(text))
    rows: JsonObject = {"events": [{"a": text}, {"a": text + "!"}]}
    assert select(f"$.events[?@.a=={literal(text)}]", rows) == [{"a": text}]


@pytest.mark.parametrize("value", ["a\x07b", "a\nb", "x" * 5000])
def test_text_that_cannot_be_a_literal_leaves_the_path_unasked(value: str) -> None:
    """Better no reading than one that compares something else."""
    assert fill_path("$.events[?@.a=={name}]", {"name": Value(value, Provenance.SENSOR)}) == ""


def test_question_without_its_value_cannot_be_asked() -> None:
    """A half-filled question would ask about everything."""
    asked = question(arguments={"host": "{host.name}", "filters": {"user.name": "{user.name}"}})
    assert fill_arguments(asked, alert_values(alert(host_name=("ws-1", Provenance.SENSOR)), "E0")) is None


def test_bound_value_comes_from_the_earlier_answer_with_its_provenance() -> None:
    """A follow-up question is as trustworthy as the answer its value came from."""
    asked = question(arguments={"user": "{account}"}).model_copy(
        update={"bind": {"account": Bind(question="first", path="$.events[0].text")}}
    )
    values = question_values(alert(), "E0", asked, {"first": evidence({"events": [{"text": "bob"}]})})
    assert values["account"].value == "bob"
    assert values["account"].provenance is Provenance.UNTRUSTED
    assert fill_arguments(asked, values) == {"user": "bob"}


def test_path_with_a_missing_value_is_not_run() -> None:
    """An empty slot must not select everything."""
    assert fill_path("$.events[?@.a=={nothing}]", {"other": Value("x", Provenance.SENSOR)}) == ""


@pytest.mark.parametrize("provenance", [Provenance.UNTRUSTED, Provenance.MODEL])
def test_untrusted_finding_weighs_only_towards_malice(provenance: Provenance) -> None:
    """Text may raise, never lower."""
    assert effective(-2.0, "malicious", provenance) == 0
    assert effective(2.0, "malicious", provenance) == 2
    assert effective(2.0, "benign", provenance) == 0
    assert effective(-2.0, "authorised", provenance) == -2
    assert effective(-2.0, "malicious", Provenance.SENSOR) == -2


def test_one_question_is_counted_once() -> None:
    """Three readings of one answer are still one answer."""
    findings = [
        Finding(claim=str(n), question="look", weights={"bad": 2.0}, provenance=Provenance.SENSOR) for n in range(3)
    ]
    assert score({"bad": "malicious"}, findings) == {"bad": 3.0}


@pytest.mark.parametrize(
    ("reading", "data", "text"),
    [
        (Reading(id="r", contains="$.names", value="kim", sentence="{value}."), {"names": ["kim", "lee"]}, "kim."),
        (Reading(id="r", contains="$.names", value="kim", sentence="{value}."), {"names": ["kimono"]}, None),
        (Reading(id="r", contains="$.note", value="KIM", sentence="{value}."), {"note": "akimbo"}, "KIM."),
        (Reading(id="r", contains="$.note", value="{user.name}", sentence="x"), {"note": "kim"}, None),
        (
            Reading(id="r", before=("$.a", "$.b"), sentence="ok"),
            {"a": "2026-03-02T11:00:00Z", "b": "2026-03-02T12:00:00Z"},
            "ok",
        ),
        (
            Reading(id="r", before=("$.a", "$.b"), sentence="ok"),
            {"a": "2026-03-02T13:00:00Z", "b": "2026-03-02T12:00:00Z"},
            None,
        ),
        (Reading(id="r", before=("$.a", "$.b"), sentence="ok"), {"a": "2026-03-02T11:00:00Z"}, None),
        (Reading(id="r", same_entity=("$.a", "$.b"), sentence="ok"), {"a": "CORP\\kim", "b": "kim"}, "ok"),
        (Reading(id="r", same_entity=("$.a", "$.b"), sentence="ok"), {"a": "kim", "b": "lee"}, None),
        (Reading(id="r", number="$.n", at_least=3, sentence="{value}."), {"n": 3}, "3."),
        (Reading(id="r", number="$.n", at_least=3, sentence="{value}."), {"n": 2}, None),
        (Reading(id="r", number="$.n", at_most=3, sentence="{value}."), {"n": 4}, None),
        (Reading(id="r", number="$.n", at_least=1, sentence="{value}."), {"n": True}, None),
        (Reading(id="r", number="$.n", at_least=1, sentence="{value}."), {"n": "many"}, None),
        (Reading(id="r", number="$.n[*]", at_least=1, sentence="{value}."), {"n": [5, 6]}, None),
        (Reading(id="r", equals="$.n", value=True, sentence="x"), {"n": 1}, None),
    ],
)
def test_reading_holds_only_on_what_it_says(reading: Reading, data: JsonObject, text: str | None) -> None:
    """A condition of any form that holds on something else would put a false sentence into a report."""
    held = [item.claim.text for item in read(question(reading), evidence(data), alert())]
    assert held == ([] if text is None else [text])


def test_text_too_long_for_a_pattern_costs_its_reading_only() -> None:
    """A hostile answer ends one reading, not the investigation."""
    slow = Reading(
        id="slow",
        count="$.events[?search(@.text, '(?i)(a|b|c|d|e|f|g|h|i|j)z')]",
        at_least=1,
        sentence="slow",
    )
    answer = evidence({"events": [{"text": "a" * 11_000_000, "ok": False}, {"ok": False}]})
    assert [held.finding.reading for held in read(question(slow, FAILURES), answer, alert())] == ["many"]


@pytest.mark.parametrize(("truncated", "status"), [(True, "success"), (False, "stale")])
def test_no_more_than_is_not_read_from_a_partial_answer(*, truncated: bool, status: str) -> None:
    """'No more than one account' needs the whole answer; so does none at all."""
    few = Reading(id="few", count="$.events[*]", at_most=1, sentence="few")
    for events in ([], [{"ok": True}]):
        answer = evidence({"events": events}, status=status, truncated=truncated)
        assert read(question(few), answer, alert()) == []
    assert len(read(question(few), evidence({"events": [{"ok": True}]}), alert())) == 1


FIRST = Reading(
    id="first",
    count="$.events[*]",
    at_least=1,
    sentence="{value} calls, the first {after} after {start}.",
    plainer=("{value} calls by {who}.", "{value} calls."),
    show={"start": "$.start", "when": "$.events[*].at", "who": "$.events[*].who"},
    elapsed={"after": ("start", "when")},
)
CALLS: list[JsonValue] = [{"at": "2026-03-02T12:00:25Z", "who": "a"}, {"at": "2026-03-02T12:09:00Z", "who": "a"}]


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({"start": "2026-03-02T12:00:00Z", "events": CALLS}, "2 calls, the first 25 s after 2026-03-02T12:00:00Z."),
        ({"start": "2026-03-02T09:00:00Z", "events": CALLS}, "2 calls, the first 3 h after 2026-03-02T09:00:00Z."),
        ({"start": "2026-03-02T13:00:00Z", "events": CALLS}, "2 calls by a."),
        ({"events": CALLS}, "2 calls by a."),
        ({"events": [{}]}, "1 calls."),
    ],
)
def test_sentence_shows_as_much_as_there_is(data: JsonObject, text: str) -> None:
    """A product that leaves a field out must cost a detail of the sentence, never the finding."""
    assert [held.claim.text for held in read(question(FIRST), evidence(data), alert())] == [text]


@pytest.mark.parametrize(
    ("truncated", "status", "blind"), [(True, "success", ""), (False, "stale", ""), (False, "success", "edr")]
)
def test_what_was_partly_seen_is_a_least_number_and_has_no_first(*, truncated: bool, status: str, blind: str) -> None:
    """The first call that a dying sensor saw is not the first call."""
    asked = question(FIRST).model_copy(update={"sensor": "edr"})
    answer = evidence({"start": "2026-03-02T12:00:00Z", "events": CALLS}, status=status, truncated=truncated)
    assert [held.claim.text for held in read(asked, answer, alert(), frozenset({blind}))] == ["at least 2 calls by a."]
