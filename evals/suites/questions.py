"""Suite `retrieve-docs`: questions as analysts type them, searched in the documents that come with the product.

The questions, in English and Chinese, name the sections that answer them and were written before any was searched. One
counts as found when one of its sections is among the first five, whatever language the others are in. Questions that
nothing shipped answers count as honest when nothing comes back.
"""

import asyncio
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from time import perf_counter
from typing import Final, Literal, TypeAlias, get_args

import yaml
from pydantic import TypeAdapter

from agent.models import Model
from evals.errors import DataBrokenError
from evals.measured import Measured
from evals.statistics import Rate
from evals.suites.bm25 import Bm25
from knowledge.models import Language
from knowledge.opening import open_knowledge
from knowledge.settings import Settings

Progress: TypeAlias = Callable[[str], None]
Ranking: TypeAlias = Callable[[str], Sequence[str]]
"""A question to ids of sections, best first."""
FIRST: Final = 5
"""How many sections somebody looks at."""
DEPTH: Final = 10
"""How far down the reciprocal rank is counted."""


class Question(Model):
    """What somebody types, and the sections that answer it; none: nothing shipped does."""

    ask: str
    expects: tuple[str, ...]


class Figures(Model):
    """How one way of searching did on the questions that have an answer."""

    recall_at_5: float | None
    mrr: float | None
    """Mean of one over the place of the first right section; 0 where it is not among the first ten."""
    found: Measured


class Honesty(Model):
    """How often nothing came back where there was nothing to find."""

    n: int
    honest: int


class Missed(Model):
    """A question whose sections were not among the first five, or that got an answer where there is none."""

    ask: str
    expects: tuple[str, ...]
    got: tuple[str, ...]


class LanguageFigures(Figures):
    """The product's search over the questions of one language, BM25 alone beside it."""

    n: int
    bm25: Figures
    nothing: Honesty
    missed: tuple[Missed, ...]
    answered_for_nothing: tuple[Missed, ...]


class DocsReport(Model):
    """Result of the suite `retrieve-docs`."""

    suite: Literal["retrieve-docs"] = "retrieve-docs"
    sections: int
    """Of all shipped documents, in both languages: what was searched."""
    en: LanguageFigures
    zh: LanguageFigures
    seconds: float
    interrupted: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """One question with what came back."""

    question: Question
    got: tuple[str, ...]

    @property
    def place(self) -> int | None:
        """Of the first right section, from 1; None when it is not there."""
        places = (at for at, section in enumerate(self.got, start=1) if whole(section) in self.question.expects)
        return next(places, None)

    @property
    def found(self) -> bool:
        """Whether somebody who looks at the first few sees a right one."""
        return self.place is not None and self.place <= FIRST


def questions(language: Language) -> tuple[Question, ...]:
    """All questions of a language. Raises: DataBrokenError when the file is not what it should be."""
    path = files("evals.suites") / "questions" / f"{language}.yaml"
    try:
        loaded = yaml.load(path.read_text("utf-8"), Loader=yaml.CSafeLoader)
        return TypeAdapter(tuple[Question, ...]).validate_python(loaded)
    except (yaml.YAMLError, ValueError) as error:
        raise DataBrokenError(f"{path}: {error}") from error


async def run_retrieve_docs(progress: Progress) -> DocsReport:
    """Search for every question in a knowledge base of the shipped documents alone.

    Raises: DataBrokenError when a question expects a section that is not shipped."""
    return await asyncio.to_thread(_measure, progress)


def _measure(progress: Progress) -> DocsReport:
    started = perf_counter()
    with tempfile.TemporaryDirectory(prefix="mcpsoc-eval-") as folder:
        opened = open_knowledge(Path(folder), Settings())
        sections = opened.store.sections()
        plain = Bm25(sections)
        missing = _unshipped({whole(section.id) for section in sections})
        if missing:
            raise DataBrokenError(f"questions expect sections that are not shipped: {', '.join(missing)}")

        def search(ask: str) -> list[str]:
            return [hit.section.id for hit in opened.search.search(ask, limit=DEPTH)]

        def by_words(ask: str) -> list[str]:
            return plain.rank(ask, DEPTH)

        en, zh = (figures_of(questions(language), search, by_words, progress) for language in get_args(Language))
    return DocsReport(sections=len(sections), en=en, zh=zh, seconds=round(perf_counter() - started, 2))


def _unshipped(known: set[str]) -> list[str]:
    every = (section for language in get_args(Language) for one in questions(language) for section in one.expects)
    return sorted(set(every) - known)


def figures_of(given: Sequence[Question], search: Ranking, bm25: Ranking, progress: Progress) -> LanguageFigures:
    """The figures of one language."""
    answerable = [question for question in given if question.expects]
    asked = [Asked(question, tuple(search(question.ask))) for question in answerable]
    plain = [Asked(question, tuple(bm25(question.ask))) for question in answerable]
    empty = [Asked(question, tuple(search(question.ask))) for question in given if not question.expects]
    missed = tuple(_missed(one) for one in asked if not one.found)
    answered = tuple(_missed(one) for one in empty if one.got)
    for one in (*missed, *answered):
        progress(f"{one.ask}: {', '.join(one.got) or 'nothing'}")
    own = _figures(asked)
    return LanguageFigures(
        n=len(asked),
        recall_at_5=own.recall_at_5,
        mrr=own.mrr,
        found=own.found,
        bm25=_figures(plain),
        nothing=Honesty(n=len(empty), honest=len(empty) - len(answered)),
        missed=missed,
        answered_for_nothing=answered,
    )


def whole(section: str) -> str:
    """The id of the section that a part of it (`#heading~2`) was cut from."""
    return section.partition("~")[0]


def _figures(asked: Sequence[Asked]) -> Figures:
    found = Measured.of(Rate(sum(one.found for one in asked), len(asked)))
    places = [one.place for one in asked]
    reciprocal = sum(1 / place for place in places if place is not None and place <= DEPTH)
    return Figures(recall_at_5=found.value, mrr=round(reciprocal / len(asked), 4) if asked else None, found=found)


def _missed(one: Asked) -> Missed:
    return Missed(ask=one.question.ask, expects=one.question.expects, got=one.got[:FIRST])


def docs_table(report: DocsReport) -> str:
    """The report as Markdown, without a line feed at its end."""
    lines = [
        f"# retrieve-docs: {report.en.n} questions in English, {report.zh.n} in Chinese, {report.sections} sections",
        "",
        "| language | search | found in the first 5 | MRR | nothing to find, nothing said |",
        "|---|---|---|---|---|",
    ]
    for name, figures in (("en", report.en), ("zh", report.zh)):
        honest = f"{figures.nothing.honest} of {figures.nothing.n}"
        lines.append(f"| {name} | MCPSoc | {figures.found} | {_number(figures.mrr)} | {honest} |")
        lines.append(f"| {name} | BM25 alone | {figures.bm25.found} | {_number(figures.bm25.mrr)} | |")
    for figures in (report.en, report.zh):
        lines += ["", *(f"- missed: {one.ask} (got {', '.join(one.got) or 'nothing'})" for one in figures.missed)]
        lines += [f"- nothing answers it: {one.ask} (got {one.got[0]})" for one in figures.answered_for_nothing]
    return "\n".join([*lines, "", f"{report.seconds:.1f} s"])


def _number(value: float | None) -> str:
    return "not measured" if value is None else f"{value:.3f}"
