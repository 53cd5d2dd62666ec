"""What happened in a case, and why it was judged so: verdict, story, what decided, what was not seen."""

import re
from collections.abc import Sequence
from typing import Final

from agent.conversation.intents.case_attributes import (
    attributes,
    due_line,
    late,
    only_attributes,
    status_line,
)
from agent.conversation.intents.case_lines import case_line, closed_line
from agent.conversation.intents.saying import (
    Saying,
    about,
    asks,
    counted,
    equals,
    line,
    nothing,
    path,
    told,
    unanswered,
)
from agent.conversation.intents.the_case import case_of, get_case, get_claims, missing, no_case, which_case
from agent.conversation.models import Entity, Referents
from agent.conversation.protocol import Draft, Looker, Understood
from agent.conversation.understanding.rows import inner, objects, rows, text, texts
from agent.models import Evidence, JsonObject, Ref

_ASKED: Final = (
    (r"\bwork|succe|成功|得手", "Did it work? {value}", "Did it work?", "did_it_work"),
    (
        r"going on|ongoing|still|active|over\b|继续|进行|结束",
        "Is it still going on? {value}",
        "Is it still going on?",
        "still_going_on",
    ),
)
_STATE: Final = re.compile(r"status|owner|assign|working on|taken|\bdue\b|deadline|状态|负责|处理人|谁在|期限|截止")
_UNSEEN: Final = re.compile(r"not (?:seen?|look)|missing|gaps?\b|没看到|看不到|没有看到|缺")
_EXPLAINED: Final = re.compile(r"hypothes|alternative|explanations|假设|其他解释")
_MOST_CLAIMS: Final = 4
_MOST_GAPS: Final = 3
CLAIMS: Final = (
    "{value} ({case}/{e1})",
    "{value} ({case}/{e1}, {case}/{e2})",
    "{value} ({case}/{e1}, {case}/{e2}, {case}/{e3})",
)
"""A statement with one, two or three pieces of evidence."""
TECHNIQUES: Final = "ATT&CK techniques: {names}."
HYPOTHESIS: Final = "Explanation considered, with what the evidence gives it: {value} ({score})."
NO_GAP: Final = "Nothing that had to be looked at is missing."
TO_DO: Final = "What to do now: {value}"
LIKELIHOOD: Final = "Likelihood of malice {value}, severity {severity}, outcome {outcome}."
GAP: Final = "{value} could not see the event ({reason})."
NO_ALERT: Final = "There is no alert of that id."
ALERT: Final = "The alert '{value}' was raised at {time}."
ALERT_HOST: Final = "It names the host {value}."
ALERT_USER: Final = "It names the account {value}."
ALERT_SOURCE: Final = "It names the source {value}."


class CaseSummary:
    """The case in a few sentences."""

    name = "case_summary"

    async def answer(self, question: Understood, referents: Referents, looker: Looker) -> Draft:
        """Verdict first."""
        if (case := which_case(question)) is None:
            alert = question.first("alert")
            return no_case(question) if alert is None else await _alert(alert, question, referents, looker)
        opened = await get_case(case.value, question.language, looker)
        if not case_of(opened):
            return missing(opened)
        asked = question.asked.get("case", ())
        first = told(_asked(opened, question.plain), attributes(opened, asked))
        if first and only_attributes(asked, question.plain):
            return Draft(
                said=told(first, case_line(opened, "case"), closed_line(opened, "case")),
                suggestions=_next(question, case_of(opened), case.value),
                referents=about(question, referents, self.name, entities=named_by(case_of(opened))),
            )
        claims = await get_claims(case.value, question.language, looker)
        story = telling(claims)
        said = told(
            first,
            case_line(opened, "case"),
            closed_line(opened, "case"),
            _numbers(opened),
            [claim_line(claims, place, opened) for place in story],
            counted(opened, TECHNIQUES, "$.case.techniques[*]", {"names": "$.case.techniques[*]"}),
            _gaps(opened),
            line(opened, TO_DO, "What to do now:", path("case", "opening", "what_to_do_now")),
            unanswered(claims),
        )
        return Draft(
            said=said,
            suggestions=_next(question, case_of(opened), case.value),
            referents=about(
                question, referents, self.name, entities=named_by(case_of(opened)), listed=evidence_of(claims, story)
            ),
        )


def telling(claims: Evidence) -> list[int]:
    """The statements worth telling: what was raised, then what decided, then what weighs most."""
    listed = rows(claims, "claims")
    kept = [place for place, row in enumerate(listed) if row.get("status") == "verified"]
    raised = [place for place in kept if text(listed[place], "id") == "alert.raised"]
    weighty = [place for place in kept if objects(listed[place].get("weights"))]
    weighty.sort(key=lambda place: (listed[place].get("decisive_for") is None, -_weight(listed[place])))
    return [*raised[:1], *sorted(weighty[:_MOST_CLAIMS])]


