"""Suite `retrieve-attack`: sentences to the one ATT&CK technique that they are labelled with.

Two sets. The sentences of TRAM, from reports nobody of ATT&CK wrote: none of them is in the fit, and nothing was
chosen by them. And the procedure examples of a tenth of ATT&CK's groups, software and campaigns, left out of the fit
with all that is told of them. A label is right exactly as given, its parent is not; revoked labels count as what
replaced them. BM25 ranks the same texts by their best match, as the measure to beat.

Source: center-for-threat-informed-defense/tram (Apache-2.0), `single_label.jsonl.gz`.
"""

import asyncio
import gzip
import hashlib
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from agent.models import Model
from evals.errors import DataBrokenError, DataMissingError
from evals.stopping import until_stopped
from knowledge.errors import DocumentError
from knowledge.mapping import AttackTexts, Example, Mapper, fit_mapper, read_attack_texts

Progress: TypeAlias = Callable[[str], None]
SENTENCES: Final = "single_label.jsonl.gz"
HELD_OUT_OF: Final = 10
"""One entity in so many is left out of the fit."""
SPLIT: Final = f"sha256(entity) mod {HELD_OUT_OF} = 0"
_RECALL_AT: Final = 5
_NDCG_AT: Final = 10
_TOLD_EVERY: Final = 500
_STOPPED_EVERY: Final = 25


class Figures(Model):
    """How well a ranking puts the right technique in front; null when nothing was counted."""

    recall_at_5: float | None
    ndcg_at_10: float | None
    mrr: float | None
    """Mean of one over the place of the right technique, however far down."""


class Ranked(Figures):
    """The mapper over one set of sentences, BM25 over the same beside it."""

    n: int
    bm25: Figures


class HeldOut(Ranked):
    """Over examples that were left out of the fit."""

    split: str = SPLIT


class RetrievalReport(Ranked):
    """Result of the suite `retrieve-attack`."""

    suite: Literal["retrieve-attack"] = "retrieve-attack"
    held_out: HeldOut
    fitted_on: int
    """Procedure examples in the fit."""
    techniques: int
    """Techniques and sub-techniques to choose from."""
    replaced_labels: int
    """Sentences whose label is revoked, counted as what replaced it."""
    fit_seconds: float
    map_ms: float | None
    """Mean time of ranking all techniques for one sentence."""
    seconds: float
    broken: tuple[str, ...] = ()
    """`FILE:N: reason` of every line that was left out."""
    interrupted: bool = False


