"""What a model costs per case, in tokens, against a plain tool loop: `python -m evals.benchmarks.tokens [--seeds N]`.

Every story of a lab is investigated by the model brain, whose model chooses what the playbook brain would; then a plain
loop makes the same reads over the same tools. Counted is all that a model reads and writes, four characters a token.
The loop makes one call at a turn, as such loops mostly do; what it costs when it makes all reads of a round at one turn
stands beside it. Last, one answer of a case is made five megabytes long.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from langchain_core.messages import AIMessage, convert_to_openai_messages
from pydantic import JsonValue

from agent.brain.playbook import PlaybookBrain
from agent.models import Evidence, JsonObject, Model, Report
from evals.benchmarks.wire import Meter, Spent, said_text, sent_text
from evals.following import Following
from evals.loop import Call, Recording, Rounds, run_loop, served_tools
from evals.pipeline import Pipeline, lab_pipeline
from evals.planting import Reader
from evals.statistics import percentile
from evals.targets import Target, targets_of
from knowledge.trust.canonical import sha256_of
from servers.lab.world import Lab

RATIO: Final = 0.15
P95_TOKENS: Final = 12_000
REPEATED: Final = 0.80
HUGE_BYTES: Final = 5_000_000
HUGE_TOKENS: Final = 600
"""What is promised: tokens against the loop's, tokens of a case at the 95th percentile, the share of the input that
repeats a beginning, and what a huge answer adds to a request."""


class Row(Model):
    """One story."""

    seed: int
    family: str
    kind: str
    reads: int
    same_verdict: bool
    """Whether the case ends as the playbook brain's does."""
    staged: Spent
    """Ours."""
    plain: Spent
    """The loop's, one call at a turn."""
    together: Spent
    """The loop's, all reads of a round at one turn."""


class Huge(Model):
    """What one answer of five megabytes changes."""

    family: str
    tool: str
    answer_bytes: int
    added: int
    """Tokens that it adds to the largest request."""
    added_to_case: int
    """Tokens that it adds to all requests of the case together, which repeat it."""


class Summary(Model):
    """What all stories come to."""

    n: int
    p50: float | None
    p95: float | None
    most: int
    mean: float
    calls: float
    repeated: float
    """Share of all input that stands at the beginning of an earlier request."""


class TokensReport(Model):
    """The whole benchmark."""

    benchmark: str = "tokens"
    chars_per_token: int = 4
    staged: Summary
    plain: Summary
    together: Summary
    ratio: float
    """All tokens of ours over all tokens of the loop."""
    ratio_together: float
    families: dict[str, dict[str, float]]
    """Family to mean tokens of each way."""
    huge: tuple[Huge, ...]
    missed: tuple[str, ...]
    """Promises that are not kept."""
    cases: tuple[Row, ...]


@dataclass(slots=True)
class Bench:
    """The three ways of asking, each with its account over the whole run."""

    staged: Meter = field(default_factory=Meter)
    plain: Meter = field(default_factory=Meter)
    together: Meter = field(default_factory=Meter)

    async def case(self, seed: int, target: Target, pipeline: Pipeline) -> Row:
        """One story, all ways."""
        alert, door = target.planted(None)
        clean = await target.run(alert, door, PlaybookBrain())
        recording = Recording(door)
        report = await target.run(alert, recording, Following(self.staged))
        calls = [call for part in recording.rounds for call in part]
        for meter, rounds in ((self.plain, [(call,) for call in calls]), (self.together, recording.rounds)):
            await self._loop(meter, pipeline, alert.raw, Rounds(rounds, last_word(report)))
        return Row(
            seed=seed,
            family=target.name,
            kind=target.kind,
            reads=len(calls),
            same_verdict=clean.verdict.disposition == report.verdict.disposition,
            staged=self.staged.case(),
            plain=self.plain.case(),
            together=self.together.case(),
        )

    async def _loop(self, meter: Meter, pipeline: Pipeline, raw: JsonObject, script: Rounds) -> None:
        def counted(request: JsonObject) -> AIMessage:
            said = script(request)
            meter.count(sent_text(objects(request["messages"]), objects(request["tools"])), written(said))
            return said

        await run_loop(counted, served_tools(pipeline.servers), raw)


def written(message: AIMessage) -> str:
    """What the model wrote."""
    (made,) = convert_to_openai_messages([message])
    return said_text(made)


def objects(value: JsonValue) -> list[JsonObject]:
    """The objects of a list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def last_word(report: Report) -> str:
    """What an analyst in a loop would write at the end: the five lines of the opening and the verdict's heading."""
    verdict = report.verdict
    return "\n".join([f"{verdict.disposition}, {verdict.severity}: {verdict.reason}", *vars(report.opening).values()])


@dataclass(slots=True)
class Swollen:
    """A read door one of whose answers is huge: its rows over and over."""

    inner: Reader
    call: Call

    async def read_many(self, calls: Sequence[Call]) -> list[Evidence]:
        """The answers, the chosen one swollen."""
        answers = await self.inner.read_many(calls)
        return [swollen(answer) if call == self.call else answer for call, answer in zip(calls, answers, strict=True)]


