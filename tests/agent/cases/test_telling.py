"""A case told in Chinese says the same, from the same evidence, and what is stored stays as it is."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.cases import CaseStore
from agent.cases.queries import CaseQuery
from agent.cases.report.html import render_html
from agent.cases.report.markdown import render_markdown
from agent.cases.telling import told
from agent.models import Case, Report

CaseFactory = Callable[..., Case]
HAN = "\u4e00", "\u9fff"


@pytest.fixture(scope="module")
def cases(investigated: Path) -> tuple[Case, ...]:
    """Cases of the lab, each way one can end."""
    store = CaseStore(f"sqlite:///{investigated}/demo/cases.db")
    rows = store.list_cases(CaseQuery(now=datetime.now(UTC)))
    found = tuple(store.get(row.id) for row in rows)
    store.dispose()
    return found


def test_nothing_a_case_says_stays_english(cases: tuple[Case, ...]) -> None:
    """Every line, claim, reason, hypothesis and action of every kind of story."""
    assert len(cases) == 7
    for case in cases:
        before, after = case.report, told(case, "zh").report
        assert before is not None
        assert after is not None
        pairs = zip(_said(before), _said(after), strict=True)
        assert [old for old, new in pairs if old and not _is_chinese(new)] == []


def test_values_are_shown_as_the_evidence_has_them(cases: tuple[Case, ...]) -> None:
    """Only our own words are translated: names, addresses, times and rules are somebody's words."""
    for case in cases:
        report = told(case, "zh").report
        assert report is not None
        host = case.alerts[0].text("host.name")
        assert case.alerts[0].rule.name in report.opening.what_happened
        assert host is None or host in report.opening.what_happened


def test_told_case_leaves_the_stored_one_alone(cases: tuple[Case, ...]) -> None:
    """What is signed is English, whoever reads it."""
    before = cases[0].model_dump_json()
    told(cases[0], "zh")

    assert cases[0].model_dump_json() == before
    assert told(cases[0], "en") is cases[0]


def test_claim_that_no_longer_holds_keeps_the_words_it_was_written_with(cases: tuple[Case, ...]) -> None:
    """Nothing is rendered anew from evidence that was changed."""
    case = cases[0]
    changed = case.model_copy(
        update={"evidence": tuple(item.model_copy(update={"status": "error"}) for item in case.evidence)}
    )
    before, after = changed.report, told(changed, "zh").report

    assert before is not None
    assert after is not None
    assert [claim.text for claim in after.claims] == [claim.text for claim in before.claims]
    assert after.opening.what_happened == before.opening.what_happened


def test_lines_of_another_hand_stay_as_they_are(sample: CaseFactory) -> None:
    """A line that is not made of our sentences and this case's claims is not taken apart."""
    case = sample()
    report = told(case, "zh").report

    assert case.report is not None
    assert report is not None
    assert report.opening == case.report.opening


def test_reports_are_told_in_the_readers_language(cases: tuple[Case, ...]) -> None:
    """Page and Markdown, with every claim re-run on the evidence as it is."""
    case = next(case for case in cases if case.report and case.report.verdict.disposition == "true_positive")
    report = told(case, "zh").report
    assert report is not None
    for text in (render_html(case, "zh"), render_markdown(case, "zh").replace("\\", "").replace("`", "")):
        assert report.hypotheses[0].text in text
        assert report.verdict.gates[0].reason in text
        assert "holds on the claims" not in text
    assert "holds on the claims that were verified" in render_html(case, "en")


def _said(report: Report) -> Iterator[str]:
    verdict = report.verdict
    yield from (str(line) for line in report.opening.model_dump().values())
    yield verdict.reason
    yield from (claim.text for claim in report.claims)
    yield from (item.text for item in report.hypotheses)
    yield from (item.rationale for item in report.proposed)
    yield from (item.reason for item in verdict.gates)
    yield from (item.reason for item in verdict.gaps)
    yield from (item.reason for item in verdict.contributions)


def _is_chinese(text: str) -> bool:
    return any(HAN[0] <= char <= HAN[1] for char in text)
