"""Numbers of an eval are right, and what was not measured says so."""

import pytest

from evals.statistics import Binary, Rate, auc, percentile


def test_wilson_interval_agrees_with_published_values() -> None:
    """A wrong interval would make every published rate look better or worse than it is."""
    low, high = Rate(0, 104).interval or (9.0, 9.0)
    assert (round(low, 4), round(high, 4)) == (0.0, 0.0356)

    low, high = Rate(81, 263).interval or (9.0, 9.0)
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)


def test_rate_of_nothing_is_not_measured() -> None:
    """A rate of 0 over 0 cases once looked like a perfect false-positive rate elsewhere."""
    nothing = Rate(0, 0)

    assert nothing.value is None
    assert nothing.interval is None
    assert str(nothing) == "not measured"


def test_confusion_counts_every_pair_once() -> None:
    """Recall and false-positive rate have different denominators."""
    counted = Binary.of([(True, True), (True, True), (True, False), (False, True), (False, False), (False, False)])

    assert (counted.tp, counted.fp, counted.tn, counted.fn) == (2, 1, 2, 1)
    assert counted.recall.value == pytest.approx(2 / 3)
    assert counted.precision.value == pytest.approx(2 / 3)
    assert counted.false_positive_rate.value == pytest.approx(1 / 3)
    assert counted.accuracy.value == pytest.approx(4 / 6)


@pytest.mark.parametrize(
    ("truths", "scores", "expected"),
    [
        ([True, True, False, False], [0.9, 0.8, 0.2, 0.1], 1.0),
        ([True, False], [0.5, 0.5], 0.5),
        ([True, False, True, False], [0.1, 0.9, 0.2, 0.8], 0.0),
        ([True, False, True, False], [0.7, 0.7, 0.9, 0.1], 0.875),
    ],
)
def test_auc_counts_ties_as_half(truths: list[bool], scores: list[float], expected: float) -> None:
    """Likelihoods tie often (capped groups), so ties must not be given to either side."""
    assert auc(truths, scores) == pytest.approx(expected)


def test_auc_of_one_class_is_not_measured() -> None:
    """A file with attacks only has no ROC curve."""
    assert auc([True, True], [0.4, 0.6]) is None


def test_percentile_interpolates_and_says_nothing_of_nothing() -> None:
    """Latency figures come from few cases."""
    assert percentile([1.0, 2.0, 3.0, 4.0], 0.5) == pytest.approx(2.5)
    assert percentile([5.0], 0.95) == 5.0
    assert percentile([], 0.5) is None
