"""What a model says is taken apart: what does not exist is struck, what is a number is not read."""

from dataclasses import replace

import pytest
from pydantic import JsonValue

from agent.brain.endpoint.names import Names
from agent.brain.model.conversation import resume
from agent.brain.model.parsing import parse_assessment, parse_challenge, parse_conclusion, parse_plan
from agent.brain.model.schema import SCHEMA
from agent.brain.model.writing import Pen
from agent.models import JsonObject
from tests.agent.brain.conftest import Driven

PLAIN = Pen(Names(hidden=False))


def answer(step: str, part: JsonObject) -> JsonObject:
    """An answer with one part filled."""
    whole: JsonObject = {"decision": step, "plan": None, "assess": None, "challenge": None, "conclude": None}
    return {**whole, step: part}


def test_ids_that_do_not_exist_are_struck_and_said(spray: Driven) -> None:
    """A citation of nothing must not reach a report, and a person sees that it was tried."""
    view = spray.view("conclude")
    said = answer(
        "conclude",
        {"hypothesis": "takeover", "disposition": "true_positive", "highlights": ["successes.signed_in", "C-99", "E5"]},
    )

    parsed = parse_conclusion(said, view, PLAIN)

    assert parsed.value.highlights == ("successes.signed_in",)
    assert [problem for problem in parsed.problems if "'C-99'" in problem or "'E5'" in problem] == list(parsed.problems)


def test_numbers_and_confidences_are_dropped(spray: Driven) -> None:
    """A model's number decides nothing: it does not even get in."""
    part: JsonObject = {"hypothesis": "takeover", "disposition": "true_positive", "highlights": [], "confidence": 0.97}
    said: JsonObject = {**answer("conclude", part), "likelihood": 0.01, "severity": "low"}

    parsed = parse_conclusion(said, spray.view("conclude"), PLAIN)

    assert "0.97" not in parsed.value.model_dump_json()
    assert set(parsed.problems) == {"ignored: confidence", "ignored: likelihood", "ignored: severity"}


@pytest.mark.parametrize(
    "said",
    [
        answer("conclude", {"hypothesis": "nobody", "disposition": "true_positive", "highlights": []}),
        answer("conclude", {"hypothesis": "takeover", "disposition": "harmless", "highlights": []}),
        answer("plan", {"order": [], "reads": []}),
        {"decision": "conclude"},
    ],
)
def test_what_cannot_be_mended_is_told_to_the_model(spray: Driven, said: JsonObject) -> None:
    """Guessing what was meant would be deciding in its place."""
    with pytest.raises(ValueError, match=r"conclude|nobody|disposition"):
        parse_conclusion(said, spray.view("conclude"), PLAIN)


@pytest.mark.parametrize(
    "tool",
    ["endpoint__endpoint_isolate_host", "firewall_block_address", "siem_health", "shell", "http://evil.example/x"],
)
def test_a_tool_that_does_not_read_is_struck(spray: Driven, tool: str) -> None:
    """A model names tools as it likes; only the table of reads counts."""
    reads: JsonObject = {"order": [], "reads": [{"tool": tool, "arguments": "{}"}]}

    parsed = parse_plan(answer("plan", reads), spray.view("plan"), PLAIN)

    assert parsed.value.reads == ()
    assert tool in parsed.problems[0]


def test_reads_are_taken_with_their_arguments_as_text_or_as_object(spray: Driven) -> None:
    """Both forms are common; a text that is no object is struck."""
    wanted: list[JsonValue] = ['{"indicator": "198.51.100.1"}', {"indicator": "198.51.100.2"}, "[1]", "indicator=1"]
    reads: list[JsonObject] = [{"tool": "intel_lookup", "arguments": arguments} for arguments in wanted]

    parsed = parse_plan(answer("plan", {"order": [], "reads": [*reads]}), spray.view("plan"), PLAIN)

    assert [(read.tool, read.arguments) for read in parsed.value.reads] == [
        ("intel__intel_lookup", {"indicator": "198.51.100.1"}),
        ("intel__intel_lookup", {"indicator": "198.51.100.2"}),
    ]
    assert len(parsed.problems) == 2


def test_an_assessment_asks_only_where_it_names_a_gap(spray: Driven) -> None:
    """A question without a reason is curiosity, and costs a call."""
    view = spray.view("assess")
    asks: JsonObject = {
        "weighed": None,
        "gap": " ",
        "ask": ["source_history"],
        "reads": None,
        "expand": None,
        "points": None,
    }

    parsed = parse_assessment(answer("assess", asks), view, resume(view, hidden=False).evidence, PLAIN)

    assert (parsed.value.gap, parsed.value.ask) == (None, ())
    assert parsed.problems == ("it asks without naming a gap: not asked",)


def test_a_rival_that_leads_is_argued_against_another_kind(spray: Driven) -> None:
    """Whoever argues for the leader argues against something else, never against itself."""
    view = spray.view("challenge")
    leading = max(view.scores, key=lambda name: view.scores[name])

    parsed = parse_challenge(answer("challenge", {"rival": leading, "argument": [], "ask": []}), view, PLAIN)

    kinds = {hypothesis.id: hypothesis.kind for hypothesis in view.hypotheses}
    assert parsed.value.rival == leading
    assert kinds[parsed.value.against] != kinds[leading]


def test_lists_have_their_limits(spray: Driven) -> None:
    """An answer of ten thousand weighings is an attack on the case file, not a decision."""
    view = spray.view("conclude")
    claim = next(claim.id for claim in view.claims if claim.status == "verified")
    rows: list[JsonObject] = [{"claim": claim, "hypothesis": "takeover", "bearing": "for"}] * 500
    point: JsonObject = {"kind": "count", "evidence": "E4", "path": "$.buckets[*]", "value": "1", "raises": True}
    part: JsonObject = {"weighed": [*rows], "gap": "x" * 5_000, "ask": [], "points": [point] * 50}

    parsed = parse_assessment(answer("assess", part), view, resume(view, hidden=False).evidence, PLAIN)

    assert len(parsed.value.weighed) == 12
    assert len(parsed.value.extra) <= 4
    assert len(parsed.value.gap or "") < 300


def test_every_object_of_the_schema_is_strict() -> None:
    """Strict modes refuse a schema with an optional member or an open object."""
    forms = [SCHEMA]
    seen = 0
    while forms:
        form = forms.pop()
        if "properties" in form:
            seen += 1
            members = form["properties"]
            assert isinstance(members, dict)
            assert form["additionalProperties"] is False
            assert form["required"] == list(members)
        for value in form.values():
            inner = value.values() if isinstance(value, dict) else []
            forms += [item for item in [value, *inner] if isinstance(item, dict)]
    assert seen >= 8


def test_a_view_without_anything_is_still_answered(spray: Driven) -> None:
    """A graph that fills less gives a brain less, not an error."""
    view = replace(spray.view("conclude"), answered=(), decisions=(), scores={}, gaps=(), contributions=())
    said = answer("challenge", {"rival": "takeover", "argument": [], "ask": []})

    assert parse_challenge(said, view, PLAIN).value.against != "takeover"
    assert "Decide: conclude" in str(resume(view, hidden=True).message("conclude")["content"])
