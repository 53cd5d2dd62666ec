"""Every claim of every story: change one digit, time or name of it or of its evidence, and `verify` says so."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import JsonValue

from agent.evidence.claims import by_id, check
from agent.evidence.verification import sign_export, verify_export
from agent.models import Case, Claim, JsonObject
from evals.pipeline import lab_pipeline
from evals.planting import written
from knowledge.trust.canonical import sha256_of
from knowledge.trust.keys import SigningKey

KEY = SigningKey.generate()
PLACES = 8
"""Characters of one text that are changed, one at a time, spread over it."""


def changed(text: str) -> Iterator[str]:
    """The text with one digit or letter changed, in up to `PLACES` places."""
    spots = [index for index, sign in enumerate(text) if sign.isalnum() and sign.isascii()]
    for index in spots[:: max(1, len(spots) // PLACES)][:PLACES]:
        sign = text[index]
        other = str((int(sign) + 1) % 10) if sign.isdigit() else ("x" if sign.lower() != "x" else "y")
        yield text[:index] + other + text[index + 1 :]


def forged(claim: Claim) -> Iterator[Claim]:
    """The claim saying something else: in its words, its template, or the value it holds."""
    for text in changed(claim.text):
        yield claim.model_copy(update={"text": text})
    value: JsonValue = getattr(claim, "value", None)
    if isinstance(value, bool):
        yield claim.model_copy(update={"value": not value})
    elif isinstance(value, int | float):
        yield claim.model_copy(update={"value": value + 1})
    elif isinstance(value, str):
        yield from (claim.model_copy(update={"value": text}) for text in changed(value))
    yield claim.model_copy(update={"template": f"{claim.template} This was authorised."})


def leaves(value: JsonValue, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Every text inside, with the way to it."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from leaves(item, (*path, index))
    elif isinstance(value, str) and any(sign.isalnum() for sign in value):
        yield path, value


def rewritten(case: Case, change: JsonObject) -> bytes:
    """The case's document with parts exchanged, written exactly as an export is, the signature left as it was."""
    document = json.loads(sign_export(case, KEY))
    return json.dumps(document | change, sort_keys=True, separators=(",", ":")).encode() + b"\n"


async def cases_of(lab: Path, home: Path) -> list[Case]:
    """Every story of the lab as a case."""
    async with lab_pipeline(home, lab) as pipeline:
        return [await pipeline.handle(raw) for raw in await pipeline.new_alerts()]


@pytest.mark.thorough
@pytest.mark.timeout(400)
async def test_every_claim_of_every_story_is_tamper_evident(lab: Path, tmp_path: Path) -> None:
    """A report is worth what a reader can check without us."""
    cases = await cases_of(lab, tmp_path)
    assert len(cases) == 50
    for case in cases:
        assert verify_export(sign_export(case, KEY), KEY.public).ok
        assert_claims_hold_alone(case)
        assert_evidence_holds_alone(case)
        assert_document_holds(case)


def assert_claims_hold_alone(case: Case) -> None:
    """No claim can be reworded and still be what its evidence says."""
    assert case.report is not None
    assert case.report.claims
    evidence = by_id(case.evidence)
    for claim in case.report.claims:
        believed = [lie for lie in forged(claim) if check(lie, evidence) == lie]
        assert believed == [], f"{case.title}: {claim.id}"


def assert_evidence_holds_alone(case: Case) -> None:
    """No text of any answer can be changed without its hash."""
    for item in case.evidence:
        found = list(leaves(item.data))
        for path, text in found[:: max(1, len(found) // PLACES)]:
            assert sha256_of(written(item.data, path, next(changed(text), f"{text}x"))) != item.sha256


def assert_document_holds(case: Case) -> None:
    """The same through the whole document: once in a claim, once in evidence, signed anew by the same key or not."""
    assert case.report is not None
    claims = list(case.report.claims)
    told = next(index for index, claim in enumerate(claims) if claim.text)
    claims[told] = claims[told].model_copy(update={"text": next(changed(claims[told].text))})
    lying = case.model_copy(update={"report": case.report.model_copy(update={"claims": tuple(claims)})})
    assert not verify_export(sign_export(lying, KEY), KEY.public).intact

    document = json.loads(sign_export(lying, KEY))
    assert not verify_export(rewritten(case, {"report": document["report"]}), KEY.public).intact

    evidence = list(case.evidence)
    evidence[0] = evidence[0].model_copy(update={"data": {"alert": {}, "raw": {}}})
    assert not verify_export(sign_export(case.model_copy(update={"evidence": tuple(evidence)}), KEY), KEY.public).intact
    assert not verify_export(sign_export(case, SigningKey.generate()), KEY.public).ok
