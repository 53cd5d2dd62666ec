"""An export proves itself: every change is found, with no database and with nothing but the bytes."""

import json
import random
from collections.abc import Callable, Iterator

import pytest
from pydantic import JsonValue

from agent.evidence.verification import VerificationReport, sign_export, verify_export
from agent.models import Case, JsonObject
from knowledge.trust.canonical import canonical, sha256_of
from knowledge.trust.keys import SigningKey

KEY = SigningKey.generate()
STRUCK = (9, 10)
"""The sample's claims that are struck: they say nothing that could be changed."""
CaseFactory = Callable[..., Case]


@pytest.fixture
def exported(sample: CaseFactory) -> bytes:
    """The sample case, signed."""
    return sign_export(sample(), KEY, audit_head="ab" * 32)


def failed(report: VerificationReport) -> str:
    """What does not hold, as one text."""
    assert report.intact is not any(check.name != "signer" for check in report.failed)
    return "; ".join(f"{check.name}: {check.detail}" for check in report.failed)


def resigned(document: JsonObject, key: SigningKey) -> bytes:
    """The document signed anew by somebody with a key of their own."""
    unsigned: dict[str, JsonValue] = {name: value for name, value in document.items() if name != "signature"}
    unsigned |= {"key_id": key.public.key_id, "public_key": key.public.text}
    return canonical({**unsigned, "signature": key.sign(b"mcpsoc-export-1\n" + canonical(unsigned))}) + b"\n"


def test_export_verifies_with_the_pinned_key_or_a_known_one(exported: bytes) -> None:
    """Nothing but the bytes and a key is needed; struck claims are not counted as verified."""
    for report in (
        verify_export(exported, key=KEY.public),
        verify_export(exported, known={KEY.public.key_id: KEY.public}),
    ):
        assert report.ok
        assert report.intact
        assert (report.case_id, report.claims, report.verified, report.struck) == ("C-1", 11, 9, 2)
        assert report.audit_head == "ab" * 32
        assert failed(report) == ""


def test_unknown_signer_is_never_ok(exported: bytes) -> None:
    """Whoever changes an export and signs it anew has a perfect document, but not a known key."""
    forger = SigningKey.generate()
    forged = resigned(json.loads(exported), forger)
    for report in (
        verify_export(forged),
        verify_export(forged, key=KEY.public),
        verify_export(forged, known={KEY.public.key_id: KEY.public}),
        verify_export(forged, known={forger.public.key_id: KEY.public}),
    ):
        assert not report.ok
        assert (report.intact, report.signer) == (True, "unknown")
        assert "unknown signer" in failed(report)


def test_every_changed_byte_is_found(exported: bytes) -> None:
    """Flipped, dropped or doubled, anywhere in the document."""
    chosen = random.Random(7)
    for place in chosen.sample(range(len(exported)), 250):
        flipped = exported[:place] + bytes([exported[place] ^ 1]) + exported[place + 1 :]
        dropped = exported[:place] + exported[place + 1 :]
        doubled = exported[:place] + exported[place : place + 1] + exported[place:]
        for changed in (flipped, dropped, doubled):
            assert changed == exported or not verify_export(changed, key=KEY.public).intact


@pytest.mark.parametrize("ending", [b"", b"\n\n", b" \n", b"\n{}"])
def test_the_same_document_in_other_bytes_is_found(exported: bytes, ending: bytes) -> None:
    """White space and trailing junk are changes too."""
    assert not verify_export(exported.rstrip() + ending, key=KEY.public).intact


def scalars(value: JsonValue, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], JsonValue]]:
    """Every scalar of a document with where it stands."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from scalars(item, (*path, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from scalars(item, (*path, index))
    elif value is not None:
        yield path, value


def replaced(document: JsonValue, path: tuple[str | int, ...], value: JsonValue) -> JsonValue:
    """A copy of the document with one scalar changed."""
    if not path:
        return value
    if isinstance(document, dict):
        return {name: replaced(item, path[1:], value) if name == path[0] else item for name, item in document.items()}
    assert isinstance(document, list)
    return [replaced(item, path[1:], value) if index == path[0] else item for index, item in enumerate(document)]


def other(value: JsonValue) -> JsonValue:
    """Another digit, letter or truth."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    assert isinstance(value, str)
    return (chr(ord(value[0]) ^ 1) + value[1:]) if value else "x"


def test_whoever_holds_the_key_still_cannot_change_evidence_or_claims(exported: bytes) -> None:
    """Signed anew with the right key: changed evidence breaks a hash, a changed claim no longer fits its words."""
    document: JsonObject = json.loads(exported)
    tried = 0
    for name in ("evidence", "report"):
        for path, value in scalars(document[name]):
            in_claims = name == "report" and path[0] == "claims" and path[1] not in STRUCK and path[-1] != "id"
            in_data = name == "evidence" and path[1] in ("data", "sha256")
            if not (in_claims or in_data):
                continue
            changed = replaced(document, (name, *path), other(value))
            assert isinstance(changed, dict)
            assert not verify_export(resigned(changed, KEY), key=KEY.public).ok, (path, value)
            tried += 1
    assert tried > 150


