"""How to stop it: what the runbook says, what stands in force already, and the actions a person may approve."""

import re
from typing import Final

from agent.conversation.intents import facts
from agent.conversation.intents.case_lines import case_line
from agent.conversation.intents.case_summary import named_by
from agent.conversation.intents.saying import (
    NOT_ANSWERED,
    Saying,
    about,
    asks,
    equals,
    line,
    nothing,
    path,
    told,
    unanswered,
)
from agent.conversation.intents.shelf import containing, in_english, search, section, told_hits, told_section
from agent.conversation.intents.the_case import case_of, get_case, missing
from agent.conversation.models import Entity, EntityType, Proposal, Referents
from agent.conversation.protocol import Draft, Looker, Speech, Understood
from agent.conversation.understanding.cases import cases_of
from agent.conversation.understanding.rows import inner, objects, rows, text
from agent.models import Evidence, JsonObject, Ref
from agent.playbooks.format import PermittedAction, Playbook, load_playbooks
from agent.wording import Language, localised

_THINGS: Final[tuple[EntityType, ...]] = ("host", "account", "address", "domain", "sha256")
_OFFERED: Final = ("true_positive", "needs_human", "not_evaluable")
_ASKING: Final = re.compile(
    r"\b(?:how|do|does|i|we|you|should|can|could|to|a|an|the|what|is|are|contain|containing|containment|stop|handle|respond|response"
    r"|remediate|remediation|mitigate|against|with|from|this|that|it|please|block|isolate|deal|about|next|steps)\b|[?!.,？！，。]"
    r"|怎么办|怎么|如何|怎样|遏制|隔离|处置|处理|封禁|阻断|止损|应对|响应|应该|下一步|我们|该|吗|呢"
)
TO_DO: Final = "What to do now: {value}"
BENIGN: Final = "It was not judged malicious, so I propose no action."
BY_HAND: Final = "I propose actions only from a case's evidence; name the case, or contain it by hand by the runbook."
READ_ONLY: Final = "I change nothing myself; an action has to be approved by a person."
NO_RUNBOOK: Final = "No runbook has a section on that."
ACTIONS: Final = {
    "isolate the host": "Proposed, once a person approves it: isolate the host {value}.",
    "disable the account": "Proposed, once a person approves it: disable the account {value}.",
    "disable the account and end its sessions": (
        "Proposed, once a person approves it: disable the account {value} and end its sessions."
    ),
    "quarantine the file": "Proposed, once a person approves it: quarantine the file {value}.",
    "block the source address for a limited time": (
        "Proposed, once a person approves it: block {value} for a limited time."
    ),
    "disable the key's account": "Proposed, once a person approves it: disable the account {value}.",
    "isolate the web server": "Proposed, once a person approves it: isolate the host {value}.",
}


class Containment:
    """Proposals and the runbook's words."""

    name = "containment"

    async def answer(self, question: Understood, referents: Referents, looker: Looker) -> Draft:
        """For the case that is meant; without one, what the runbooks say."""
        case = await _case(question, looker)
        if case is None:
            return await _general(question, referents, looker)
        opened = await get_case(case.value, question.language, looker)
        row = case_of(opened)
        if not row:
            return missing(opened)
        alert, runbook, state = await _looks(row, case.value, question.language, looker)
        actions = _actions(row, alert) if text(row, "disposition") in _OFFERED else []
        return Draft(
            said=told(
                case_line(opened, "case"),
                line(opened, TO_DO, "What to do now:", path("case", "opening", "what_to_do_now")),
                [_told(alert, action) for action in actions],
                Speech(READ_ONLY) if actions else Speech(BENIGN) if text(row, "disposition") not in _OFFERED else None,
                state,
                told_section(runbook),
                nothing(runbook, NO_RUNBOOK, "$.text"),
            ),
            proposals=tuple(_proposal(action, alert, case.value, question.language) for action in actions),
            suggestions=(
                asks(question.language, "Who is affected by {it}?", it=case.value),
                asks(question.language, "What would change the verdict of {it}?", it=case.value),
            ),
            referents=about(question, referents, self.name, entities=named_by(row)),
        )


async def _case(question: Understood, looker: Looker) -> Entity | None:
    """The case that is named; the one case that names the thing; the thread's."""
    said = [item for item in question.entities if item.said]
    if case := next((item for item in said if item.type == "case"), None):
        return case
    things = [item for item in said if item.type in _THINGS]
    if not things and not _topic(question):
        if (case := question.first("case")) is not None:
            return case
        things = [item for item in question.entities if item.type in _THINGS]
    choices = await cases_of(things[:1], looker) if things else []
    return Entity(type="case", value=choices[0].id) if len(choices) == 1 else None


