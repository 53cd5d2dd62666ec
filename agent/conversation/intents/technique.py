"""What an ATT&CK technique is, which runbook speaks of it, and in which cases it was seen."""

import re
from typing import Final

from agent.conversation.intents.case_attributes import NONE_OF_CASE, OF_CASE
from agent.conversation.intents.case_lines import case_entities, case_lines
from agent.conversation.intents.saying import Saying, about, asks, counted, equals, nothing, path, told
from agent.conversation.intents.shelf import asked_section, in_english, told_hits, told_section
from agent.conversation.intents.the_case import case_of, get_case, missing
from agent.conversation.models import Entity, Referents
from agent.conversation.protocol import Draft, Looker, Speech, Understood
from agent.conversation.understanding.rows import inner, rows, text, texts
from agent.models import Evidence
from agent.wording import Language

_MOST_CASES: Final = 3
_MOST_NAMED: Final = 12
_WORDS: Final = re.compile(
    r"\b(?:what|is|are|the|a|an|technique|techniques|ttp|id|number|which|called|named|name|has|mitre|att&ck|attack|tell|me|about|explain|describe|mean|means|does|of|in|which|tactic|tactics|please)\b|[?!.,'\"]|编号|哪个|哪项|叫|技术|是什么|什么是|解释|一下|战术"
)
NAMED: Final = "{value} is {name}."
TACTICS: Final = "It serves {tactics}."
REPLACED: Final = "ATT&CK has replaced it by {value}."
UNKNOWN: Final = "ATT&CK has no such technique."
CASES: Final = "Cases in which it was seen: {value}."
NO_CASE: Final = "No case has it."
WHICH: Final = "Which technique? Name it by its ATT&CK id or its name."
NO_RUNBOOK: Final = "No runbook speaks of it."


class Technique:
    """A technique by its id or its name."""

    name = "technique"

    async def answer(self, question: Understood, referents: Referents, looker: Looker) -> Draft:
        """Name, tactics, runbook, cases."""
        entity = question.first("technique") if not _named(question) else None
        wanted = entity.value if entity else _named(question)
        if not wanted:
            return await _of_case(question, referents, looker)
        known = await _known(wanted, question.language, looker)
        number = text(inner(known, "technique"), "id") or (entity.value if entity else "")
        if not number:
            page, _ = await asked_section(question.plain, question.language, looker, kind="tactic")
            said = told(told_section(page) if page else nothing(known, UNKNOWN, "$.technique"))
            return Draft(said=said, referents=about(question, referents, self.name))
        found = Entity(type="technique", value=number)
        section = next(iter(_sections(known)), None)
        pages, cases = await looker.read_many(
            [
                ("kb__kb_get_section", {"section_id": section})
                if section
                else ("kb__kb_search", {"query": number, "limit": 1, "outside": True}),
                ("mcpsoc__mcpsoc_list_cases", {"text": number, "limit": _MOST_CASES}),
            ]
        )
        listed = case_entities(cases, _MOST_CASES)
        return Draft(
            said=told(
                nothing(known, UNKNOWN, "$.technique"),
                equals(known, NAMED, path("technique", "id"), {"name": path("technique", "name")}),
                counted(known, TACTICS, "$.technique.tactics[*]", {"tactics": "$.technique.tactics[*]"}),
                equals(known, REPLACED, path("technique", "revoked_by")),
                _page(pages),
                counted(cases, CASES, "$.cases[*]") if not cases.truncated else None,
                case_lines(cases, _MOST_CASES),
                nothing(cases, NO_CASE, "$.cases[*]"),
            ),
            suggestions=tuple(
                asks(question.language, "What happened in {it}, and why?", it=item.value) for item in listed[:2]
            ),
            referents=about(question, referents, self.name, entities=(found,), listed=listed),
        )


async def _of_case(question: Understood, referents: Referents, looker: Looker) -> Draft:
    """The techniques of the case that is meant."""
    if (case := question.first("case")) is None:
        return Draft(said=(Speech(WHICH),))
    opened = await get_case(case.value, question.language, looker)
    if not case_of(opened):
        return missing(opened)
    names = texts(case_of(opened), "techniques")
    at = "$.case.techniques[*]"
    known = await looker.read_many([("kb__kb_get_technique", {"technique_id": name}) for name in names[:_MOST_NAMED]])
    return Draft(
        said=told(
            counted(opened, OF_CASE, at, {"names": at, "id": path("case", "id")}),
            [equals(item, NAMED, path("technique", "id"), {"name": path("technique", "name")}) for item in known],
            nothing(opened, NONE_OF_CASE, at),
        ),
        suggestions=tuple(asks(question.language, "What is technique {it}?", it=name) for name in names[:2]),
        referents=about(
            question, referents, "technique", listed=[Entity(type="technique", value=name) for name in names]
        ),
    )


def _named(question: Understood) -> str:
    """The name of a technique in the question; empty when it names an id or a case, or says nothing else."""
    if any(item.type in ("technique", "case") and item.said for item in question.entities):
        return ""
    return " ".join(_WORDS.sub(" ", in_english(question.plain)).split())


def _sections(known: Evidence) -> list[str]:
    listed = inner(known, "technique").get("sections")
    return [item for item in listed if isinstance(item, str)] if isinstance(listed, list) else []


def _page(pages: Evidence) -> list[Saying]:
    """The runbook's words, whole section or best hit; what others wrote where the operator has nothing."""
    if rows(pages, "hits"):
        return told_hits(pages, 1)
    if rows(pages, "outside"):
        return told_section(pages, "outside", 0)
    if (isinstance(pages.data, dict) and "hits" in pages.data) or pages.status != "success":
        return [nothing(pages, NO_RUNBOOK, "$.hits[*]")]
    return told_section(pages)


async def _known(wanted: str, language: Language, looker: Looker) -> Evidence:
    """The technique with the sections that speak of it: in the language of the question, in English where none does."""
    known = await looker.read("kb__kb_get_technique", {"technique_id": wanted, "language": language})
    if language == "en" or _sections(known) or not inner(known, "technique"):
        return known
    return await looker.read("kb__kb_get_technique", {"technique_id": wanted})
