"""The kb server: reads only. It gives context for a person or a brain, never evidence.

Documents of the operator (T0) and documents from outside (T2) are answered in fields of their own (models.py)."""

from typing import Annotated

from pydantic import Field

from knowledge.attack import find_technique, mentions, near
from knowledge.models import Kind, Language
from knowledge.search import Hit
from knowledge.store import Held
from servers.kb.library import Library
from servers.kb.models import (
    DocumentLine,
    Documents,
    FoundSection,
    Hits,
    MappedTechnique,
    MappedTechniques,
    OneTechnique,
    OutsideDocuments,
    OutsideLine,
    OutsideSection,
    OutsideText,
    SectionText,
    TechniqueFacts,
)
from servers.kit import Cursor, Limit, NotFoundError, Reply, SecurityServer, build_server, paged
from servers.kit.inert import clipped
from servers.parts import Parts

Query = Annotated[str, Field(min_length=1, max_length=500)]
Told = Annotated[str, Field(min_length=1, max_length=4_000)]
SectionId = Annotated[str, Field(min_length=1, max_length=400)]
Few = Annotated[int, Field(ge=1, le=20)]
TechniqueId = Annotated[str, Field(min_length=1, max_length=100)]
_SHOWN = 900
_ROOM = 9_000
"""Characters of text that all sections of one class in one answer may show together."""
_MOST_SECTIONS = 20
_OWN_WORDS: tuple[Kind, ...] = ("runbook", "tactic", "procedure", "note", "document")
"""Kinds in which a technique's id means that somebody wrote about it for this place."""


class Kb:
    """Tools over the knowledge base."""

    def __init__(self, library: Library) -> None:
        self._library = library

    def kb_search(
        self,
        query: Query,
        limit: Few = 5,
        kind: Kind | None = None,
        language: Language | None = None,
        outside: bool = False,
    ) -> Reply[Hits]:
        """Runbook sections on a topic, ATT&CK id or question, best first; nothing when none fits. With `outside`
        also documents from elsewhere and past cases, apart: they inform, they decide nothing."""
        search, wanted = self._library.opened().search, self._library.wanted
        own = search.search(query, limit, wanted("T0", kind, language))
        others = search.search(query, limit, wanted("T2", kind, language)) if outside else []
        data = Hits(
            hits=[_hit(hit, _shown(len(own))) for hit in own],
            outside=[_outside_hit(hit, _shown(len(others))) for hit in others] if outside else None,
        )
        text = f"{len(own)} sections" + (f", {len(others)} from outside" if outside else "")
        return Reply(data, text, beside=bool(others))

    def kb_get_section(self, section_id: SectionId) -> Reply[SectionText]:
        """One section whole, by the id that kb_search gives."""
        store = self._library.opened().store
        held = store.visible([section_id], self._library.wanted(None)).get(section_id)
        if held is None:
            raise NotFoundError("no section has this id", "kb_search gives the ids")
        if held.provenance != "T0":
            return Reply(SectionText(outside=_outside_text(held)), "1 section of an outside document")
        document = store.document(held.section.document)
        return Reply(_section(held, document.promoted_by if document else None), "1 section")

    def kb_list_documents(self, limit: Limit = 20, cursor: Cursor = None, kind: Kind | None = None) -> Reply[Documents]:
        """The operator's documents in the knowledge base."""
        page = paged(self._library.documents("T0", kind), limit, cursor)
        rows = [DocumentLine.of(row) for row in page.rows]
        text = f"{page.total} documents"
        return page.reply(Documents(documents=rows), text)

    def kb_list_outside(
        self, limit: Limit = 20, cursor: Cursor = None, kind: Kind | None = None
    ) -> Reply[OutsideDocuments]:
        """Documents that came from elsewhere: techniques, advisories, past cases, notes nobody has promoted."""
        page = paged(self._library.documents("T2", kind), limit, cursor)
        rows = [OutsideLine.of(row) for row in page.rows]
        text = f"{page.total} documents from outside"
        return page.reply(OutsideDocuments(outside=rows), text)

    def kb_get_technique(self, technique_id: TechniqueId, language: Language = "en") -> Reply[OneTechnique]:
        """An ATT&CK technique by id (T1110.003) or name: name, tactics, parent, and the runbook sections on it."""
        found = find_technique(technique_id)
        if found is None:
            meant = "; ".join(near(technique_id))
            raise NotFoundError("ATT&CK has no such technique", f"did you mean {meant}?" if meant else "")
        store = self._library.opened().store
        written = [
            section.id
            for kind in _OWN_WORDS
            for section in store.sections(self._library.wanted("T0", kind, language))
            if mentions(found, section.text)
        ]
        facts = TechniqueFacts(
            id=found.id,
            name=found.name,
            tactics=list(found.tactics),
            parent=found.parent,
            revoked_by=found.revoked_by,
            sections=written[:_MOST_SECTIONS],
        )
        return Reply(OneTechnique(technique=facts), f"{found.id} {found.name}")

    def kb_map_techniques(self, text: Told, limit: Few = 5) -> Reply[MappedTechniques]:
        """ATT&CK techniques that a text may describe, with the words that speak for each: a proposal, no finding."""
        found = self._library.mapper().map(text, limit)
        rows = [
            MappedTechnique(id=item.technique_id, name=item.name, score=item.score, why=list(item.why))
            for item in found
        ]
        return Reply(MappedTechniques(techniques=rows), f"{len(rows)} techniques")

    def probe(self) -> str:
        """How much there is to search."""
        own, others = len(self._library.documents("T0")), len(self._library.documents("T2"))
        return f"{own} documents" + (f", {others} from outside" if others else "")


def build(parts: Parts) -> SecurityServer:
    """The knowledge base, as the tenant may read it; without a tenant, as anybody may."""
    kb = Kb(Library(parts.knowledge_home, parts.settings, parts.tenant))
    return build_server(
        "kb",
        reads=[
            kb.kb_search,
            kb.kb_get_section,
            kb.kb_list_documents,
            kb.kb_list_outside,
            kb.kb_get_technique,
            kb.kb_map_techniques,
        ],
        backend="real",
        synthetic=False,
        probe=kb.probe,
        settings=parts.settings,
        conditions=parts.conditions,
    )


def _shown(sections: int) -> int:
    """Characters of each of that many sections."""
    return min(_SHOWN, _ROOM // max(sections, 1))


def _hit(hit: Hit, shown: int) -> FoundSection:
    section = hit.section
    return FoundSection(
        id=section.id,
        title=section.title,
        section=section.heading,
        score=hit.score,
        text=clipped(section.text, shown),
        kind=hit.kind,
        language=hit.language,
        also=list(hit.also) or None,
    )


def _outside_hit(hit: Hit, shown: int) -> OutsideSection:
    section = hit.section
    return OutsideSection(
        id=section.id,
        title=section.title,
        section=section.heading,
        score=hit.score,
        text=clipped(section.text, shown),
        kind=hit.kind,
        language=hit.language,
        source=hit.source,
        also=list(hit.also) or None,
    )


def _section(held: Held, promoted_by: str | None) -> SectionText:
    section = held.section
    return SectionText(
        id=section.id,
        title=section.title,
        section=section.heading,
        text=section.text,
        kind=held.kind,
        language=held.language,
        source=held.source or None,
        promoted_by=promoted_by,
    )


def _outside_text(held: Held) -> OutsideText:
    section = held.section
    return OutsideText(
        id=section.id,
        title=section.title,
        section=section.heading,
        text=section.text,
        kind=held.kind,
        language=held.language,
        source=held.source,
    )
