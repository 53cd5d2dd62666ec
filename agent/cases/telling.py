"""A case as a reader of another language is shown it.

What is stored, signed and compared is English. Claims are run again and say themselves in the other language; reasons
are told by the template they were made from; the five lines are told piece by piece, each piece a claim of the case or
a sentence of ours. What is none of these stays as it is.
"""

from collections.abc import Mapping, Sequence

from agent.evidence.claims import by_id, check
from agent.models import Case, Claim, Evidence, Opening, Report, Verdict
from agent.wording import Language, localised
from agent.wording.catalogue import translations_in
from agent.wording.retelling import retold

Texts = Sequence[tuple[str, str]]
"""English text of each verified claim, the longest first, and what it says in the other language."""


def told(case: Case, language: Language) -> Case:
    """The case with everything we say in it said in `language`: to be shown, never to be saved, signed or checked."""
    if language == "en" or case.report is None:
        return case
    return case.model_copy(update={"report": _report(case.report, by_id(case.evidence), language)})


def _report(report: Report, evidence: Mapping[str, Evidence], language: Language) -> Report:
    claims = tuple(_claim(claim, evidence, language) for claim in report.claims)
    pairs = {old.text: new.text for old, new in zip(report.claims, claims, strict=True) if old.text and new.text}
    texts = sorted(pairs.items(), key=lambda pair: -len(pair[0]))
    lines = {name: told_line(str(line), texts, language) for name, line in report.opening.model_dump().items()}
    hypotheses = (item.model_copy(update={"text": localised(item.text, language)}) for item in report.hypotheses)
    proposed = (item.model_copy(update={"rationale": localised(item.rationale, language)}) for item in report.proposed)
    return report.model_copy(
        update={
            "claims": claims,
            "opening": Opening.model_validate(lines),
            "hypotheses": tuple(hypotheses),
            "proposed": tuple(proposed),
            "verdict": _verdict(report.verdict, texts, language),
        }
    )


def _claim(claim: Claim, evidence: Mapping[str, Evidence], language: Language) -> Claim:
    """The claim in that language; one that no longer holds keeps the words it was written with."""
    template = localised(claim.template, language)
    if claim.status != "verified":
        because = retold(claim.struck_because or "", language) or None
        return claim.model_copy(update={"template": template, "struck_because": because})
    again = check(claim, evidence, language)
    return claim.model_copy(update={"template": template, "text": again.text or claim.text})


def _verdict(verdict: Verdict, texts: Texts, language: Language) -> Verdict:
    gates = (item.model_copy(update={"reason": retold(item.reason, language)}) for item in verdict.gates)
    gaps = (item.model_copy(update={"reason": retold(item.reason, language)}) for item in verdict.gaps)
    parts = (item.model_copy(update={"reason": retold(item.reason, language)}) for item in verdict.contributions)
    return verdict.model_copy(
        update={
            "reason": _told_reason(verdict.reason, texts, language),
            "gates": tuple(gates),
            "gaps": tuple(gaps),
            "contributions": tuple(parts),
        }
    )


def told_line(line: str, texts: Texts, language: Language) -> str:
    """One of the five lines: a sentence of ours, or one of ours and claims, one after the other."""
    if (whole := retold(line, language)) != line:
        return whole
    known = [*texts, *translations_in(language, ("opening",)).items()]
    said, rest = [], line
    while rest:
        piece = next((pair for pair in known if rest == pair[0] or rest.startswith(f"{pair[0]} ")), None)
        if piece is None:
            return line
        said.append(piece[1])
        rest = rest[len(piece[0]) :].removeprefix(" ")
    return "".join(piece if piece.endswith(_FULL_STOP) else f"{piece} " for piece in said).rstrip()


def _told_reason(reason: str, texts: Texts, language: Language) -> str:
    """The sentence for the queue: a claim without its full stop, the field that weighed most, who did not look."""
    said, rest = [], reason
    for english, other in texts:
        stem = english.rstrip(".")
        if rest == stem or rest.startswith(f"{stem}; "):
            said.append(other.rstrip(_FULL_STOP))
            rest = rest[len(stem) :].removeprefix("; ")
            break
    unseen: list[str] = []
    for lead in _UNSEEN:
        before, found, sensors = rest.rpartition(f"; {lead}")
        if found:
            rest, unseen = before, [f"{lead}{sensors}", *unseen]
    said += [retold(part, language) for part in (rest, *unseen) if part]
    return "；".join(said)


_UNSEEN = ("error from ", "not seen by ")
"""What comes last in the sentence, the very last first."""
_FULL_STOP = "。"
"""After it no space is written."""
