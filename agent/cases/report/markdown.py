"""The case as Markdown, for tickets and chats: the same content in the same order, nothing in it active."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from agent.cases.report.deciding import how_decided, summary
from agent.cases.report.matrix import matrix
from agent.cases.report.timeline import moments
from agent.cases.report.view import Checked, look_again
from agent.cases.report.words import Language, percent, word
from agent.cases.telling import told
from agent.evidence.text import inert
from agent.models import Case, Report
from agent.wording.retelling import retold

_ACTIVE: Final = re.compile(r"://|www\.|@|:\w|\]\(|\.\w{2,}/|`", re.IGNORECASE)
_SPECIAL: Final = re.compile(r"([\\*_{}\[\]()#!|<>&~$^])")


def render_markdown(case: Case, language: Language = "en") -> str:
    """The document. Every claim is re-run and every hash recomputed for it; what no longer holds is marked."""
    checked, decided, case = look_again(case, language), _decided(case.report, language), told(case, language)
    return "\n".join(
        [*_head(case, checked, language), *_body(case, checked, language), *decided, *_tail(case, checked, language)]
    )


def plain(content: str) -> str:
    """Any text as Markdown that shows exactly it: no emphasis, no markup, no link, also none made by a reader
    that turns addresses into links."""
    return " ".join(_token(token) for token in inert(content, clip=None).split(" "))


def code(content: str) -> str:
    """Any text as a code span."""
    content = inert(content, clip=None).replace("|", "\\|")
    fence = "`" * (max((len(run) for run in re.findall(r"`+", content)), default=0) + 1)
    padded = f" {content} " if content.startswith("`") or content.endswith("`") or not content.strip() else content
    return f"{fence}{padded}{fence}"


def _token(token: str) -> str:
    return code(token) if _ACTIVE.search(token) else _SPECIAL.sub(r"\\\1", token)


def _head(case: Case, checked: Checked, language: Language) -> Iterator[str]:
    yield f"# {plain(case.id)} · {plain(case.title)}\n"
    if case.synthetic:
        yield f"> **{word('synthetic', language)}**\n"
    if case.report is not None:
        verdict = case.report.verdict
        facts = (
            f"**{word(verdict.disposition, language)}**",
            f"{word('severity', language)}: {word(verdict.severity, language)}",
            f"{word('priority', language)}: {verdict.priority}",
            f"{word('likelihood', language)}: {percent(verdict.likelihood)}",
            f"{word('outcome', language)}: {word(verdict.outcome, language)}",
            f"{word('basis', language)}: {word(verdict.basis, language)}",
            *verdict.techniques,
        )
        yield " · ".join(facts) + "\n"
    yield _proof(checked, language) + "\n"


def _proof(checked: Checked, language: Language) -> str:
    total = len(checked.claims) - checked.struck
    parts = [] if checked.whole else [f"**{word('broken', language)}**"]
    parts.append(word("verified_n", language, verified=checked.verified, total=total))
    if checked.struck:
        parts.append(word("struck_n", language, count=checked.struck))
    parts.append(word("hashes_n", language, good=checked.hashes, total=len(checked.evidence)))
    return " · ".join(parts)


def _body(case: Case, checked: Checked, language: Language) -> Iterator[str]:
    if case.report is None:
        yield word("not_investigated", language) + "\n"
        return
    yield from _opening(case.report, language)
    yield from _moments(case, language)
    yield from _claims(checked, language)
    yield from _matrix(case.report, language)
    yield from _verdict(case.report, language)


def _opening(report: Report, language: Language) -> Iterator[str]:
    for name, sentence in report.opening.model_dump().items():
        yield f"- **{word(name, language)}:** {plain(str(sentence))}"
    yield f"\n> {plain(report.verdict.reason)}\n"
    if report.verdict.authorisation:
        told = word("deconfliction", language, entry=plain(report.verdict.authorisation))
        yield f"**{word('authorisation', language)}:** {told}\n"


def _moments(case: Case, language: Language) -> Iterator[str]:
    if not (found := moments(case)):
        return
    yield f"## {word('timeline', language)}\n"
    for moment in found:
        yield f"{moment.number}. {_at(moment.time)} {plain(moment.text)}"
    yield ""


def _claims(checked: Checked, language: Language) -> Iterator[str]:
    yield f"## {word('claims', language)}\n"
    for view in checked.claims:
        mark = "x" if view.state == "verified" else " "
        said = plain(view.text) if view.state == "verified" else f"~~{plain(view.text)}~~"
        because = retold(view.claim.struck_because or "", language) if view.state == "struck" else None
        state = "" if view.state == "verified" else f" **{word(view.state, language)}**"
        why = f" ({plain(because)})" if because else ""
        read = ", ".join(f"{ref.evidence} {code(ref.path)}" for ref in view.refs)
        yield f"- [{mark}] {said}{state}{why} `{view.provenance.value}` ({read})"
    yield ""


def _matrix(report: Report, language: Language) -> Iterator[str]:
    table = matrix(report)
    if not table.rows:
        return
    yield f"## {word('matrix', language)}\n"
    heads = [plain(hypothesis.text) for hypothesis in table.hypotheses]
    yield _row([word("finding", language), *heads])
    yield _row(["---", *("---:" for _ in heads)])
    for row in table.rows:
        said = f"~~{plain(row.text)}~~" if row.struck else plain(row.text)
        yield _row([said, *(f"{cell.weight:+.1f}" if cell.tone != "none" else "·" for cell in row.cells)])
    yield _row([f"**{word('sum', language)}**", *(f"**{total:+.1f}**" for total in table.scores)])
    yield ""


def _verdict(report: Report, language: Language) -> Iterator[str]:
    verdict = report.verdict
    if verdict.contributions:
        yield f"## {word('weighed', language)}\n"
        for part in verdict.contributions:
            yield f"- {plain(part.group)} {part.weight + 0.0:+.1f}: {plain(part.reason)}"
        yield f"- {word('evidence_part', language)} {matrix(report).evidence:+.1f}"
        yield ""
    if verdict.gaps:
        yield f"## {word('gaps', language)}\n"
        for gap in verdict.gaps:
            query = f" {word('gaps_query', language)}: {code(gap.query)}" if gap.query else ""
            yield f"- **{plain(gap.sensor)}**: {plain(gap.reason)}{query}"
        yield ""
    if verdict.gates:
        yield f"## {word('gates', language)}\n"
        for gate in verdict.gates:
            outcome = word("passed" if gate.passed else "noted", language)
            moved = f"{word(gate.before, language)} → {word(gate.after, language)}"
            yield f"- `{gate.gate}` {outcome if gate.before == gate.after else moved}: {plain(gate.reason)}"
        yield ""


def _decided(report: Report | None, language: Language) -> Iterator[str]:
    """Who decided what, at what cost, and what was left out."""
    if report is None:
        return
    yield f"## {word('decided', language)}\n"
    for name, text in summary(report, language):
        yield f"- **{word(name, language)}**: {plain(text)}"
    for told_one in how_decided(report, language):
        said = "; ".join(plain(line) for line in told_one.lines)
        notes = "".join(f"\n  - {plain(note)}" for note in told_one.notes)
        yield f"- {plain(told_one.title)} ({code(told_one.by)}): {said}{notes}"
    yield ""


def _tail(case: Case, checked: Checked, language: Language) -> Iterator[str]:
    if case.human is not None:
        human = case.human
        said = f"{word(human.disposition, language)}, {word(human.reason_code, language)}, {plain(human.author)}"
        yield f"## {word('people', language)}\n\n{said}, {_at(human.at)}. {_flat(human.note)}\n"
    if case.notes:
        yield f"## {word('notes', language)}\n"
        yield from (f"- {_at(note.at)} **{plain(note.author)}:** {_flat(note.text)}" for note in case.notes)
        yield ""
    if checked.evidence:
        yield f"## {word('evidence', language)}\n"
        for view in checked.evidence:
            item = view.item
            bad = "" if view.hash_fits else f" **{word('hash_bad', language)}**"
            told = f"{plain(item.tool)} ({word(item.status, language)}): {plain(item.summary)}"
            yield f"- **{item.id}** {told} `{item.sha256[:16]}`{bad}"
        yield ""


def _flat(content: str) -> str:
    return plain(" ".join(content.split()))


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _at(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
