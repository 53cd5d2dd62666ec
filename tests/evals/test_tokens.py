"""Tokens per case: the ruler, and one story each way."""

import pytest

from agent.models import JsonObject
from evals.benchmarks.tokens import HUGE_TOKENS, P95_TOKENS, measure, missed, summed
from evals.benchmarks.wire import Meter, Prefixes, sent_text
from evals.following import answer_of


def test_what_a_request_holds_is_counted_once_and_without_escapes() -> None:
    """Quotation marks in a text are one character for a model, and two on the wire."""
    call: JsonObject = {"id": "1", "type": "function", "function": {"name": "look", "arguments": '{"a":1}'}}
    said: JsonObject = {"role": "assistant", "content": 'a "b"', "tool_calls": [call]}

    assert sent_text([said], [{"name": "look"}]) == '{"name":"look"}assistant\na "b"\nlook {"a":1}\n'


def test_input_counts_as_repeated_as_far_as_any_earlier_request_goes() -> None:
    """An endpoint caches beginnings of all requests, not only of the last one."""
    prefixes = Prefixes()

    assert [prefixes.repeated(text) for text in ("abcd", "xy", "abce", "abcdef", "")] == [0, 0, 3, 4, 0]


def test_a_case_is_counted_from_the_end_of_the_one_before() -> None:
    """Cases share the beginning of their requests, not their account."""
    meter = Meter()
    meter.count("a" * 40, "b" * 8)
    first = meter.case()
    meter.count("a" * 80, "")
    second = meter.case()

    assert (first.calls, first.input, first.output, first.repeated) == (1, 10, 2, 0)
    assert (second.tokens, second.repeated, second.largest) == (20, 10, 20)


def test_a_played_answer_has_every_member_that_the_form_asks_for() -> None:
    """An answer that a strict endpoint would not give measures nothing."""
    assert answer_of("plan", {"order": ["a"]}) == {
        "decision": "plan",
        "plan": {"order": ["a"], "reads": []},
        "assess": None,
        "challenge": None,
        "conclude": None,
    }


@pytest.mark.thorough
@pytest.mark.timeout(120)
async def test_a_case_costs_a_fraction_of_a_plain_loop_over_the_same_reads() -> None:
    """The whole benchmark on one attack and one twin; make bench-tokens tries every story."""
    stories = [("web_shell", "attack"), ("cloud_key", "benign_twin")]
    report = await measure(seeds=1, first_seed=3, stories=stories, progress=lambda line: None)

    assert [row.same_verdict for row in report.cases] == [True, True]
    assert all(row.staged.tokens < 0.25 * row.plain.tokens for row in report.cases)
    assert all(row.plain.calls == row.reads + 1 for row in report.cases)
    assert report.staged.most <= P95_TOKENS
    assert [item.added <= HUGE_TOKENS for item in report.huge] == [True]
    assert missed(summed(report.cases, [report.huge[0].model_copy(update={"added": HUGE_TOKENS + 1})]))