class _Row(Model, extra="ignore"):
    text: str
    label: str


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence, the technique it is labelled with, and what that is called today."""

    text: str
    label: str
    current: str


@dataclass(slots=True)
class Places:
    """Where the right technique stood, sentence by sentence; infinite where nothing spoke for it."""

    mapper: list[float]
    bm25: list[float]
    seconds: float = 0.0


async def run_retrieval(data: Path, attack: Path, progress: Progress) -> RetrievalReport:
    """Fit on ATT&CK without the held-out entities, then rank every sentence of both sets.

    Raises: DataMissingError, DataBrokenError."""
    started = perf_counter()
    texts = await asyncio.to_thread(_attack, attack)
    known = frozenset(technique.id for technique in texts.techniques)
    sentences, broken = _sentences(data, texts, known)
    told, left_out = split(texts)
    for line in broken:
        progress(line)
    progress(f"fitting on {len(told.examples)} examples, {len(left_out)} left out ({SPLIT})")
    tram, held_out, fitted = Places([], []), Places([], []), 0.0
    async with until_stopped() as stop:
        mapper = await asyncio.to_thread(fit_mapper, told, progress)
        fitted = perf_counter() - started
        await _rank(mapper, [(e.text, e.technique) for e in left_out], held_out, _saying(progress, "held out"))
        await _rank(mapper, [(s.text, s.current) for s in sentences], tram, _saying(progress, data.name))
    return RetrievalReport(
        **_ranked(tram).model_dump(),
        held_out=HeldOut(**_ranked(held_out).model_dump()),
        fitted_on=len(told.examples),
        techniques=len(known),
        replaced_labels=sum(sentence.label != sentence.current for sentence in sentences),
        fit_seconds=round(fitted, 2),
        map_ms=round(1000 * tram.seconds / len(tram.mapper), 2) if tram.mapper else None,
        seconds=round(perf_counter() - started, 2),
        broken=tuple(broken),
        interrupted=stop.requested,
    )


def split(texts: AttackTexts) -> tuple[AttackTexts, tuple[Example, ...]]:
    """The texts to fit on, and the examples that are left out: by who did it, so that none is of a known campaign."""
    kept = tuple(example for example in texts.examples if not is_held_out(example.entity))
    left_out = tuple(example for example in texts.examples if is_held_out(example.entity))
    return AttackTexts(texts.techniques, kept, texts.revoked), left_out


def is_held_out(entity: str) -> bool:
    """Whether the examples of this group, software or campaign are left out of the fit."""
    return int(hashlib.sha256(entity.encode()).hexdigest()[:8], 16) % HELD_OUT_OF == 0


def figures(places: Sequence[float]) -> Figures:
    """Recall, gain and reciprocal rank of places counted from 1."""
    if not places:
        return Figures(recall_at_5=None, ndcg_at_10=None, mrr=None)
    at: NDArray[np.float64] = np.asarray(places, dtype=np.float64)
    gains = np.where(at <= _NDCG_AT, 1 / np.log2(at + 1), 0)
    return Figures(
        recall_at_5=round(float((at <= _RECALL_AT).mean()), 4),
        ndcg_at_10=round(float(gains.mean()), 4),
        mrr=round(float((1 / at).mean()), 4),
    )


def place_of(right: int, scores: NDArray[np.float32]) -> float:
    """Place of one technique, from 1; among equals the worst one. Infinite when nothing speaks for it."""
    return float((scores >= scores[right]).sum()) if scores[right] > 0 else float("inf")


async def _rank(mapper: Mapper, labelled: Sequence[tuple[str, str]], into: Places, say: Callable[[int], None]) -> None:
    at = {technique: place for place, technique in enumerate(mapper.techniques)}
    for number, (text, label) in enumerate(labelled, start=1):
        if number % _TOLD_EVERY == 0:
            say(number)
        if number % _STOPPED_EVERY == 0:
            await asyncio.sleep(0)
        started = perf_counter()
        place = place_of(at[label], mapper.scores(text))
        into.seconds += perf_counter() - started
        into.bm25.append(place_of(at[label], mapper.bm25(text)))
        into.mapper.append(place)


def _saying(progress: Progress, name: str) -> Callable[[int], None]:
    return lambda number: progress(f"{name}: {number} sentences")


def _ranked(places: Places) -> Ranked:
    return Ranked(**figures(places.mapper).model_dump(), n=len(places.mapper), bm25=figures(places.bm25))


def _attack(folder: Path) -> AttackTexts:
    if not folder.is_dir():
        raise DataMissingError(f"no folder of ATT&CK at {folder}")
    try:
        return read_attack_texts(folder)
    except DocumentError as error:
        raise DataBrokenError(str(error)) from error


def _sentences(data: Path, texts: AttackTexts, known: frozenset[str]) -> tuple[list[Sentence], list[str]]:
    """The labelled sentences, and why the others are none."""
    path = data / SENTENCES if data.is_dir() else data
    sentences: list[Sentence] = []
    broken: list[str] = []
    for number, line in enumerate(_lines(path), start=1):
        try:
            row = _Row.model_validate_json(line)
        except ValidationError as error:
            broken.append(f"{path}:{number}: {error.errors()[0]['msg']}")
            continue
        if (current := texts.current(row.label)) in known:
            sentences.append(Sentence(row.text, row.label, current))
        else:
            broken.append(f"{path}:{number}: no technique {row.label}")
    return sentences, broken


def _lines(path: Path) -> Iterator[bytes]:
    if not path.is_file():
        raise DataMissingError(f"no labelled sentences at {path}")
    try:
        with gzip.open(path) as lines:
            yield from lines
    except (OSError, EOFError, zlib.error) as error:
        raise DataBrokenError(f"{path} cannot be read: {error}") from error


def retrieval_table(report: RetrievalReport) -> str:
    """The report as Markdown, without a line feed at its end."""
    lines = [
        f"# retrieve-attack: {report.n} sentences, {report.techniques} techniques",
        "",
        "| sentences | n | ranking | recall at 5 | nDCG at 10 | MRR |",
        "|---" * 6 + "|",
        *_rows("labelled", report),
        *_rows("held out", report.held_out),
        "",
        f"- fitted on {report.fitted_on} procedure examples; left out: {report.held_out.split}",
        f"- labels that are revoked, counted as what replaced them: {report.replaced_labels}",
        f"- lines that were left out: {len(report.broken)}",
        f"- fit {report.fit_seconds:.1f} s, one sentence {_number(report.map_ms)} ms, all {report.seconds:.1f} s",
    ]
    return "\n".join(lines)


def _rows(name: str, part: Ranked) -> list[str]:
    return [_line(name, part.n, "mapper", part), _line(name, part.n, "BM25", part.bm25)]


def _line(name: str, n: int, ranking: str, part: Figures) -> str:
    numbers = " | ".join(_number(value) for value in (part.recall_at_5, part.ndcg_at_10, part.mrr))
    return f"| {name} | {n} | {ranking} | {numbers} |"


def _number(value: float | None) -> str:
    return "not measured" if value is None else f"{value:.3g}"
