"""Two sets of runs side by side: counted by hand here, on cases that are made up."""

import pytest

from agent.models import CLOSING, Disposition, Usage
from agent.replay.comparing import Ended, Results, compare, mcnemar


def ended(case: str, disposition: Disposition, expected: Disposition | None = None, *, tokens: int = 0) -> Ended:
    return Ended(
        case=case,
        title=case,
        disposition=disposition,
        severity="medium",
        likelihood=0.5,
        expected=expected,
        right=None if expected is None else disposition == expected,
        is_attack=expected == "true_positive",
        usage=Usage(calls=1, input_tokens=tokens, money=0.01),
    )


def results(brain: str, *cases: Ended) -> Results:
    return Results(brain=brain, cases=cases)


def test_flips_and_who_is_right_are_counted() -> None:
    """b: only A right, c: only B right; what both get right or wrong says nothing about which is better."""
    a = results(
        "a",
        ended("1", "true_positive", "true_positive", tokens=10),
        ended("2", "needs_human", "false_positive"),
        ended("3", "false_positive", "false_positive"),
        ended("4", "needs_human"),
        ended("only a", "needs_human"),
    )
    b = results(
        "b",
        ended("1", "true_positive", "true_positive", tokens=30),
        ended("2", "false_positive", "false_positive"),
        ended("3", "needs_human", "false_positive"),
        ended("4", "true_positive"),
        ended("only b", "needs_human"),
    )

    found = compare(a, b)

    assert (found.n, found.same, found.known) == (4, 1, 3)
    assert (found.both_right, found.only_a_right, found.only_b_right, found.neither_right) == (1, 1, 1, 0)
    assert [(flip.case, flip.closes) for flip in found.flips] == [("2", "b"), ("3", "a"), ("4", "neither")]
    assert found.left_out == ("only a", "only b")
    assert (found.a.usage.tokens, found.b.usage.tokens) == (10, 30)
    assert found.attacks_closed_by_b == ()


@pytest.mark.parametrize("disposition", sorted(CLOSING))
def test_confirmed_attack_that_b_closes_is_named(disposition: Disposition) -> None:
    """Whatever else got better, this one must not be overlooked; it counts also where A closed it before."""
    attack = ended("1", "true_positive", "true_positive")
    closed = ended("1", disposition, "true_positive")

    assert compare(results("a", attack), results("b", closed)).attacks_closed_by_b == ("1",)
    assert compare(results("a", closed), results("b", closed)).attacks_closed_by_b == ("1",)
    assert compare(results("a", closed), results("b", attack)).attacks_closed_by_b == ()


def test_price_that_is_not_known_makes_the_whole_not_known() -> None:
    """Unknown is not nothing."""
    free = ended("1", "needs_human").model_copy(update={"usage": Usage(calls=1, money=None)})

    assert results("a", free, ended("2", "needs_human")).usage.money is None


@pytest.mark.parametrize(("b", "c", "p"), [(0, 0, None), (1, 1, 1.0), (0, 6, 0.0312), (1, 9, 0.0215), (5, 5, 1.0)])
def test_lopsided_split_has_the_exact_probability(b: int, c: int, p: float | None) -> None:
    """Against the binomial by hand: 2 * (1/2)^6 = 0.03125, 2 * 11 / 1024 = 0.02148."""
    assert mcnemar(b, c) == p
