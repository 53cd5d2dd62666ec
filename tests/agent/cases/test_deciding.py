"""How a case was decided is said in words: who, at what cost, what was left out, where model and evidence differ."""

import re
from collections.abc import Callable

import pytest

from agent.cases.report import render_html, render_markdown
from agent.cases.report.deciding import (
    how_decided,
    how_stable,
    what_differs,
    what_it_cost,
    what_was_cut,
    who_decided,
)
from agent.models import Case, Decision, Disagreement, Report, Stability, Usage, Variation
from agent.wording import Language

HOSTILE = "<img src=x onerror=alert(1)> \u202egpj.exe https://evil.example/"
SMALL = Usage(calls=1, input_tokens=900, output_tokens=100, seconds=2.0, money=0.001)
PLAN = Decision(step="plan", by="model:small", prompt="decide@1", answer={"order": ["attempts"]}, usage=SMALL)
ASSESS = Decision(
    step="assess",
    by="model:small",
    answer={
        "gap": HOSTILE,
        "ask": [f"q{n}" for n in range(9)],
        "reads": [{"tool": "siem__siem_timeline", "arguments": {}, "why": HOSTILE}],
        "weighed": [{"claim": "attempts.many", "hypothesis": "takeover", "bearing": "for"}],
    },
    problems=(f"claim {HOSTILE} struck: there is none",),
    usage=SMALL,
)
CHALLENGE = Decision(
    step="challenge", by="playbook", answer={"against": "takeover", "rival": "guessing"}, fell_back="endpoint down"
)
STRUCK = ASSESS.model_copy(update={"problems": ("struck: there is no claim 'C99'",)})
DOWN = CHALLENGE.model_copy(update={"fell_back": "endpoint down: connection refused; not asked again yet"})
CONCLUDE = Decision(
    step="conclude",
    by="model:small",
    answer={"disposition": "false_positive", "hypothesis": "own_mistake", "second": "needs_human"},
)
DIFFER = (
    Disagreement(about="hypothesis", model_says="own_mistake", evidence_says="takeover"),
    Disagreement(about="disposition", model_says="false_positive", evidence_says="true_positive"),
    Disagreement(about="second_look", model_says="needs_human", evidence_says="true_positive"),
)
CUT = "3 looks not made: the calls, rounds or seconds of this investigation are spent"


@pytest.fixture
def case(sample: Callable[[], Case]) -> Case:
    """A case that a model decided and the embedded brain ended."""
    made = sample()
    assert made.report is not None
    report = made.report.model_copy(
        update={
            "brain": "model:small",
            "decisions": (PLAN, ASSESS, CHALLENGE),
            "usage": SMALL.plus(SMALL),
            "cut": (CUT,),
            "disagreements": DIFFER,
        }
    )
    return made.model_copy(update={"report": report})


def report_of(case: Case) -> Report:
    """The report, which every such case has."""
    assert case.report is not None
    return case.report


def test_brain_is_named_with_the_step_from_which_another_went_on(case: Case) -> None:
    """A model that fell back half way did not decide the case."""
    report = report_of(case)
    assert who_decided(report) == "model:small, from 'challenge' on playbook"
    whole = report.model_copy(update={"decisions": (PLAN, CONCLUDE)})
    assert who_decided(whole) == "model:small"
    never = report.model_copy(update={"decisions": (CHALLENGE,)})
    assert who_decided(never) == "playbook instead of model:small"
    strong = PLAN.model_copy(update={"by": "model:strong"})
    assert who_decided(report.model_copy(update={"decisions": (PLAN, strong, CONCLUDE)})) == (
        "model:small and model:strong"
    )
    old = report.model_copy(update={"decisions": (), "brain": "playbook"})
    assert who_decided(old) == "playbook"


def test_price_that_nobody_knows_is_never_nothing() -> None:
    """`0.00` would be read as free."""
    assert what_it_cost(SMALL) == "model calls: 1, tokens: 1,000, 2.0 s, 0.0010 by the price table"
    unknown = SMALL.model_copy(update={"money": None, "estimated": True})
    assert what_it_cost(unknown) == "model calls: 1, tokens: about 1,000, 2.0 s, price unknown"
    assert what_it_cost(Usage()) == "no model was asked"