def swollen(answer: Evidence) -> Evidence:
    """The answer with its rows repeated to the size of `HUGE_BYTES`, each one different."""
    name, rows = rows_of(answer)
    size = len(json.dumps(rows))
    many: list[JsonValue] = [
        {**row, "event.sequence": turn} if isinstance(row, dict) else row
        for turn in range(HUGE_BYTES // max(1, size) + 1)
        for row in rows
    ]
    data: JsonObject = {**(answer.data if isinstance(answer.data, dict) else {}), name: many}
    size_bytes = len(json.dumps(data))
    return answer.model_copy(update={"data": data, "sha256": sha256_of(data), "size_bytes": size_bytes})


def rows_of(answer: Evidence) -> tuple[str, list[JsonValue]]:
    """The longest list of an answer, with its name; an empty one when there is none."""
    data = answer.data if isinstance(answer.data, dict) else {}
    lists = [(name, value) for name, value in data.items() if isinstance(value, list)]
    return max(lists, key=lambda item: len(item[1]), default=("", []))


async def huge_answer(target: Target) -> Huge:
    """The same case with its longest answer as it is, and five megabytes long."""
    alert, door = target.planted(None)
    recording = Recording(door)
    await target.run(alert, recording, PlaybookBrain())
    calls = [call for part in recording.rounds for call in part]
    answers = await door.read_many(calls)
    call, answer = max(zip(calls, answers, strict=True), key=lambda item: len(rows_of(item[1])[1]))
    before, after = [await _spent(target, reader) for reader in (door, Swollen(door, call))]
    return Huge(
        family=target.name,
        tool=call[0],
        answer_bytes=swollen(answer).size_bytes,
        added=after.largest - before.largest,
        added_to_case=after.tokens - before.tokens,
    )


async def _spent(target: Target, door: Reader) -> Spent:
    meter = Meter()
    alert, _ = target.planted(None)
    await target.run(alert, door, Following(meter))
    return meter.case()


async def measure(
    *,
    seeds: int,
    first_seed: int,
    stories: Sequence[tuple[str, str]] | None = None,
    progress: Callable[[str], None],
) -> TokensReport:
    """Every story of `seeds` labs, and the huge answer for every attack of the first lab."""
    bench, rows, huge = Bench(), list[Row](), list[Huge]()
    for seed in range(first_seed, first_seed + seeds):
        with TemporaryDirectory(prefix="mcpsoc-tokens-") as folder:
            path = Path(folder) / "lab.db"
            Lab.create(path, seed, stories=stories).close()
            async with lab_pipeline(Path(folder), path) as pipeline:
                for target in await targets_of(pipeline, path):
                    rows.append(await bench.case(seed, target, pipeline))
                    progress(told(rows[-1]))
                    if seed == first_seed and target.kind == "attack":
                        huge.append(await huge_answer(target))
    return summed(rows, huge)


def told(row: Row) -> str:
    """One line about a story."""
    spent = f"{row.staged.tokens} tokens in {row.staged.calls} calls"
    return f"seed {row.seed}: {row.family}/{row.kind}: {spent}, the loop {row.plain.tokens} in {row.plain.calls}"


def summed(rows: Sequence[Row], huge: Sequence[Huge]) -> TokensReport:
    """All stories together, held against what is promised."""
    staged, plain, together = ([getattr(row, way) for row in rows] for way in ("staged", "plain", "together"))
    report = TokensReport(
        staged=summary(staged),
        plain=summary(plain),
        together=summary(together),
        ratio=ratio(staged, plain),
        ratio_together=ratio(staged, together),
        families={family: _family(rows, family) for family in sorted({row.family for row in rows})},
        huge=tuple(huge),
        missed=(),
        cases=tuple(rows),
    )
    return report.model_copy(update={"missed": tuple(missed(report))})


def summary(spent: Sequence[Spent]) -> Summary:
    """One way over all stories."""
    tokens = [float(item.tokens) for item in spent]
    return Summary(
        n=len(spent),
        p50=percentile(tokens, 0.5),
        p95=percentile(tokens, 0.95),
        most=int(max(tokens)),
        mean=round(sum(tokens) / len(tokens), 1),
        calls=round(sum(item.calls for item in spent) / len(spent), 2),
        repeated=round(sum(item.repeated for item in spent) / sum(item.input for item in spent), 4),
    )


def ratio(ours: Sequence[Spent], theirs: Sequence[Spent]) -> float:
    """Tokens of all stories, ours over theirs."""
    return round(sum(item.tokens for item in ours) / sum(item.tokens for item in theirs), 4)


def _family(rows: Sequence[Row], family: str) -> dict[str, float]:
    of = [row for row in rows if row.family == family]
    return {
        "staged": round(sum(row.staged.tokens for row in of) / len(of), 1),
        "plain": round(sum(row.plain.tokens for row in of) / len(of), 1),
        "together": round(sum(row.together.tokens for row in of) / len(of), 1),
    }


def missed(report: TokensReport) -> list[str]:
    """Every promise that is not kept, in words."""
    worst = max((item.added for item in report.huge), default=0)
    held = {
        f"tokens against the loop: {report.ratio} (at most {RATIO})": report.ratio <= RATIO,
        f"tokens at the 95th percentile: {report.staged.p95} (at most {P95_TOKENS})": (report.staged.p95 or 0)
        <= P95_TOKENS,
        f"input that repeats: {report.staged.repeated} (at least {REPEATED})": report.staged.repeated >= REPEATED,
        f"a huge answer adds {worst} tokens (at most {HUGE_TOKENS})": worst <= HUGE_TOKENS,
    }
    return [promise for promise, kept in held.items() if not kept]


def main() -> int:
    parser = argparse.ArgumentParser(description="Tokens per case, against a plain tool loop.")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--first-seed", type=int, default=1)
    given = parser.parse_args()
    report = asyncio.run(
        measure(seeds=given.seeds, first_seed=given.first_seed, progress=lambda line: _tell(line)),
    )
    sys.stdout.write(report.model_dump_json(indent=1) + "\n")
    return 1 if report.missed else 0


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
