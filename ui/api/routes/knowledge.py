"""The knowledge base: searched through the read door like everybody searches it, read as its store holds it."""

import asyncio
from typing import Annotated, Final, TypeAlias

from fastapi import APIRouter, Depends, Query

from agent.evidence.ledger import Ledger
from agent.host.read import Budget
from agent.models import JsonObject
from agent.response.identity import Identity
from knowledge.models import Filter, Kind, Language, Trust
from ui.api.access import AskedWorld, AtDesk, Caller, Cases, may, missing
from ui.api.casework import Casework
from ui.api.errors import Refusal
from ui.api.models_knowledge import KnowledgeContents, KnowledgeDocuments, KnowledgeHits, KnowledgeSection, Whose

router = APIRouter(prefix="/knowledge", tags=["knowledge"], dependencies=[Depends(may("knowledge.read"))])

PATIENCE_S: Final = 20.0
WHOSE: Final[dict[Whose, tuple[Trust, ...]]] = {"own": ("T0",), "outside": ("T2",)}
Words: TypeAlias = Annotated[str, Query(min_length=1, max_length=500, description="A topic, an ATT&CK id, a question.")]
OfKind: TypeAlias = Annotated[Kind | None, Query(description="Only documents of this kind.")]
InLanguage: TypeAlias = Annotated[Language | None, Query(description="Only documents in this language.")]
FromWhom: TypeAlias = Annotated[
    Whose | None, Query(description="`own`: the operator's; `outside`: unverified, of others; both without it.")
]


@router.get("")
async def search(
    desk: AtDesk,
    q: Words,
    limit: Annotated[int, Query(ge=1, le=20)] = 10,
    kind: OfKind = None,
    language: InLanguage = None,
    whose: FromWhom = None,
    world: AskedWorld = "site",
) -> KnowledgeHits:
    """Sections that fit, best first."""
    asked: JsonObject = {"query": q, "limit": limit, "kind": kind, "language": language, "outside": whose != "own"}
    given: JsonObject = {name: value for name, value in asked.items() if value not in (None, False)}
    door = desk.host.read_door(world=world, ledger=Ledger(), clock=desk.clock, budget=Budget(1, PATIENCE_S))
    answer = await door.read("kb__kb_search", given)
    if answer.status == "no_data":
        return KnowledgeHits()
    if not isinstance(answer.data, dict) or answer.status not in ("success", "stale"):
        raise Refusal(503, "could_not_look", answer.error or answer.summary, answer.hint)
    found = KnowledgeHits.model_validate(answer.data)
    return KnowledgeHits(outside=found.outside) if whose == "outside" else found


@router.get("/documents")
async def list_documents(
    work: Cases,
    who: Caller,
    kind: OfKind = None,
    language: InLanguage = None,
    whose: FromWhom = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> KnowledgeDocuments:
    """The documents, by kind."""
    wanted = _readable(work, who, language, whose)
    return await asyncio.to_thread(work.shelf.documents, wanted, kind, limit, offset)


@router.get("/documents/{document_id:path}")
async def get_document(work: Cases, who: Caller, document_id: str) -> KnowledgeContents:
    """One document with the headings of its sections."""
    found = await asyncio.to_thread(work.shelf.contents, document_id, _readable(work, who))
    if found is None:
        raise missing("document", document_id)
    return found


@router.get("/sections/{section_id:path}")
async def get_section(work: Cases, who: Caller, section_id: str) -> KnowledgeSection:
    """One section whole with its document's contents, by the id a search gives."""
    found = await asyncio.to_thread(work.shelf.section, section_id, _readable(work, who))
    if found is None:
        raise missing("section", section_id)
    return found


def _readable(work: Casework, who: Identity, language: Language | None = None, whose: Whose | None = None) -> Filter:
    """What the caller may read, narrowed."""
    return Filter(
        languages=(language,) if language else (),
        provenance=WHOSE[whose] if whose else (),
        tenant=work.tenant,
        roles=who.roles,
    )
