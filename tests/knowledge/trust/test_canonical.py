"""Canonical JSON: equal values have equal bytes, different values do not."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from knowledge.trust.canonical import canonical, sha256_of

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def test_order_of_members_does_not_matter() -> None:
    """Two programs that build the same object in another order have to agree on its hash."""
    assert (
        canonical({"b": 1, "a": [True, None]}) == b'{"a":[true,null],"b":1}' == canonical({"a": [True, None], "b": 1})
    )


@given(JSON)
def test_bytes_read_back_as_the_value(value: JsonValue) -> None:
    """Nothing is lost, so different values cannot share bytes."""
    assert json.loads(canonical(value)) == value


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_json_cannot_say_is_refused(value: float) -> None:
    """NaN has no agreed spelling; hashing it would depend on the library."""
    with pytest.raises(ValueError, match="JSON"):
        canonical({"x": value})


def test_lone_surrogate_has_bytes_of_its_own() -> None:
    """Broken text from an attacker neither crashes the hash nor collides with its own escape."""
    assert sha256_of("\ud800") != sha256_of("\\ud800")