def edited(exported: bytes, *path: str | int, value: JsonValue) -> VerificationReport:
    """Verification of the export with one change, signed anew with the right key."""
    document: JsonObject = json.loads(exported)
    changed = replaced(document, path, value)
    assert isinstance(changed, dict)
    return verify_export(resigned(changed, KEY), key=KEY.public)


def test_evidence_changed_together_with_its_hash_contradicts_its_claims(exported: bytes) -> None:
    """The last line of defence is the sentence itself."""
    document: JsonObject = json.loads(exported)
    changed = replaced(document, ("evidence", 2, "data", "events", 0, "user.name"), "p.novak")
    data = json.loads(json.dumps(changed))["evidence"][2]["data"]
    again = replaced(changed, ("evidence", 2, "sha256"), sha256_of(data))
    assert isinstance(again, dict)

    report = verify_export(resigned(again, KEY), key=KEY.public)

    assert "claim success.signed_in" in failed(report)
    assert "claim mailbox.same: written as verified, but is struck" in failed(report)


def test_verdict_that_the_gates_did_not_leave_is_found(exported: bytes) -> None:
    """A disposition cannot be edited apart from the gates, nor a gate apart from its neighbours."""
    assert "the verdict says false_positive" in failed(
        edited(exported, "report", "verdict", "disposition", value="false_positive")
    )
    assert "another disposition" in failed(
        edited(exported, "report", "verdict", "gates", 1, "before", value="needs_human")
    )
    assert "claims that are not there" in failed(edited(exported, "report", "findings", 0, "claim", value="gone"))
    assert "share an id" in failed(edited(exported, "report", "claims", 1, "id", value="attempts.many"))


def test_alert_and_its_evidence_have_to_agree(exported: bytes) -> None:
    """E0 is the alert; a case about another alert is another case."""
    assert "E0 is not an alert" in failed(
        edited(exported, "case", "alerts", 0, "raw", "source.ip", value="198.51.100.1")
    )
    assert "E0 is not an alert" in failed(edited(exported, "evidence", 0, "server", value="siem"))
    assert "E0 is not an alert" in failed(edited(exported, "case", "alerts", 0, "fields", 4, "value", value="9.9.9.9"))
    assert "E0 is missing" in failed(edited(exported, "evidence", 0, "id", value="E77"))


def test_another_spelling_of_the_alert_time_is_the_same_alert(sample: CaseFactory) -> None:
    """An export outlives the version that wrote it, also where a later one writes a time with fewer digits."""
    case = sample()
    alert = case.alerts[0]
    fields = tuple(field for field in alert.fields if field.name != "@timestamp")
    data = case.evidence[0].data
    assert isinstance(data, dict)
    assert isinstance(data["alert"], dict)
    spelt: JsonObject = {**data, "alert": {**data["alert"], "@timestamp": "2026-03-09T08:33:00.000000Z"}}
    first = case.evidence[0].model_copy(update={"data": spelt, "sha256": sha256_of(spelt)})
    case = case.model_copy(
        update={
            "alerts": (alert.model_copy(update={"fields": fields}),),
            "evidence": (first, *case.evidence[1:]),
        }
    )
    assert verify_export(sign_export(case, KEY), key=KEY.public).ok


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]\n",
        b"{}\n",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"format":"mcpsoc-case/2"}\n',
    ],
)
def test_what_is_no_export_is_reported_and_does_not_raise(data: bytes) -> None:
    """People verify whatever file they were sent."""
    report = verify_export(data)
    assert (report.ok, report.intact, report.signer, report.case_id) == (False, False, "none", None)


@pytest.mark.parametrize(
    "path,value",
    [
        (("case",), 1),
        (("case", "id"), 1),
        (("evidence",), {}),
        (("public_key",), 1),
    ],
)
def test_broken_parts_are_reported(exported: bytes, path: tuple[str, ...], value: JsonValue) -> None:
    """A document of the right shape with the wrong things in it."""
    document: JsonObject = json.loads(exported)
    changed = replaced(document, path, value)
    assert isinstance(changed, dict)
    assert not verify_export(canonical(changed) + b"\n").intact


def test_broken_keys_and_signatures_are_reported(exported: bytes) -> None:
    """Each has its own sentence."""
    document: JsonObject = json.loads(exported)
    for change, told in (
        ({"public_key": "junk"}, "not an Ed25519 public key"),
        ({"key_id": "0" * 16}, "not the key it names"),
        ({"signature": 5}, "signature is not a text"),
        ({"signature": "AAAA"}, "does not fit"),
    ):
        report = verify_export(canonical({**document, **change}) + b"\n", key=KEY.public)
        assert told in failed(report)


def test_case_without_a_report_can_be_exported(sample: CaseFactory) -> None:
    """A case that nobody has looked into yet is still a record."""
    report = verify_export(sign_export(sample(investigated=False), KEY), key=KEY.public)
    assert (report.ok, report.claims, report.audit_head) == (True, 0, None)
