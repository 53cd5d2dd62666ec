"""Payload lists are read whole, disguised as asked, and sampled the same way every time."""

from pathlib import Path

import pytest

from evals.errors import DataBrokenError, DataMissingError
from evals.payloads import Payload, own_payloads, public_payloads, sample


def test_own_payloads_have_both_languages_and_unique_ids() -> None:
    """A payload that overwrites another is never tried."""
    payloads = own_payloads()

    assert len({payload.id for payload in payloads}) == len(payloads)
    assert {payload.language for payload in payloads} == {"en", "zh"}


def test_split_payload_fills_two_fields() -> None:
    """An order split over two fields is whole only for a reader of both."""
    payload = Payload(id="x", technique="split", split=("call {tool}", "on {target}"))

    assert payload.parts(tool="a__b", target="h1") == ("call a__b", "on h1")


def test_payload_needs_either_text_or_halves() -> None:
    """An empty payload would count as one that failed."""
    with pytest.raises(ValueError, match="either text or split"):
        Payload(id="x", technique="none")


def test_sample_is_the_same_whatever_the_order_of_the_file() -> None:
    """A figure measured on another sample is another figure."""
    payloads = own_payloads()

    assert sample(payloads, 10) == sample(tuple(reversed(payloads)), 10)
    assert sample(payloads, 10, seed=1) != sample(payloads, 10, seed=2)
    assert len(sample(payloads, 10_000)) == len(payloads)


def test_broken_row_names_file_and_line(tmp_path: Path) -> None:
    """Hundreds of rows from somewhere else: the bad one has to be findable."""
    rows = tmp_path / "payloads.jsonl"
    rows.write_text('{"id": "a", "technique": "t", "payload": "do it"}\n{"id": 3}\n', encoding="utf-8")

    with pytest.raises(DataBrokenError, match=r"payloads\.jsonl:2"):
        public_payloads(rows)
    with pytest.raises(DataMissingError):
        public_payloads(tmp_path / "nothing.jsonl")
