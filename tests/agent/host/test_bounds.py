"""Whatever a server sends, what is kept is valid JSON of bounded size."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import AnswerInvalidError
from agent.host.bounds import MAX_DEPTH, bounded

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=60),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(max_size=12), inner, max_size=6),
    max_leaves=60,
)


def size(value):
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


@given(value=VALUES, most=st.integers(40, 400))
def test_the_kept_part_fits_and_says_when_something_is_missing(value, most):
    """Too long an answer is cut, a short one is untouched, and the difference is always visible."""
    kept, cut = bounded(value, most)

    assert size(kept) <= most
    assert cut == (kept != value)
    assert cut or size(value) <= most


def depth(value):
    if not isinstance(value, dict | list):
        return 0
    return 1 + max((depth(item) for item in (value.values() if isinstance(value, dict) else value)), default=0)


@pytest.mark.parametrize("wrap", [lambda value: [value], lambda value: {"a": value}])
def test_nesting_deeper_than_any_reader_takes_is_left_out(wrap):
    """A thousand brackets are an attack on whoever walks them."""
    deep: object = "core"
    for _ in range(5000):
        deep = wrap(deep)

    kept, cut = bounded(deep, 24_000)

    assert cut
    assert depth(kept) == MAX_DEPTH


def test_what_is_just_deep_enough_stays():
    """The bound is not off by one."""
    value: object = 1
    for _ in range(MAX_DEPTH):
        value = [value]

    assert bounded(value, 24_000) == (value, False)


def test_wide_answers_lose_their_end_and_keep_their_head():
    """Five megabytes of rows become the first rows."""
    rows = [{"n": n, "text": "x" * 1000} for n in range(5000)]

    kept, cut = bounded({"rows": rows}, 24_000)

    assert cut
    assert kept["rows"][:20] == rows[:20]
    assert 23_000 < size(kept) <= 24_000
    assert all(row["n"] == n for n, row in enumerate(kept["rows"]))


def test_one_long_text_is_cut_within():
    """A single field must not crowd out its own beginning."""
    kept, cut = bounded({"log": "\x00\u202eé" * 100_000}, 1000)

    assert cut
    assert kept["log"].startswith("\x00\u202eé")
    assert size(kept) <= 1000


def test_a_huge_number_that_does_not_fit_is_left_out():
    """Numbers are not cut: half a number is another number."""
    kept, cut = bounded([10**300, "x" * 200], 60)

    assert kept[0] is None
    assert cut


@pytest.mark.parametrize("number", [float("nan"), float("inf"), 10**5000], ids=["nan", "infinity", "too long"])
def test_a_number_that_json_does_not_have_is_refused(number):
    """It could neither be hashed nor exported."""
    with pytest.raises(AnswerInvalidError, match="not JSON"):
        bounded({"n": [number]}, 1000)
