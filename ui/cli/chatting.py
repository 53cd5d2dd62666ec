"""What `mcpsoc chat` does once its arguments are known: a question a line, answers as they are found."""

import asyncio
import json
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from pydantic import JsonValue

from agent.conversation.errors import ChatError
from agent.conversation.models import Answer, ChatStep, Sentence, Thread
from agent.conversation.service import ChatService
from agent.evidence.text import inert as whole
from agent.models import World
from ui.cli.catalogue import Catalogue
from ui.cli.output import say, write_json_line, write_line
from ui.cli.terms import inert
from ui.compose import open_desk
from ui.conversing import chat_over
from ui.errors import UsageError
from ui.home import Home
from ui.rows import SCHEMA_VERSION
from ui.store import find_case


@dataclass(frozen=True, slots=True)
class Talk:
    """Which conversation, about what, for whom."""

    home: Home
    person: str
    case: str | None = None
    thread: str | None = None
    as_json: bool = False

    @property
    def world(self) -> World:
        """A home that holds the demo's enterprise is about that; any other is about the site."""
        return "lab" if self.home.root.name == "demo" else "site"


async def converse(t: Catalogue, talk: Talk, question: str | None) -> int:
    """Ask one question, or every line of stdin; the exit code of the last answer."""
    async with open_desk(talk.home, talk.world, judging=False) as desk, chat_over(desk, talk.home, talk.world) as chat:
        session = _Session(t, talk, chat, await _thread(talk, chat))
        if question is not None:
            return await session.hear(question)
        session.greet()
        return await session.listen()


async def _thread(talk: Talk, chat: ChatService) -> Thread:
    """The thread that was named, or a new one on the case that was named."""
    if talk.thread is not None:
        return await chat.thread(talk.thread)
    case = None if talk.case is None else find_case(talk.home, talk.case).id
    return await chat.create_thread(talk.person, case_id=case)


class _Session:
    """One sitting at the terminal."""

    def __init__(self, t: Catalogue, talk: Talk, chat: ChatService, thread: Thread) -> None:
        self._t = t
        self._talk = talk
        self._chat = chat
        self._thread = thread
        self._prompts = sys.stdin.isatty() and sys.stderr.isatty() and not talk.as_json

    def greet(self) -> None:
        """What a person at a terminal needs to know first."""
        if self._prompts:
            say(self._t("Ask in English or Chinese. /help lists the commands, /quit or Ctrl-D ends."))
            say(self._t("This conversation: {thread}", thread=self._thread.id))

    async def listen(self) -> int:
        """Every line of stdin, until it ends or /quit."""
        code = 0
        while (line := await asyncio.to_thread(self._next)) is not None:
            if line.strip() in ("/quit", "/exit"):
                return code
            if line.strip():
                code = await self.hear(line.strip())
        return code

    async def hear(self, line: str) -> int:
        """One line: a command of ours, or a question."""
        try:
            return await self._command(line) if line.startswith("/") else await self._ask(line)
        except (UsageError, ChatError) as error:
            text = self._t(error.template, **error.values) if isinstance(error, UsageError) else str(error)
            say(inert(text))
            return 2

    def _next(self) -> str | None:
        if self._prompts:
            sys.stderr.write("> ")
            sys.stderr.flush()
        line = sys.stdin.readline()
        return line or None

    async def _command(self, line: str) -> int:
        name, _, rest = line[1:].partition(" ")
        match name:
            case "evidence" if rest.strip():
                evidence = await self._chat.evidence(self._thread.id, rest.strip().upper())
                write_line(inert_json(evidence.model_dump(mode="json")))
            case "case" if rest.strip():
                return await self._ask(self._t("what happened in case {case} and why?", case=rest.strip()))
            case "case":
                write_line(self._thread.case_id or self._t("this conversation is about no case in particular"))
            case "history":
                for run in await self._chat.runs(self._thread.id):
                    write_line(f"{run.started_at:%Y-%m-%d %H:%M} {inert(run.question)}")
            case "new":
                self._thread = await self._chat.create_thread(self._talk.person)
                say(self._t("This conversation: {thread}", thread=self._thread.id))
            case _:
                for command, about in self._help():
                    say(f"  {command:16} {about}")
                return 0 if name == "help" else 2
        return 0

    def _help(self) -> tuple[tuple[str, str], ...]:
        t = self._t
        return (
            ("/evidence E12", t("what one answer of a tool said, whole")),
            ("/case [CASE]", t("the case this conversation is about; with a case, what happened in it")),
            ("/history", t("what was asked so far")),
            ("/new", t("begin another conversation")),
            ("/quit", t("end")),
        )

    async def _ask(self, question: str) -> int:
        run = await self._chat.ask(self._thread.id, question, self._talk.person)
        answer: Answer | None = None
        with _stopping(lambda: asyncio.ensure_future(self._chat.stop(run.id, self._talk.person))):
            async for step in self._chat.follow(run.id):
                self._tell(step)
                answer = step.answer or answer
        if answer is None:
            say(self._t("stopped") if (await self._chat.run(run.id)).status == "stopped" else self._t("no answer"))
            return 1
        self._end(answer)
        return 0 if answer.sentences and answer.intent is not None else 1

    def _tell(self, step: ChatStep) -> None:
        if self._talk.as_json or step.kind == "answer":
            return
        if step.kind == "sentence" and step.sentence is not None:
            write_line(self._line(step.sentence))
        elif step.kind == "struck" and step.sentence is not None:
            say(self._t("  struck: {text} ({reason})", text=inert(step.sentence.text),
                        reason=inert(step.sentence.struck_because or "")))  # fmt: skip
        else:
            mark = {"call": "  → ", "notice": "  ! "}.get(step.kind, "  · ")
            say(f"{mark}{inert(step.text)}{f'  [{step.evidence}]' if step.evidence else ''}")

    def _line(self, sentence: Sentence) -> str:
        mark = {
            "nothing_found": self._t("looked, found nothing: "),
            "could_not_look": self._t("could not look: "),
            "quote": "❝ ",
        }.get(sentence.kind, "")
        cites = ", ".join(dict.fromkeys(ref.evidence for ref in sentence.cites))
        text = "\n  ".join(inert(line) for line in sentence.text.split("\n"))
        return f"{mark}{text}{f'  [{cites}]' if cites else ''}"

    def _end(self, answer: Answer) -> None:
        if self._talk.as_json:
            document = {"schema_version": SCHEMA_VERSION, **answer.model_dump(mode="json")}
            write_json_line(document)
            return
        for reading in answer.readings:
            write_line(f"  ? {inert(reading.label)}: {inert(reading.question)}")
        for proposal in answer.proposals:
            write_line(f"  + {inert(proposal.label)}")
        if self._prompts:
            for question in answer.suggestions:
                say(f"  > {inert(question)}")


def inert_json(document: Mapping[str, JsonValue]) -> str:
    """A JSON document whose texts cannot do anything to a terminal."""
    text = json.dumps(document, ensure_ascii=False, indent=2)
    return "\n".join(whole(line, None) for line in text.split("\n"))


@contextmanager
def _stopping(stop: Callable[[], object]) -> Iterator[None]:
    """While an answer is looked for, Ctrl-C stops the answer instead of the program."""
    loop = asyncio.get_running_loop()
    try:
        loop.add_signal_handler(signal.SIGINT, stop)
        yield
    finally:
        with suppress(NotImplementedError):
            loop.remove_signal_handler(signal.SIGINT)
