"""Search over the shipped runbooks."""

from pathlib import Path

import pytest

from knowledge.search import Search
from knowledge.shipped import shipped
from knowledge.store import KnowledgeStore

CLASSES = [
    "password_attack",
    "phishing_execution",
    "web_attack",
    "malware",
    "ransomware",
    "dns_exfiltration",
    "lateral_movement",
    "identity_compromise",
    "data_theft",
    "cloud_abuse",
    "generic",
]


@pytest.fixture(scope="module")
def search(tmp_path_factory: pytest.TempPathFactory) -> Search:
    """A search over the shipped runbooks."""
    store = KnowledgeStore(Path(tmp_path_factory.mktemp("kb")))
    store.replace(shipped())
    return Search(store)


def test_every_alert_class_has_a_runbook() -> None:
    """A class without one leaves its analyst alone."""
    runbooks = {document.id: document for document in shipped() if document.kind == "runbook"}

    assert {*CLASSES, *(f"zh/{name}" for name in CLASSES)} <= set(runbooks)
    assert {document.provenance for document in runbooks.values()} == {"T0"}
    for name in CLASSES:
        assert "Contain" in [section.heading for section in runbooks[name].sections]
        assert "遏制" in [section.heading for section in runbooks[f"zh/{name}"].sections]


@pytest.mark.parametrize(
    ("query", "document"),
    [
        ("T1490", "ransomware"),
        ("many failed sign-ins then a success", "password_attack"),
        ("macro document started PowerShell", "phishing_execution"),
        ("web server spawned a shell", "web_attack"),
        ("beacon after antivirus detection", "malware"),
        ("dns tunneling txt", "dns_exfiltration"),
        ("psexec service on many hosts", "lateral_movement"),
        ("impossible travel", "identity_compromise"),
        ("insider upload to personal cloud storage", "data_theft"),
        ("access key used from a new address", "cloud_abuse"),
        ("how do I contain ransomwear", "ransomware"),
    ],
)
def test_question_finds_the_runbook_of_its_class(search: Search, query: str, document: str) -> None:
    """The first hits decide what is read; a mistyped word must not matter."""
    assert document in [hit.section.document for hit in search.search(query, 3)]


@pytest.mark.parametrize(
    "query", ["quarterly sales forecast bananas", "recipe for apple pie", "the", "?!", "Zwiebelkuchen"]
)
def test_question_about_something_else_finds_nothing(search: Search, query: str) -> None:
    """An answer that is always full teaches people not to trust it."""
    assert search.search(query) == []


def test_fresh_home_is_searchable_at_once(tmp_path: Path) -> None:
    """The demo starts in a fresh home each time."""
    store = KnowledgeStore(tmp_path)
    store.replace(shipped())

    assert Search(store).search("ransomware")
