"""The small cases that a model decides in a probe: cases.yaml, made into what a brain is shown."""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Final, TypeAlias

import yaml
from pydantic import Field

from agent.brain.protocol import CaseView
from agent.evidence.claims import check
from agent.evidence.ledger import Ledger
from agent.models import (
    Alert,
    AlertField,
    Claim,
    Disposition,
    Equals,
    EvidenceStatus,
    Finding,
    Gap,
    Hypothesis,
    JsonObject,
    Model,
    Provenance,
    Ref,
    Rule,
    Scalar,
)
from agent.playbooks.format import Playbook, Question
from agent.wording import Language

WHEN: Final = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)
"""The clock of every probe: the same requests at every time and place."""
Words: TypeAlias = dict[Language, str]


class GivenField(Model):
    """A field of an alert."""

    name: str
    value: str
    written_by: Provenance = Field(alias="class")


class GivenClaim(Model):
    """A claim on an answer: the value at `path` is `value`."""

    id: str
    path: str
    value: Scalar
    says: Words


class GivenAnswer(Model):
    """What a tool answered to a question."""

    question: str
    tool: str
    arguments: JsonObject
    status: EvidenceStatus = "success"
    data: JsonObject = {}
    error: str | None = None
    claims: tuple[GivenClaim, ...] = ()


class GivenCase(Model):
    """A case and what a person would conclude."""

    id: str
    """Never shown to the model: it would give the answer away."""
    alert: str
    """Id of the alert."""
    expected: tuple[Disposition, ...]
    title: Words
    rule: Words
    fields: tuple[GivenField, ...]
    answers: tuple[GivenAnswer, ...]
    gaps: tuple[Gap, ...] = ()


class GivenCases(Model):
    """The file."""

    playbook: Playbook
    cases: tuple[GivenCase, ...]


@cache
def given() -> GivenCases:
    """The shipped cases."""
    text = (files("agent.brain.probe") / "cases.yaml").read_text("utf-8")
    return GivenCases.model_validate(yaml.load(text, Loader=yaml.CSafeLoader))


def to_plan(case: GivenCase, language: Language = "en") -> CaseView:
    """The case as it is when nothing was asked yet."""
    ledger = Ledger()
    alert = _alert(case, language, "")
    ledger.from_alert(alert)
    return _view(case, alert, ledger, (), open_questions=given().playbook.questions)


def to_conclude(case: GivenCase, language: Language = "en", *, written: str = "") -> CaseView:
    """The case with every answer in. `written`: what an attacker wrote behind the last field of the alert."""
    ledger = Ledger()
    alert = _alert(case, language, written)
    ledger.from_alert(alert)
    claims = tuple(_answered(case, ledger, language))
    return _view(case, alert, ledger, claims)


def _alert(case: GivenCase, language: Language, written: str) -> Alert:
    """The alert; the text of an attacker stands where one writes, in the last field."""
    values = {field.name: field.value for field in case.fields}
    values[case.fields[-1].name] += written
    fields = (
        AlertField(name=item.name, value=values[item.name], provenance=item.written_by, path=f"$['{item.name}']")
        for item in case.fields
    )
    return Alert(
        alert_id=case.alert,
        format="generic",
        product="edr",
        title=case.title[language],
        time=WHEN,
        rule=Rule(id=case.alert, name=case.rule[language]),
        fields=tuple(fields),
        raw=dict(values),
        fingerprint=case.id,
        world="lab",
        synthetic=True,
    )


def _answered(case: GivenCase, ledger: Ledger, language: Language) -> Iterator[Claim]:
    """Put every answer into the ledger; yields the claims on them, each run."""
    for answer in case.answers:
        item = ledger.add(
            server=answer.tool.partition("__")[0],
            tool=answer.tool.partition("__")[2],
            arguments=answer.arguments,
            asked_at=WHEN,
            status=answer.status,
            summary=answer.error or "answered",
            backend="embedded",
            data=answer.data,
            provenance={f"$.{name}": Provenance.SENSOR for name in answer.data},
            synthetic=True,
            error=answer.error,
        )
        for claim in answer.claims:
            place = Ref(evidence=item.id, path=claim.path)
            made = Equals(id=claim.id, template=claim.says[language], ref=place, value=claim.value)
            yield check(made, ledger.by_id)


def _view(
    case: GivenCase,
    alert: Alert,
    ledger: Ledger,
    claims: tuple[Claim, ...],
    open_questions: tuple[Question, ...] = (),
) -> CaseView:
    """What a brain is shown. No hypothesis leads: which one should is the question; code would ask a person."""
    playbook = given().playbook
    hypotheses = tuple(Hypothesis(id=item.id, kind=item.kind, text=item.text) for item in playbook.hypotheses)
    return CaseView(
        alert=alert,
        alert_class=playbook.name,
        playbook=playbook,
        hypotheses=hypotheses,
        scores={hypothesis.id: 0.0 for hypothesis in hypotheses},
        evidence=ledger.evidence,
        claims=claims,
        findings=tuple(_finding(claim) for claim in claims),
        open_questions=open_questions,
        case_id=f"probe-{case.alert}",
        answered=tuple(zip((answer.question for answer in case.answers), list(ledger.by_id)[1:], strict=False)),
        now=WHEN,
        gaps=case.gaps,
        draft="needs_human",
    )


def _finding(claim: Claim) -> Finding:
    return Finding(claim=claim.id, question="probe", weights={}, provenance=Provenance.SENSOR)
