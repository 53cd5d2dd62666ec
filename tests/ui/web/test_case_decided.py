"""How a case was decided, on its page: a quiet line, marks for what differs, every decision folded, nothing active."""

from agent.models import Stability, Usage
from tests.ui.web.conftest import HOSTILE, Served
from tests.ui.web.test_markup import Read
from ui.api.models import CaseView, DecisionView, DisagreementView
from ui.cli.catalogue import load
from ui.web.case.decided import draw_decided, draw_decided_line

EN = load("en")
COST = "model calls: 1, tokens: 10, 0.0 s, price unknown"


def by_model(served: Served) -> CaseView:
    """A case that a model decided in part, as the API would tell it."""
    with served.client() as api:
        case = api.case("lab", "C-1")
    usage = Usage(calls=1, input_tokens=10, money=None)
    decision = DecisionView(
        step="assess",
        title="Weigh the evidence",
        by="model:small",
        prompt="assess@1",
        lines=(f"Still open, in its words: “{HOSTILE}”",),
        notes=(f"struck: {HOSTILE}",),
        answer={"gap": HOSTILE},
        problems=(f"struck: {HOSTILE}",),
        fell_back="endpoint down",
        usage=usage,
    )
    differs = DisagreementView(
        about="disposition", model_says="false_positive", evidence_says="true_positive", text=f"It differs: {HOSTILE}"
    )
    return case.model_copy(
        update={
            "decided_by": "model:small",
            "usage": usage,
            "cost": COST,
            "cut": ("3 looks not made",),
            "decisions": (decision,),
            "disagreements": (differs,),
            "stability": Stability(variations=(), stable=False),
            "stability_told": "it does not always end the same",
        }
    )


def test_case_of_the_embedded_brain_says_so_and_nothing_of_cost(served: Served) -> None:
    """No model was asked: nothing about tokens stands there."""
    drawn = served.draw("case", "lab", case="C-1")
    head, main = Read(drawn.board("head")).text, drawn.board("main")

    assert "Judged by playbook" in head
    assert "tokens" not in head
    assert 'id="decided"' in main
    assert "Concludes: True positive" in Read(main).text


def test_line_under_the_verdict_says_the_price_and_what_to_look_at(served: Served) -> None:
    """A person sees without unfolding anything that a model was overruled, cut or replaced."""
    line = draw_decided_line(EN, by_model(served))

    assert line is not None
    text = Read(str(line)).text
    for told in (
        "Judged by model:small",
        COST,
        "the embedded brain stood in",
        "model and evidence differ",
        "something was left out",
        "not stable",
    ):
        assert told in text


def test_decisions_are_folded_and_nothing_of_them_is_active(served: Served) -> None:
    """What a model wrote may be what an attacker wrote: it is text."""
    html = draw_decided(EN, by_model(served))

    assert html is not None
    read = Read(str(html))
    assert {name for name, _ in read.tags} <= {
        "details",
        "summary",
        "p",
        "ol",
        "ul",
        "li",
        "b",
        "bdi",
        "code",
        "span",
    } | {
        "svg",
        "path",
    }
    assert "\u202e" not in str(html)
    for told in ("How it was decided: 1 decisions", "assess@1", "3 looks not made", "It differs: ", "struck: "):
        assert told in read.text


def test_case_that_nobody_investigated_has_no_such_line(served: Served) -> None:
    """Nothing was decided."""
    bare = by_model(served).model_copy(update={"decided_by": None, "decisions": (), "stability_told": None})

    assert draw_decided_line(EN, bare) is None
    assert draw_decided(EN, bare) is None