def test_every_decision_is_told_with_what_was_struck_and_who_stood_in(case: Case) -> None:
    """A person can follow how the case came to its end without reading JSON."""
    planned, assessed, challenged = how_decided(report_of(case))

    assert (planned.title, planned.by) == ("Plan", "model:small")
    assert planned.lines[0] == "Looks first at: attempts"
    assert "Asks: q0, q1, q2, q3, q4, q5 (+3)" in assessed.lines
    assert "Claims that it weighs by itself, which moves nothing: 1" in assessed.lines
    assert any(line.startswith("Looks by itself: siem__siem_timeline, in its words: “") for line in assessed.lines)
    assert assessed.notes == ASSESS.problems
    assert "Argues for: somebody guessed passwords and did not get in" in challenged.lines
    assert challenged.notes == ("The embedded brain decided in the model's place: endpoint down",)


def test_second_look_is_told_beside_the_first(case: Case) -> None:
    """Two answers of one model are two lines."""
    report = report_of(case).model_copy(update={"decisions": (CONCLUDE,)})

    (told,) = how_decided(report)

    assert told.lines == (
        "Concludes: False positive",
        "Holds to be true: one of our own systems used a wrong password",
        "Asked again with the roles swapped: Needs a person",
    )


def test_decision_that_cannot_be_read_any_more_breaks_no_page(case: Case) -> None:
    """What an older version kept is still shown with all the rest."""
    strange = PLAN.model_copy(update={"answer": {"sequence": 1}})

    (told,) = how_decided(report_of(case).model_copy(update={"decisions": (strange,)}))

    assert told.lines[0] == "What was decided is kept in a form that cannot be read any more."


def test_differences_and_cuts_are_sentences_in_both_languages(case: Case) -> None:
    """Names of hypotheses are told by their text."""
    report = report_of(case)
    english, chinese = what_differs(report), what_differs(report, "zh")

    assert english[0] == (
        "The model holds “one of our own systems used a wrong password” to be true; "
        "the evidence fits “somebody guessed passwords and got into an account” best."
    )
    assert english[1] == "The model concludes False positive; the evidence says True positive."
    assert chinese[2] == "角色互换后再次询问，模型说是需要人工判断；证据表明是真实攻击。"
    assert what_was_cut(report) == (CUT,)
    assert what_was_cut(report, "zh") == ("3 项查看未做：本次调查的调用、轮次或时间已用完",)


def test_why_a_model_did_not_decide_is_told_in_chinese(case: Case) -> None:
    """Our own words around what an endpoint said; what it said stays as it is."""
    assessed, challenged = how_decided(report_of(case).model_copy(update={"decisions": (STRUCK, DOWN)}), "zh")

    assert assessed.notes == ("已划去：不存在 claim 'C99'",)
    assert challenged.notes == ("内置推理器代替模型作出决定：端点无法连接：connection refused；暂不再次询问",)


def test_stability_says_how_often_and_what_differed() -> None:
    """A case run once says nothing about it."""
    same = Variation(
        changed="nothing", disposition="true_positive", severity="high", likelihood=0.9, concluded="true_positive"
    )
    other = same.model_copy(update={"changed": "times shifted", "disposition": "needs_human"})

    assert how_stable(None) is None
    assert how_stable(Stability(variations=(same, same), stable=True)) == (
        "run 2 times with changes: it ends the same every time"
    )
    torn = how_stable(Stability(variations=(same, other), stable=False))
    assert torn is not None
    assert "times shifted: Needs a person" in torn


@pytest.mark.parametrize("language", ["en", "zh"])
def test_reports_say_how_it_was_decided_and_run_nothing_of_it(case: Case, language: Language) -> None:
    """A model may repeat what an attacker wrote: on paper it is text."""
    page, paper = render_html(case, language), render_markdown(case, language)

    for told in (page, paper):
        assert "model:small" in told
        assert what_was_cut(report_of(case), language)[0] in told
        assert "\u202e" not in told
    assert "<img" not in page
    assert "https://" not in re.sub(r"`+.*?`+", "", paper)
