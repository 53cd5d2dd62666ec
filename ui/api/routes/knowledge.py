"""The knowledge base, asked through the read door like everybody asks it."""

from typing import Annotated, Final, TypeAlias, TypeVar

from fastapi import APIRouter, Depends, Query

from agent.evidence.ledger import Ledger
from agent.host.read import Budget
from agent.models import JsonObject, World
from ui.api.access import AskedWorld, AtDesk, may, missing
from ui.api.errors import Refusal
from ui.api.models import KnowledgeDocuments, KnowledgeHits, KnowledgeSection, Told
from ui.compose import Desk

router = APIRouter(prefix="/knowledge", tags=["knowledge"], dependencies=[Depends(may("knowledge.read"))])

MOST_DOCUMENTS: Final = 100
PATIENCE_S: Final = 20.0
Answer = TypeVar("Answer", bound=Told)
Words: TypeAlias = Annotated[str, Query(min_length=1, max_length=500, description="A topic, an ATT&CK id, a question.")]


@router.get("")
async def search(
    desk: AtDesk, q: Words, limit: Annotated[int, Query(ge=1, le=20)] = 10, world: AskedWorld = "site"
) -> KnowledgeHits:
    """Sections of runbooks and procedures that fit, best first."""
    return await _ask(desk, world, "kb__kb_search", {"query": q, "limit": limit}, KnowledgeHits)


@router.get("/documents")
async def list_documents(desk: AtDesk, world: AskedWorld = "site") -> KnowledgeDocuments:
    """Every document."""
    return await _ask(desk, world, "kb__kb_list_documents", {"limit": MOST_DOCUMENTS}, KnowledgeDocuments)


@router.get("/sections/{section_id}")
async def get_section(desk: AtDesk, section_id: str, world: AskedWorld = "site") -> KnowledgeSection:
    """One section whole, by the id a search gives."""
    return await _ask(desk, world, "kb__kb_get_section", {"section_id": section_id}, KnowledgeSection)


async def _ask(desk: Desk, world: World, tool: str, arguments: JsonObject, form: type[Answer]) -> Answer:
    """What one tool answers. Raises: Refusal, 404 when there is no such thing, 503 when it could not look."""
    door = desk.host.read_door(world=world, ledger=Ledger(), clock=desk.clock, budget=Budget(1, PATIENCE_S))
    answer = await door.read(tool, arguments)
    if isinstance(answer.data, dict) and answer.status in ("success", "stale"):
        return form.model_validate(answer.data)
    if answer.status == "no_data" and form is not KnowledgeSection:
        return form.model_validate({"hits": (), "documents": ()})
    if answer.status == "no_data":
        raise missing("section", str(arguments.get("section_id", "")))
    raise Refusal(503, "could_not_look", answer.error or answer.summary, answer.hint)