def _topic(question: Understood) -> bool:
    """Whether the question is about a kind of attack rather than about what the thread is about."""
    return (
        re.search(
            r"\b(?:a|an|any) \w+|ransomware|phishing|malware|spray|web ?shell|lateral|exfiltration"
            r"|勒索|钓鱼|恶意软件|喷洒|横向|后门|外泄",
            question.plain,
        )
        is not None
    )


async def _looks(
    row: JsonObject, case_id: str, language: Language, looker: Looker
) -> tuple[Evidence, Evidence, list[Saying]]:
    """The case's alert, the runbook's section, and what is contained already."""
    first = next(iter(objects(row.get("alerts"))), {})
    pages = containing(text(row, "alert_class") or "generic", language)
    calls: list[tuple[str, JsonObject]] = [
        ("mcpsoc__mcpsoc_get_evidence", {"case_id": case_id, "evidence_id": text(first, "evidence") or "E0"}),
        ("kb__kb_get_section", {"section_id": pages[0]}),
    ]
    if host := text(first, "host"):
        calls.append(("endpoint__endpoint_get_host", {"host": host}))
    if user := text(first, "user"):
        calls.append(("identity__identity_get_account", {"account": user}))
    answers = await looker.read_many(calls)
    runbook = answers[1]
    if runbook.status == "no_data" and pages[1:]:
        runbook = await section(pages[1:], looker)
    return answers[0], runbook, [_state(answer) for answer in answers[2:]]


def _state(answer: Evidence) -> Saying:
    """Whether the host is isolated, or the account enabled, now."""
    if host := inner(answer, "host"):
        template = "{name} is isolated already." if host.get("isolated") else "{name} is not isolated."
        return equals(answer, template, path("host", "isolated"), {"name": path("host", "name")})
    if account := inner(answer, "account"):
        template = "{name} is enabled." if account.get("enabled") else "{name} is disabled already."
        return equals(answer, template, path("account", "enabled"), {"name": path("account", "name")})
    return unanswered(answer, NOT_ANSWERED)


def _actions(row: JsonObject, alert: Evidence) -> list[PermittedAction]:
    """The actions that the case's class of alert may ever propose, where the alert names the target."""
    playbook = _playbook(text(row, "alert_class") or "")
    named = inner(alert, "evidence").get("data")
    fields = named.get("alert") if isinstance(named, dict) else None
    if playbook is None or not isinstance(fields, dict):
        return []
    return [action for action in playbook.actions if isinstance(fields.get(action.target), str)]


def _playbook(alert_class: str) -> Playbook | None:
    return load_playbooks().get(alert_class)


def _told(alert: Evidence, action: PermittedAction) -> Saying:
    template = ACTIONS.get(action.why, "Proposed, once a person approves it, for {value}: see the button.")
    return equals(alert, template, path("evidence", "data", "alert", action.target))


def _proposal(action: PermittedAction, alert: Evidence, case_id: str, language: Language) -> Proposal:
    piece = text(inner(alert, "evidence"), "id") or "E0"
    ref = Ref(evidence=piece, path=f"$.alert['{action.target}']")
    return Proposal(
        kind="action",
        label=localised(action.why, language),
        case_id=case_id,
        tool=action.tool,
        arguments={action.argument: ref},
        text=action.why,
    )


async def _general(question: Understood, referents: Referents, looker: Looker) -> Draft:
    """What the runbooks say of containing a kind of attack, and what is known of the thing that is named."""
    hits, page = await _advice(question, looker)
    said = told_section(page) if page is not None and page.data is not None else told_hits(hits, 1)
    entity = next((item for item in question.entities if item.type in ("host", "account", "address")), None)
    state = await _in_force(entity, looker) if entity else []
    return Draft(
        said=told(Speech(BY_HAND), state, said, None if said else nothing(hits, NO_RUNBOOK, "$.hits[*]")),
        suggestions=(asks(question.language, "Which cases mention {it}?", it=entity.value),) if entity else (),
        referents=about(question, referents, "containment"),
    )


async def _advice(question: Understood, looker: Looker) -> tuple[Evidence, Evidence | None]:
    """The runbook that fits the topic best, and its section on containing."""
    language = question.language
    said = in_english(question.plain) if language == "en" else question.plain
    about_it = " ".join(_ASKING.sub(" ", said).split())
    if not about_it:
        page = await section(containing("generic", language), looker)
        return page, page
    hits = await search(about_it, language, looker, kind="runbook")
    document = (text(next(iter(rows(hits, "hits")), {}), "id") or "").partition("#")[0]
    if not document:
        return hits, None
    return hits, await section(containing(document, language), looker)


async def _in_force(entity: Entity, looker: Looker) -> list[Saying]:
    """Whether the thing is contained already."""
    if entity.type == "address":
        return facts.blocked(await looker.read("firewall__firewall_check_address", {"address": entity.value}))
    if entity.type == "host":
        return [_state(await looker.read("endpoint__endpoint_get_host", {"host": entity.value}))]
    return [_state(await looker.read("identity__identity_get_account", {"account": entity.value}))]