def claim_line(claims: Evidence, place: int, opened: Evidence) -> Saying:
    """One statement, with the pieces of evidence it rests on as `C-2/E5`: the thread has numbers of its own."""
    at = path("claims", place, "text")
    pieces = texts(rows(claims, "claims")[place], "evidence")[: len(CLAIMS)]
    if not pieces:
        return line(claims, "{value}", "", at)
    slots = {f"e{number}": path("claims", place, "evidence", number - 1) for number in range(1, len(pieces) + 1)}
    case = Ref(evidence=opened.id, path=path("case", "id"))
    return equals(claims, CLAIMS[len(pieces) - 1], at, {**slots, "case": case}) or line(claims, "{value}", "", at)


def evidence_of(claims: Evidence, places: Sequence[int]) -> list[Entity]:
    """The first piece of evidence of each statement, to be pointed at by its place."""
    listed = rows(claims, "claims")
    return [Entity(type="evidence", value=ids[0]) for place in places if (ids := texts(listed[place], "evidence"))]


def named_by(case: JsonObject) -> list[Entity]:
    """The case, and the host, account, source and file of its first alert."""
    found = [Entity(type="case", value=text(case, "id") or "")]
    alert = next(iter(objects(case.get("alerts"))), {})
    if host := text(alert, "host"):
        found.append(Entity(type="host", value=host))
    if user := text(alert, "user"):
        found.append(Entity(type="account", value=user))
    if source := text(alert, "source"):
        found.append(Entity(type="address", value=source))
    if digest := text(alert, "sha256"):
        found.append(Entity(type="sha256", value=digest))
    return found


def _weight(row: JsonObject) -> float:
    weights = [item.get("weight") for item in objects(row.get("weights"))]
    return max((abs(weight) for weight in weights if isinstance(weight, int | float)), default=0.0)


def _asked(opened: Evidence, plain: str) -> list[Saying]:
    """Whether it worked, and whether it goes on, when that is what was asked."""
    said: list[Saying] = [
        line(opened, template, lead, path("case", "opening", member))
        for words, template, lead, member in _ASKED
        if re.search(words, plain)
    ]
    if _STATE.search(plain):
        said += [status_line(opened), late(opened) or due_line(opened)]
    if _UNSEEN.search(plain):
        said += [*_gaps(opened), nothing(opened, NO_GAP, "$.case.gaps[*]")]
    if _EXPLAINED.search(plain):
        said += _hypotheses(opened)
    return said


def _hypotheses(opened: Evidence) -> list[Saying]:
    places = range(len(objects(case_of(opened).get("hypotheses"))))
    at = [("case", "hypotheses", place) for place in places]
    return [equals(opened, HYPOTHESIS, path(*one, "text"), {"score": path(*one, "score")}) for one in at]


def _numbers(opened: Evidence) -> Saying:
    slots = {name: path("case", name) for name in ("severity", "outcome")}
    return equals(opened, LIKELIHOOD, path("case", "likelihood"), slots)


def _gaps(opened: Evidence) -> list[Saying]:
    places = range(min(_MOST_GAPS, len(objects(case_of(opened).get("gaps")))))
    return [
        equals(opened, GAP, path("case", "gaps", place, "sensor"), {"reason": path("case", "gaps", place, "reason")})
        for place in places
    ]


def _next(question: Understood, case: JsonObject, case_id: str) -> tuple[str, ...]:
    ends = text(case, "disposition")
    if ends == "true_positive":
        return (
            asks(question.language, "How do I contain {it}?", it=case_id),
            asks(question.language, "Who is affected by {it}?", it=case_id),
            asks(question.language, "Show me the evidence of {it}", it=case_id),
        )
    return (
        asks(question.language, "Why is {it} not closed?", it=case_id),
        asks(question.language, "What would change the verdict of {it}?", it=case_id),
        asks(question.language, "Show me the evidence of {it}", it=case_id),
    )


async def _alert(alert: Entity, question: Understood, referents: Referents, looker: Looker) -> Draft:
    """An alert that is named by its own id: what it says."""
    found = await looker.read("siem__siem_get_alert", {"alert_id": alert.value})
    fields = inner(found, "alert")
    if not fields:
        return Draft(said=told(nothing(found, NO_ALERT, "$.alert")))
    at = path("alert", "kibana.alert.rule.name")
    host, user = text(fields, "host.name"), text(fields, "user.name")
    entities = [Entity(type="host", value=host)] if host else []
    entities += [Entity(type="account", value=user)] if user else []
    return Draft(
        said=told(
            equals(found, ALERT, at, {"time": path("alert", "@timestamp")}),
            equals(found, ALERT_HOST, path("alert", "host.name")),
            equals(found, ALERT_USER, path("alert", "user.name")),
            equals(found, ALERT_SOURCE, path("alert", "source.ip")),
        ),
        suggestions=(asks(question.language, "Which cases mention {it}?", it=host),) if host else (),
        referents=about(question, referents, "case_summary", entities=entities),
    )
