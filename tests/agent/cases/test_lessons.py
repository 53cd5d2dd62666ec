"""The note a closed case proposes: what is proved, what was missing, and other people's words as text."""

import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from agent.cases.lessons import lesson
from agent.cases.lifecycle import close
from agent.models import Case, Disposition, HumanVerdict
from agent.playbooks.format import load_playbooks
from agent.replay.aliases.aliases import Aliases
from agent.replay.stored import open_stored

CaseFactory = Callable[..., Case]
NOW = datetime(2026, 3, 9, 12, 0, tzinfo=UTC)


def closed(
    case: Case, note: str = "", disposition: Disposition = "true_positive", reason: str = "confirmed_attack"
) -> Case:
    """The case after a person closed it."""
    said = {"at": NOW, "author": "mei", "disposition": disposition, "reason_code": reason, "note": note}
    return close(case, HumanVerdict.model_validate(said))


def taught(case: Case) -> str:
    """The text of the note."""
    found = lesson(case, load_playbooks())
    assert found is not None
    return found.text


def parts(text: str) -> dict[str, str]:
    """Heading to what stands below it."""
    return dict(part.split("\n", 1) for part in re.split(r"^## ", text, flags=re.MULTILINE)[1:])


def test_only_verified_claims_are_told_as_what_decided(sample: CaseFactory) -> None:
    """A claim that was struck would teach what is not so."""
    case = closed(sample("C-1"))
    assert case.report is not None
    first, *rest = case.report.claims
    struck = first.model_copy(update={"status": "struck", "struck_because": "the count is 8"})
    report = case.report.model_copy(update={"claims": (struck, *rest)})

    told = parts(taught(case.model_copy(update={"report": report})))

    assert "203.0.113.77" in told["What was missing"]
    assert "the count is 8" in told["What was missing"]
    assert struck.text[:30] not in told["What decided it"]
    assert "m.ortiz" in told["What decided it"]


def test_what_was_not_seen_is_asked_next_time(sample: CaseFactory) -> None:
    """A gap that is only regretted is there again in the next case."""
    told = parts(taught(closed(sample("C-1"))))

    assert "firewall could not look: the firewall did not answer." in told["What was missing"]
    assert "What does firewall say to firewall flows" in told["What to ask first next time"]


def test_person_who_saw_it_otherwise_is_the_best_question(sample: CaseFactory) -> None:
    """Where both agree there is nothing to ask about."""
    agreed = taught(closed(sample("C-1")))
    differs = taught(closed(sample("C-1"), "the pen test of May", "benign_true_positive", "authorised_test"))

    assert "Nothing that was asked did" in differs
    assert "the pen test of May" in differs
    assert "Nothing that was asked did" not in agreed


@pytest.mark.parametrize("hostile", ["[click](https://evil.example)", "<script>alert(1)</script>", "a\u202eb", "# big"])
def test_words_of_others_stand_as_text(sample: CaseFactory, hostile: str) -> None:
    """A note is read by people and models: nothing in it may act as markup, link or heading."""
    text = taught(closed(sample("C-1").model_copy(update={"title": hostile}), f"x\n\n## {hostile}"))

    assert "\u202e" not in text
    assert not re.search(r"(?<!\\)(\[click|<script)", re.sub(r"`[^`]*`", "", text))
    assert [line for line in text.splitlines() if line.startswith("## ")] == [
        "## What decided it",
        "## What was missing",
        "## What to ask first next time",
    ]


def test_secret_in_a_case_is_not_taught(sample: CaseFactory) -> None:
    """Notes are read by more people than the case."""
    text = taught(closed(sample("C-1"), "they used password=hunter2-long"))

    assert "hunter2" not in text
    assert "masked" in text


def test_names_are_others_when_that_is_asked(sample: CaseFactory) -> None:
    """A note that leaves the house must not say whose house it was."""
    case = closed(sample("C-1"))
    aliases = Aliases.for_stored(open_stored(case), outsiders=False)

    found = lesson(case, load_playbooks(), rename=aliases.text)

    assert found is not None
    assert aliases.left_in(found.text) == ()
    assert "m.ortiz" in taught(case)


def test_note_speaks_the_language_of_who_closed_it(sample: CaseFactory) -> None:
    """Its words are ours; the claims are told by their templates."""
    found = lesson(closed(sample("C-1")), load_playbooks(), "zh")

    assert found is not None
    assert found.language == "zh"
    assert "## 判定依据" in found.text


def test_case_that_is_open_or_was_never_looked_at_teaches_nothing(sample: CaseFactory) -> None:
    """An empty note would only be noise."""
    assert lesson(sample("C-1"), load_playbooks()) is None
    assert lesson(closed(sample("C-2", investigated=False)), load_playbooks()) is None
