"""Playbooks: faults are named with file and line, and nothing in them knows the lab."""

from datetime import timedelta
from pathlib import Path

import pytest

from agent.investigation.context import SOURCE, context_questions
from agent.investigation.values import Value
from agent.models import Provenance
from agent.playbooks.format import PlaybookError, load_playbook, load_playbooks

MINIMAL = """\
name: minimal
version: 1
classes: [minimal]
title: Minimal
hypotheses:
  - {id: bad, kind: malicious, text: bad}
  - {id: good, kind: benign, text: good}
contract: []
questions:
  - id: look
    asks: What is there?
    tool: siem__siem_search_events
    arguments: {start: "{window.start}"}
    window: {before: 6h, after: 30m}
    readings:
      - {id: many, count: "$.events[*]", at_least: 3, sentence: many, weights: {bad: 1}}
"""


def written(folder: Path, text: str, name: str = "minimal.yaml") -> Path:
    """A playbook file with that text."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_durations_read_as_written(tmp_path: Path) -> None:
    """6h is six hours; a wrong unit would silently look at the wrong hour."""
    window = load_playbook(written(tmp_path, MINIMAL)).question("look").window
    assert (window.before, window.after) == (timedelta(hours=6), timedelta(minutes=30))


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("at_least: 3, ", "", 16, "count needs at_least or at_most"),
        ("weights: {bad: 1}", "weights: {worse: 1}", 1, "unknown hypotheses ['worse']"),
        ("weights: {bad: 1}", "weights: {bad: 9}", 1, "between -3 and 3"),
        ("$.events[*]", "$.events[", 16, "not a JSONPath"),
        ("$.events[*]", "$.events[?search(@['a'], '(?i)x.*y')]", 16, "without a bound"),
        ("$.events[*]", "$.events[?search(@['a'], '(?i)x)')]", 16, "not valid"),
        ("kind: malicious", "kind: evil", 6, "malicious"),
        ("    asks: What is there?\n", "", 10, "Field required"),
        ("window: {before: 6h", "window: {before: soon", 14, "duration"),
        ("contract: []", "contract: [", 10, "expected"),
        ("title: Minimal", "title: Minimal\nauthor: me", 5, "Extra inputs"),
    ],
)
def test_fault_is_named_with_file_and_line(tmp_path: Path, old: str, new: str, line: int, words: str) -> None:
    """Whoever writes a playbook must find the fault without reading our code."""
    path = written(tmp_path, MINIMAL.replace(old, new))
    with pytest.raises(PlaybookError) as caught:
        load_playbook(path)
    message = str(caught.value)
    assert message.startswith(f"{path}:{line}:"), message
    assert words in message


def test_class_claimed_twice_is_refused(tmp_path: Path) -> None:
    """Which playbook runs must never depend on file order."""
    written(tmp_path, MINIMAL, "a.yaml")
    written(tmp_path, MINIMAL, "b.yaml")
    with pytest.raises(PlaybookError, match=r"b\.yaml:1: class 'minimal' already belongs to 'minimal'"):
        load_playbooks(tmp_path)


def test_every_question_that_proves_something_is_required() -> None:
    """A brain may choose the order of the looks; it must not be able to skip the one that decides."""
    for playbook in load_playbooks().values():
        proving = {reading for proof in playbook.proofs for reading in proof.readings}
        malicious = {item.id for item in playbook.hypotheses if item.kind == "malicious"}
        skippable = {
            reading.id
            for question in playbook.questions
            if not question.required
            for reading in question.readings
            if not any(reading.weights.get(name, 0) > 0 for name in malicious)
        }
        assert not proving & skippable, playbook.name


@pytest.mark.parametrize(("address", "asked"), [("10.20.1.2", False), ("198.18.0.1", True)])
def test_feeds_are_not_asked_about_an_inside_address(address: str, *, asked: bool) -> None:
    """Nobody outside knows whose it is: a look that can only come back empty reads like one that found nothing."""
    values = {"source.ip": Value(address, Provenance.SENSOR)}
    for playbook in load_playbooks().values():
        questions = {question.id for question in context_questions(playbook, playbook.classes[0], values)}
        assert (SOURCE in questions) is (asked and playbook.name != "hunt"), playbook.name


def test_what_the_alert_itself_says_weighs_nothing(tmp_path: Path) -> None:
    """The likelihood weighs the alert's own content already; twice would be once too often."""
    own = 'alert:\n  - {id: own, number: "$.alert.n", at_least: 1, sentence: own, weights: {bad: 1}}\nquestions:\n'
    with pytest.raises(PlaybookError, match="weighs nothing"):
        load_playbook(written(tmp_path, MINIMAL.replace("questions:\n", own)))
