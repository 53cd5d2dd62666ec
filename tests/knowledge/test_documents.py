"""The documents that come with the product: whole, in both languages, and right about ATT&CK."""

import re
from typing import get_args

import pytest

from agent.intake.classes import AlertClass
from knowledge.attack import find_technique
from knowledge.models import Document
from knowledge.shipped import shipped

DOCUMENTS = {document.id: document for document in shipped()}
ENGLISH = [name for name in DOCUMENTS if not name.startswith("zh/")]
TACTICS = {name.removeprefix("tactic/"): DOCUMENTS[name] for name in ENGLISH if name.startswith("tactic/")}
RUNBOOKS = [name for name in ENGLISH if "/" not in name]
CONTAIN = {"en": "Contain", "zh": "遏制"}
_ID = re.compile(r"\bT\d{4}(?:\.\d{3})?", re.ASCII)
_LISTED = re.compile(r"^- (T\d{4}(?:\.\d{3})?) ([^:：（]+)", re.MULTILINE)
_HAN = re.compile(r"[\u4e00-\u9fff]")
_LONGEST = 2500


def _text(document: Document) -> str:
    return "\n".join(section.text for section in document.sections)


@pytest.mark.parametrize("name", ENGLISH)
def test_document_has_a_twin_in_chinese_with_as_many_sections(name: str) -> None:
    """A procedure that lacks a step in one language misleads half of the team."""
    twin = DOCUMENTS[f"zh/{name}"]

    assert len(twin.sections) == len(DOCUMENTS[name].sections)
    assert all(_HAN.search(section.heading) and _HAN.search(section.text) for section in twin.sections)
    assert sorted(_ID.findall(_text(twin))) == sorted(_ID.findall(_text(DOCUMENTS[name])))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_sections_say_something_and_fit_on_a_screen(name: str) -> None:
    """A citation opens a section: it has to be an answer, not a heading or a chapter."""
    for section in DOCUMENTS[name].sections:
        assert 0 < len(section.text.strip()) <= _LONGEST, section.id


@pytest.mark.parametrize("name", DOCUMENTS)
def test_techniques_named_exist(name: str) -> None:
    """An id that ATT&CK has not, or has replaced, sends the reader nowhere."""
    for technique_id in _ID.findall(_text(DOCUMENTS[name])):
        found = find_technique(technique_id)
        assert found is not None, technique_id
        assert found.revoked_by is None, technique_id


@pytest.mark.parametrize("language", ["", "zh/"])
@pytest.mark.parametrize("tactic", TACTICS)
def test_tactic_page_lists_techniques_of_that_tactic_by_their_names(tactic: str, language: str) -> None:
    """A wrong name beside a right id is believed."""
    listed = _LISTED.findall(_text(DOCUMENTS[f"{language}tactic/{tactic}"]))

    assert len(listed) >= 6
    for technique_id, name in listed:
        found = find_technique(technique_id)
        assert found is not None
        assert tactic in found.tactics, technique_id
        assert found.name.rpartition(": ")[2] == name.strip()


def test_every_tactic_of_the_matrix_has_a_page() -> None:
    """Fourteen tactics in ATT&CK Enterprise v18."""
    named = {tactic for page in TACTICS.values() for tactic in _tactics(page)}

    assert set(TACTICS) == named
    assert len(TACTICS) == 14


def _tactics(page: Document) -> set[str]:
    found = [find_technique(technique_id) for technique_id in _ID.findall(_text(page))]
    return {tactic for technique in found if technique for tactic in technique.tactics}


def test_every_alert_class_has_a_runbook_that_says_how_to_contain() -> None:
    """A class without one leaves its analyst alone; an unknown one has the runbook for any alert."""
    assert set(RUNBOOKS) == {*get_args(AlertClass), "generic"} - {"unknown"}
    for name in RUNBOOKS:
        for language, heading in CONTAIN.items():
            document = DOCUMENTS[name if language == "en" else f"{language}/{name}"]
            assert document.kind == "runbook"
            assert f"{document.id}#{heading.lower()}" in [section.id for section in document.sections]
