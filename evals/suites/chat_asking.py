"""Asking: one conversation held through the chat service, each answer judged as it comes."""

import asyncio
import unicodedata
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from time import perf_counter

from pydantic import JsonValue

from agent.conversation.errors import EvidenceNotFoundError
from agent.conversation.models import Answer, Proposal
from agent.conversation.service import ChatService
from agent.evidence.errors import PathError
from agent.evidence.paths import select
from agent.models import Evidence, HumanVerdict, Ref
from evals.errors import DataBrokenError
from evals.suites.chat_counting import Judged
from evals.suites.chat_expected import Expected
from evals.suites.chat_scoring import Heard, score
from evals.suites.chat_tables import Asked, Meanwhile, Turn, language_of
from evals.suites.chat_truth import TRUTHS, Books
from knowledge import shipped

WHO = "ana"


@dataclass(frozen=True, slots=True)
class Talk:
    """A chat over one lab, and the books its answers are held against."""

    chat: ChatService
    books: Books
    pass_time: Callable[[], None]
    """Moves the lab's clock on."""
    patience_s: float
    """How long one answer may take before it counts as none."""

    async def held(self, asked: Asked) -> AsyncIterator[Judged]:
        """Every question of a conversation, asked in a thread of its own."""
        cast = self.books.cast
        about = None if asked.conversation.about is None else cast.fill(asked.conversation.about)
        thread = await self.chat.create_thread(WHO, case_id=about)
        before: list[str] = []
        for number, turn in enumerate(asked.conversation.turns, start=1):
            await self.meanwhile(turn.meanwhile)
            expected, question = self.expected(turn), cast.fill(turn.ask)
            heard = await self._ask(thread.id, question, before)
            language = language_of(question)
            scored = score(expected, language, heard, partial(self._exists, heard), self._opens)
            yield Judged(
                id=f"{asked.id}.{number}",
                split=asked.split,
                seed=asked.conversation.seed,
                question=question,
                language=language,
                intent=turn.intent,
                expected=expected,
                heard=heard,
                scored=scored,
            )

    def expected(self, turn: Turn) -> Expected:
        """What is true now. Raises: DataBrokenError for a truth nobody knows, or one asked for in the wrong way."""
        if (truth := TRUTHS.get(turn.truth)) is None:
            raise DataBrokenError(f"{turn.ask!r}: there is no truth {turn.truth!r}")
        try:
            return truth(self.books, **{name: self.books.cast.argument(value) for name, value in turn.of.items()})
        except TypeError as error:
            raise DataBrokenError(f"{turn.ask!r}: {error}") from error

    async def _ask(self, thread_id: str, question: str, before: list[str]) -> Heard:
        started, first = perf_counter(), None
        run = await self.chat.ask(thread_id, question, WHO)
        try:
            async with asyncio.timeout(self.patience_s):
                async for _ in self.chat.follow(run.id):
                    first = perf_counter() - started if first is None else first
        except TimeoutError:
            await self.chat.stop(run.id, WHO)
        seconds = perf_counter() - started
        answer = (await self.chat.run(run.id)).answer
        before += [question, plain(question)]
        heard = Heard(
            answer=answer,
            evidence={} if answer is None else await self._cited(thread_id, answer),
            said_before="\n".join(before),
            seconds=seconds,
            first_step_s=seconds if first is None else first,
        )
        before += [] if answer is None else [sentence.text for sentence in answer.sentences]
        return heard

    async def _cited(self, thread_id: str, answer: Answer) -> dict[str, Evidence]:
        found: dict[str, Evidence] = {}
        for name in sorted({ref.evidence for sentence in answer.sentences for ref in sentence.cites}):
            try:
                found[name] = await self.chat.evidence(thread_id, name)
            except EvidenceNotFoundError:
                continue
        return found

    async def meanwhile(self, done: Meanwhile | None) -> None:
        """What somebody does before a question is asked; ten minutes pass, even when nobody does anything."""
        if done is None:
            return
        await asyncio.to_thread(self.pass_time)
        if done.act == "wait":
            return
        store, case_id = self.books.store, self.books.cast.fill(done.case)
        now, tenant = self.books.lab.now(), self.books.tenant
        match done.act:
            case "take":
                store.take(case_id, done.by, now, tenant)
            case "note":
                store.add_note(case_id, done.by, "Called the owner, waiting for an answer.", now, tenant)
            case "close":
                verdict = HumanVerdict(
                    at=now,
                    author=done.by,
                    disposition="true_positive",
                    reason_code="confirmed_attack",
                    note="Confirmed.",
                )
                store.close(case_id, verdict, tenant)

    def _exists(self, heard: Heard, token: str) -> bool:
        """Whether a name is one of the question's, of our cases, of the lab or of what the SOC has on its shelf."""
        if token.lower() in heard.said_before.lower() or token in _shelf():
            return True
        cases = self.books.cases()
        ours = {case.id for case in cases} | {item.id for case in cases for item in case.evidence} | set(heard.evidence)
        return token in ours or any(self.books.lab.holds(form) for form in (token, token.lower(), token.upper()))

    def _opens(self, proposal: Proposal, ref: Ref) -> JsonValue:
        if proposal.case_id is None:
            return None
        for item in self.books.case(proposal.case_id).evidence:
            if item.id == ref.evidence:
                try:
                    return next(iter(select(ref.path, item.data)), None)
                except PathError:
                    return None
        return None


def plain(question: str) -> str:
    """A question with its disguised names written out: no brackets around dots, no wide letters."""
    folded = unicodedata.normalize("NFKC", question)
    for written in ("[.]", "(.)", "[dot]", "(dot)"):
        folded = folded.replace(written, ".")
    return folded.replace("hxxp", "http")


@lru_cache(maxsize=1)
def _shelf() -> str:
    """The shipped documents and the table of techniques, as one text."""
    folder = Path(shipped.__file__).parent
    files = [*sorted(folder.glob("documents/**/*.md")), *sorted(folder.glob("attack*.json"))]
    return "\n".join(path.read_text(encoding="utf-8") for path in files)
