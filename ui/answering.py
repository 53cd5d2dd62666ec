"""One question answered by the chat, as our own server tells it: what holds, where it opens, what is missing."""

import asyncio
from collections.abc import Mapping
from typing import Final

from agent.conversation.errors import QuestionError
from agent.conversation.models import Answer, Run, Sentence
from agent.conversation.service import ChatService
from agent.models import Evidence, World
from servers.errors import ToolError
from servers.mcpsoc.asking import MOST_CITED, MOST_READINGS, AnswerLine, Asked, Because, Cited, Outcome
from servers.mcpsoc.models import Language
from ui.citing import cites
from ui.compose import open_desk
from ui.conversing import chat_over
from ui.home import Home

ASKER: Final = "mcp-client"
"""Whose conversations these are: not the operator's, whose last visit they would move."""
ABOUT_ITSELF: Final = "capabilities"
"""The intent whose answer says nothing about the world, and is one."""


async def answer(home: Home, world: World, question: str, language: Language) -> Asked:
    """Open the chat of a home, ask it in a conversation of its own, and close it.

    Raises: ToolError for a question that cannot be asked, or that broke; AgentError when nothing can be opened."""
    async with open_desk(home, world, judging=False) as desk, chat_over(desk, home, world) as chat:
        told = await _heard(chat, question, language)
        wanted = dict.fromkeys(ref.evidence for sentence in told.sentences for ref in sentence.cites)
        cited = [await chat.evidence(told.thread_id, name) for name in [*wanted][:MOST_CITED]]
    return asked(told, {item.id: item for item in cited})


async def _heard(chat: ChatService, question: str, language: Language) -> Answer:
    """The answer to one question; a run that is given up is stopped, or somebody would take it up again."""
    thread = await chat.create_thread(ASKER, language=language)
    try:
        run = await chat.ask(thread.id, question, ASKER)
    except QuestionError:
        raise ToolError("invalid_argument", "the question is empty or too long") from None
    try:
        told = [step.answer async for step in chat.follow(run.id) if step.answer is not None]
    except asyncio.CancelledError:
        await _stop(chat, run)
        raise
    if told:
        return told[-1]
    raise ToolError("not_answered", "something broke while this was answered", "the log of the server has the reason")


async def _stop(chat: ChatService, run: Run) -> None:
    """Stop a run, also when the process ends meanwhile, which cancels what is under way once more."""
    try:
        await chat.stop(run.id, ASKER)
    except asyncio.CancelledError:
        await chat.stop(run.id, ASKER)


def asked(told: Answer, evidence: Mapping[str, Evidence]) -> Asked:
    """An answer of the chat as the server gives it: without what was struck, and without proposals."""
    outcome, because = _outcome(told)
    return Asked(
        outcome=outcome,
        because=because,
        sentences=[_line(sentence, evidence) for sentence in told.sentences],
        struck=len(told.struck),
        readings=[reading.question for reading in told.readings[:MOST_READINGS]],
        evidence=[_cited(item) for item in evidence.values()],
        brain=told.brain,
        thread=told.thread_id,
    )


def _outcome(told: Answer) -> tuple[Outcome, Because | None]:
    """Whether the question is answered, and why not, or not whole."""
    if told.brain == "playbook" and told.intent is None:
        return "not_answered", "ambiguous" if told.readings else "not_understood"
    kinds = {sentence.kind for sentence in told.sentences}
    if kinds & {"fact", "nothing_found", "quote"}:
        missing: Because | None = "could_not_look" if "could_not_look" in kinds else "struck" if told.struck else None
        return ("partial" if missing else "answered"), missing
    if "could_not_look" in kinds:
        return "not_answered", "could_not_look"
    if told.intent == ABOUT_ITSELF:
        return "answered", None
    return "not_answered", "nothing_holds" if told.struck else "no_statement"


def _line(sentence: Sentence, evidence: Mapping[str, Evidence]) -> AnswerLine:
    lines = cites(sentence.cites, evidence)
    return AnswerLine(kind=sentence.kind, text=sentence.text, provenance=sentence.provenance.value, cites=lines)


def _cited(item: Evidence) -> Cited:
    return Cited(id=item.id, server=item.server, tool=item.tool, arguments=dict(item.arguments), status=item.status)
