"""JSONPath into evidence: standard, bounded, and open about what it reads."""

import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from agent.evidence.errors import PathError
from agent.evidence.paths import ANY, DEEP, Read, compile_path, locate, select
from agent.evidence.patterns import compile_pattern

EVENTS: JsonValue = {
    "events": [
        {"source.ip": "203.0.113.9", "event.outcome": "failure", "tags": ["a", "b"]},
        {"source.ip": "203.0.113.9", "event.outcome": "success", "tags": []},
        {"source.ip": "198.51.100.4", "event.outcome": "failure", "bytes": 12},
    ]
}


def test_a_filter_may_not_walk_the_answer_again_for_each_node() -> None:
    """A path that anybody may ask for would keep the machine busy for as long as the answer is big, squared."""
    for path in ("$..[?count($.events[*])>1]", "$.events[?@.tags[?count($.events[*].tags)>1]]"):
        with pytest.raises(PathError, match="from the root"):
            compile_path(path)
    assert select("$.events[?@['source.ip']==$.events[2]['source.ip']].bytes", EVENTS) == [12]


@pytest.mark.parametrize(
    "path,expected",
    [
        ("$.events[?@['event.outcome']=='failure']['source.ip']", ["203.0.113.9", "198.51.100.4"]),
        ("$.events[0].tags[*]", ["a", "b"]),
        ("$.events[-1].bytes", [12]),
        ("$.events[?count(@.tags[*])>1]['event.outcome']", ["failure"]),
        ("$.events[?@.bytes && @.bytes<20]['source.ip']", ["198.51.100.4"]),
        ("$.events[?search(@['source.ip'], '(?i)^198')].bytes", [12]),
        ("$.events[?match(@['source.ip'], '203[.].*')]['event.outcome']", ["failure", "success"]),
        ("$.events[?@.tags[?@=='b']]['event.outcome']", ["failure"]),
        ("$.nothing[*]", []),
    ],
)
def test_filters_select_what_the_standard_says(path: str, expected: list[object]) -> None:
    """Playbooks are written against RFC 9535, not against one library's habits."""
    assert select(path, EVENTS) == expected


def test_data_that_is_one_value_is_selected_as_a_whole_only() -> None:
    """A text answer must not be read as if it were JSON itself."""
    assert select("$", '{"a": 1}') == ['{"a": 1}']
    assert select("$.a", '{"a": 1}') == []
    assert select("$", None) == []


@pytest.mark.parametrize(
    "path",
    [
        "",
        "events[0]",
        "$.events[",
        " $.events",
        "$.a | $.b",
        "$.events[?typeof(@)=='string']",
        "$.events[?@ =~ /x/]",
        "$..a..b",
        "$.a[?@..b]",
        "$.a[*,*]",
        "$.a[?@.b[?@.c[?@.d]]]",
        "$" + ".a" * 70,
        "$." + "a" * 20_001,
        "$" + "[?@" * 500,
    ],
)
def test_path_outside_the_standard_or_its_bounds_is_refused(path: str) -> None:
    """What a model or a foreign export brings may be wrong, but not expensive."""
    with pytest.raises(PathError):
        compile_path(path)


def test_descent_into_very_deep_data_is_refused() -> None:
    """Nested beyond reason, an answer costs its own claim and not the process."""
    deep: JsonValue = 1
    for _ in range(200):
        deep = [deep]
    with pytest.raises(PathError, match="followed"):
        select("$..x", deep)


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|b)*", "(?=a)", "(a)\\1", "a" * 301, "[", "(?P<x>a)", "(a){2}"])
def test_pattern_that_can_explode_is_refused(pattern: str) -> None:
    """No text, however chosen, may stall a claim."""
    with pytest.raises(PathError):
        compile_pattern(pattern)


@pytest.mark.parametrize(
    "pattern,degree,choices",
    [
        ("abc", 0, 1),
        ("a?b{2}", 0, 2),
        ("a*b+c{0,3}", 2, 4),
        ("[*+|]{1,30}", 1, 1),
        (r"\*\(x\)+", 1, 1),
        (r"(?i)(a|b|c)(\.exe)?|x", 0, 12),
        ("(?:a|(b|c))", 0, 4),
    ],
)
def test_pattern_is_weighed_before_it_runs(pattern: str, degree: int, choices: int) -> None:
    """Signs that are escaped or in a character class repeat nothing; every choice multiplies."""
    weighed = compile_pattern(pattern)
    assert (weighed.degree, weighed.choices) == (degree, choices)


@pytest.mark.parametrize("pattern", ["a*a*b", "a?" * 60 + "b", "(a|a)" * 50 + "b", "a{0,8}" * 30 + "b"])
def test_slow_pattern_is_refused_before_it_runs(pattern: str) -> None:
    """Polynomial on a long command line or exponential on a short one: either would hang the analyst."""
    start = time.perf_counter()
    with pytest.raises(PathError, match="too slow"):
        select(f"$[?search(@, '{pattern}')]", ["a" * 2_000])
    assert time.perf_counter() - start < 1


def test_pattern_on_what_is_no_text_does_not_match() -> None:
    """Numbers and missing members are not texts."""
    assert select("$[?search(@, '1')]", [1, None, "1"]) == ["1"]
    assert select("$[?match(@, '1')]", [1, None, "1"]) == ["1"]


def test_reads_name_every_field_a_filter_looks_at() -> None:
    """Nested, negated, compared with the root, inside a function: nothing that decides stays unseen."""
    compiled = compile_path("$.a[?!(@.b=='x') || search(@['c.d'], 'y') && @.e == $.root.f && @.g[?@.h < 3]].i")
    assert compiled.location == ("a", ANY, "i")
    assert set(compiled.reads) == {
        Read(("a", ANY, "b"), "x"),
        Read(("a", ANY, "c.d")),
        Read(("a", ANY, "e")),
        Read(("root", "f")),
        Read(("a", ANY, "g", ANY)),
        Read(("a", ANY, "g", ANY, "h")),
    }


def test_several_names_and_descents_are_any_location() -> None:
    """Where the path leaves it open which field is meant, every field is."""
    assert compile_path("$['a','b'].c").location == (ANY, "c")
    assert compile_path("$..c").location == (DEEP, "c")


def test_locations_use_one_part_for_every_index() -> None:
    """Declarations are per field, not per row."""
    assert locate("$.events[2].bytes", EVENTS) == [(("events", ANY, "bytes"), 12)]


@given(st.text(max_size=40))
def test_any_text_is_a_path_or_refused(path: str) -> None:
    """No other exception may come out, whatever is asked."""
    with contextlib.suppress(PathError):
        assert isinstance(select(path, EVENTS), list)
