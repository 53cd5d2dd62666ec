"""An exported case, checked from its bytes alone: who signed it, and whether everything in it still holds.

    bytes -> canonical JSON -> signature -> signer -> evidence hashes -> the alert -> every claim -> the verdict

No database is needed. The public key travels inside, so anybody can see that nothing was changed since it was signed;
who signed it is a question of its own, answered only by a pinned key or the keys this installation knows.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal

from pydantic import JsonValue, ValidationError

from agent.evidence.claims import by_id, check
from agent.evidence.entities import moment_of
from agent.evidence.ledger import INTAKE, alert_data
from agent.models import Alert, Case, Claim, Evidence, JsonObject, Model
from knowledge.trust.canonical import canonical, sha256_of
from knowledge.trust.errors import KeyFileError
from knowledge.trust.keys import SigningKey, VerifyKey

FORMAT: Final = "mcpsoc-case/1"
"""To be raised when claims are worded differently from the same evidence, since older exports hold the older words."""
MAX_BYTES: Final = 64 * 1024 * 1024

Signer = Literal["pinned", "known", "unknown", "none"]
"""`pinned`: the key the caller named. `known`: one of this installation's. `unknown`: some other key. `none`: no good
signature at all."""


class Check(Model):
    """One thing that was looked at."""

    name: str
    """`format`, `signature`, `signer`, `hash E3`, `alert`, `claim ID` or `verdict`."""
    ok: bool
    detail: str


class VerificationReport(Model):
    """What verification found."""

    ok: bool
    """Everything holds and the signer is known or pinned."""
    intact: bool
    """Everything holds, whoever signed it."""
    case_id: str | None
    signer: Signer
    key_id: str | None
    audit_head: str | None
    """Head of the tenant's audit chain when it was exported, to be found in that chain."""
    claims: int
    verified: int
    struck: int
    """Claims that were struck already when the case was written; they are shown as struck."""
    checks: tuple[Check, ...]

    @property
    def failed(self) -> tuple[Check, ...]:
        """What does not hold."""
        return tuple(check for check in self.checks if not check.ok)


@dataclass(frozen=True, slots=True)
class _Export:
    """A document whose parts could be read."""

    case: Case
    signed: bytes
    public: VerifyKey
    key_id: str
    signature: str
    audit_head: str | None


class _UnreadableError(Exception):
    """The bytes are no export; the message says why."""


def sign_export(case: Case, key: SigningKey, audit_head: str | None = None) -> bytes:
    """The case as one canonical JSON document with its signature, ending in a newline."""
    document: JsonObject = {
        "format": FORMAT,
        "case": case.model_dump(mode="json", exclude={"evidence", "report"}),
        "evidence": [item.model_dump(mode="json") for item in case.evidence],
        "report": case.report.model_dump(mode="json") if case.report else None,
        "audit_head": audit_head,
        "key_id": key.public.key_id,
        "public_key": key.public.text,
    }
    return canonical({**document, "signature": key.sign(_message(document))}) + b"\n"


def verify_export(
    data: bytes, key: VerifyKey | None = None, known: Mapping[str, VerifyKey] | None = None
) -> VerificationReport:
    """Check an export. `key` pins the signer; `known` are this installation's keys by key id.

    It never raises on what is in the bytes: whatever is wrong becomes a check that fails."""
    try:
        export = _read(data)
    except _UnreadableError as error:
        return _report(None, "none", (Check(name="format", ok=False, detail=str(error)),))
    signed = export.public.verify(export.signed, export.signature)
    signer = _signer(export, key, known or {}) if signed else "none"
    return _report(export, signer, tuple(_checks(export, signed, signer)))


def verify_case(case: Case) -> Iterator[Check]:
    """What holds of a case whoever hands it over: its evidence is what was stored, and every claim follows from it."""
    for item in case.evidence:
        yield _hash_check(item)
    yield _alert_check(case)
    if case.report is not None:
        evidence = by_id(case.evidence)
        for claim in case.report.claims:
            yield _claim_check(claim, evidence)
        yield _verdict_check(case)


def _checks(export: _Export, signed: bool, signer: Signer) -> Iterator[Check]:
    yield Check(name="format", ok=True, detail=FORMAT)
    said = "fits every byte" if signed else "does not fit: the document was changed after it was signed"
    yield Check(name="signature", ok=signed, detail=said)
    yield _signer_check(signer, export.key_id)
    yield from verify_case(export.case)


def _signer(export: _Export, key: VerifyKey | None, known: Mapping[str, VerifyKey]) -> Signer:
    if key is not None:
        return "pinned" if key == export.public else "unknown"
    return "known" if known.get(export.public.key_id) == export.public else "unknown"


def _signer_check(signer: Signer, key_id: str) -> Check:
    told = {
        "pinned": f"{key_id}, the key it was to be signed with",
        "known": f"{key_id}, a key of this installation",
        "unknown": f"{key_id}, an unknown signer: anybody may have written and signed this; pin the key you expect",
        "none": "nobody: there is no good signature",
    }
    return Check(name="signer", ok=signer in ("pinned", "known"), detail=told[signer])


def _hash_check(item: Evidence) -> Check:
    fits = sha256_of(item.data) == item.sha256
    return Check(
        name=f"hash {item.id}", ok=fits, detail=item.sha256[:16] if fits else "the data is not what was stored"
    )


