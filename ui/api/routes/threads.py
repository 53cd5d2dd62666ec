"""Conversations: threads, questions, the live steps of an answer, and the evidence it gathered."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Annotated, TypeAlias

from fastapi import APIRouter, Depends, Header, Query, Request
from sse_starlette import EventSourceResponse, ServerSentEvent

from agent.conversation.models import Run, Thread
from agent.conversation.service import ChatService
from agent.response.authorisation import authorise
from agent.response.identity import Identity
from ui.api.access import Caller, Chat, bookcase_of, is_still, may, missing, stations_of, watch_of
from ui.api.evidence_view import evidence_view
from ui.api.models import EvidenceView, QuestionGiven, StepPage, ThreadGiven, ThreadList, ThreadView
from ui.api.routes.cases import Path
from ui.api.routes.events import MOST_SEQ

router = APIRouter(tags=["chat"])

Asker: TypeAlias = Annotated[Identity, Depends(may("chat.ask"))]
After: TypeAlias = Annotated[int, Query(ge=0, le=MOST_SEQ, description="Number of the last step that was seen.")]


@router.post("/threads", status_code=201)
async def create_thread(request: Request, who: Caller, given: ThreadGiven) -> Thread:
    """A new conversation, about a case or about anything."""
    authorise(who, "chat.ask", world=given.world)
    if given.case_id is not None:
        work = await asyncio.to_thread(bookcase_of(request).casework, given.world)
        await asyncio.to_thread(work.store.get, given.case_id, work.tenant)
    chat = await stations_of(request).chat(given.world)
    return await chat.create_thread(who.name, case_id=given.case_id, language=given.language)


@router.get("/threads")
async def list_threads(who: Asker, chat: Chat) -> ThreadList:
    """Your conversations in a world, the one used last first."""
    return ThreadList(threads=await chat.threads(who.name))


@router.get("/threads/{thread_id}")
async def get_thread(who: Asker, chat: Chat, thread_id: str) -> ThreadView:
    """One of your conversations, with its questions and answers."""
    thread = await _own(chat, who, thread_id)
    return ThreadView(thread=thread, runs=await chat.runs(thread.id))


@router.get("/threads/{thread_id}/evidence/{evidence_id}")
async def get_thread_evidence(
    who: Asker, chat: Chat, thread_id: str, evidence_id: str, path: Path = None
) -> EvidenceView:
    """One answer that the conversation gathered, with who wrote each value."""
    thread = await _own(chat, who, thread_id)
    return evidence_view(await chat.evidence(thread.id, evidence_id), path)


@router.post("/threads/{thread_id}/runs", status_code=202)
async def ask(request: Request, who: Asker, chat: Chat, thread_id: str, given: QuestionGiven) -> Run:
    """Ask. The answer is worked on whether or not anybody follows it; 409 while another one is."""
    thread = await _own(chat, who, thread_id)
    run = await chat.ask(thread.id, given.question, who.name)
    watch_of(request).follow(chat, run)
    return run


@router.get("/runs/{run_id}")
async def get_run(who: Asker, chat: Chat, run_id: str) -> Run:
    """One question and what became of it."""
    return await _own_run(chat, who, run_id)


@router.get("/runs/{run_id}/steps")
async def get_steps(who: Asker, chat: Chat, run_id: str, after: After = 0) -> StepPage:
    """Steps after the one numbered `after`, and the run as it stands."""
    run = await _own_run(chat, who, run_id)
    steps = await chat.steps(run.id, after)
    return StepPage(steps=steps, run=await chat.run(run.id) if run.status == "running" else run)


@router.get("/runs/{run_id}/stream", response_class=EventSourceResponse)
async def stream_steps(
    request: Request,
    who: Asker,
    chat: Chat,
    run_id: str,
    after: After = 0,
    last_event_id: Annotated[int | None, Header(ge=0, le=MOST_SEQ)] = None,
) -> EventSourceResponse:
    """The steps as server-sent events: stored ones first, then live ones, `end` when the run ends. A client that
    lost the connection says with `Last-Event-ID` which step it saw last."""
    run = await _own_run(chat, who, run_id)
    seen = after if last_event_id is None else last_event_id
    return EventSourceResponse(_told(chat, run.id, seen, lambda: is_still(request, who)), ping=15)


@router.post("/runs/{run_id}/stop")
async def stop(who: Asker, chat: Chat, run_id: str) -> Run:
    """Stop a run; what it said so far stays."""
    run = await _own_run(chat, who, run_id)
    return await chat.stop(run.id, who.name)


async def _told(
    chat: ChatService, run_id: str, after: int, is_allowed: Callable[[], bool]
) -> AsyncIterator[ServerSentEvent]:
    """Nothing more is told to whoever was revoked, or given other roles, after it began."""
    async for step in chat.follow(run_id, after):
        if not is_allowed():
            return
        yield ServerSentEvent(step.model_dump_json(), event="step", id=str(step.seq))
    yield ServerSentEvent((await chat.run(run_id)).status, event="end")


async def _own(chat: ChatService, who: Identity, thread_id: str) -> Thread:
    """The thread, if it is the caller's: a conversation is nobody else's business.

    Raises: ThreadNotFoundError; Refusal (404) for somebody else's."""
    thread = await chat.thread(thread_id)
    if thread.owner != who.name:
        raise missing("thread", thread_id)
    return thread


async def _own_run(chat: ChatService, who: Identity, run_id: str) -> Run:
    run = await chat.run(run_id)
    if (await chat.thread(run.thread_id)).owner != who.name:
        raise missing("run", run_id)
    return run