def _alert_check(case: Case) -> Check:
    """Every alert of the case is in its evidence as it came, and nothing else is passed off as one."""
    if not case.evidence:
        return Check(name="alert", ok=True, detail="no evidence yet")
    if all(item.id != "E0" for item in case.evidence):
        return Check(name="alert", ok=False, detail="E0 is missing")
    came_in = [item for item in case.evidence if item.server == INTAKE]
    strange = [item.id for item in came_in if not any(_is_alert(item.data, alert) for alert in case.alerts)]
    if strange or case.evidence[0].server != INTAKE:
        return Check(name="alert", ok=False, detail=f"{', '.join(strange) or 'E0'} is not an alert of the case")
    return Check(name="alert", ok=True, detail="the evidence has the alerts as they came")


def _is_alert(data: JsonValue, alert: Alert) -> bool:
    """Whether evidence holds this alert: the same raw text, the same fields, and none besides."""
    if not isinstance(data, dict) or not isinstance(fields := data.get("alert"), dict):
        return False
    expected = alert_data(alert)
    wanted = expected["alert"]
    if not isinstance(wanted, dict) or fields.keys() != wanted.keys() or data.get("raw") != expected["raw"]:
        return False
    return all(_same_value(kept, wanted[name]) for name, kept in fields.items())


def _same_value(kept: JsonValue, wanted: JsonValue) -> bool:
    """Equal, or one moment written with more or fewer zeros."""
    return kept == wanted or (
        isinstance(kept, str) and moment_of(kept) is not None and moment_of(kept) == moment_of(wanted)
    )


def _claim_check(claim: Claim, evidence: Mapping[str, Evidence]) -> Check:
    again = check(claim, evidence)
    name = f"claim {claim.id}"
    if again == claim:
        return Check(name=name, ok=True, detail=claim.text or f"struck: {claim.struck_because}")
    if again.status != claim.status:
        return Check(name=name, ok=False, detail=f"written as {claim.status}, but is {again.status}: {_why(again)}")
    return Check(name=name, ok=False, detail=f"the evidence says otherwise: {_why(again)}")


def _why(claim: Claim) -> str:
    return claim.struck_because or claim.text


def _verdict_check(case: Case) -> Check:
    """The verdict follows from its own gates and rests on claims that are there."""
    if case.report is None:
        return Check(name="verdict", ok=True, detail="none yet")
    verdict, problems = case.report.verdict, []
    claims = {claim.id for claim in case.report.claims}
    if missing := sorted({finding.claim for finding in case.report.findings} - claims):
        problems.append(f"findings rest on claims that are not there: {', '.join(missing[:5])}")
    if len(claims) < len(case.report.claims):
        problems.append("two claims share an id")
    steps = verdict.gates
    if any(later.before != earlier.after for earlier, later in pairwise(steps)):
        problems.append("a gate starts from another disposition than the gate before it left")
    if steps and steps[-1].after != verdict.disposition:
        problems.append(f"the gates left {steps[-1].after}, the verdict says {verdict.disposition}")
    return Check(name="verdict", ok=not problems, detail="; ".join(problems) or verdict.disposition)


def _report(export: _Export | None, signer: Signer, checks: tuple[Check, ...]) -> VerificationReport:
    report = export.case.report if export else None
    claims = report.claims if report else ()
    intact = all(item.ok for item in checks if item.name != "signer")
    return VerificationReport(
        ok=intact and signer in ("pinned", "known"),
        intact=intact,
        case_id=export.case.id if export else None,
        signer=signer,
        key_id=export.key_id if export else None,
        audit_head=export.audit_head if export else None,
        claims=len(claims),
        verified=sum(item.ok for item in checks if item.name.startswith("claim "))
        - sum(claim.status == "struck" for claim in claims),
        struck=sum(claim.status == "struck" for claim in claims),
        checks=checks,
    )


def _read(data: bytes) -> _Export:
    """Raises: _UnreadableError when the bytes are not exactly what an export of this format is."""
    document = _document(data)
    try:
        case = Case.model_validate({**_object(document, "case"), **_parts(document)})
    except ValidationError as error:
        raise _UnreadableError(f"it is not a case: {error.error_count()} fields are wrong") from error
    try:
        public = VerifyKey.from_text(_text(document, "public_key"))
    except KeyFileError as error:
        raise _UnreadableError(str(error)) from error
    if public.key_id != document["key_id"]:
        raise _UnreadableError("the key inside is not the key it names")
    unsigned = {name: value for name, value in document.items() if name != "signature"}
    head = document["audit_head"]
    return _Export(
        case, _message(unsigned), public, public.key_id, _text(document, "signature"), str(head) if head else None
    )


def _document(data: bytes) -> JsonObject:
    if len(data) > MAX_BYTES:
        raise _UnreadableError(f"{len(data)} bytes are more than an export has")
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise _UnreadableError(f"it is not JSON: {error}") from error
    members = {"format", "case", "evidence", "report", "audit_head", "key_id", "public_key", "signature"}
    if not isinstance(document, dict) or set(document) != members or document["format"] != FORMAT:
        raise _UnreadableError(f"it is not a case export of the form {FORMAT}")
    try:
        exact = canonical(document) + b"\n" == data
    except ValueError as error:
        raise _UnreadableError(f"it is not plain JSON: {error}") from error
    if not exact:
        raise _UnreadableError("its bytes are not in canonical form: it was edited")
    return document


def _parts(document: JsonObject) -> JsonObject:
    return {"evidence": document["evidence"], "report": document["report"]}


def _object(document: JsonObject, name: str) -> JsonObject:
    value = document[name]
    if not isinstance(value, dict):
        raise _UnreadableError(f"{name} is not an object")
    return value


def _text(document: JsonObject, name: str) -> str:
    value = document[name]
    if not isinstance(value, str):
        raise _UnreadableError(f"{name} is not a text")
    return value


def _message(document: Mapping[str, JsonValue]) -> bytes:
    return b"mcpsoc-export-1\n" + canonical(document)
