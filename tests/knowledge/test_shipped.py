"""The documents that come with the product."""

from knowledge.shipped import shipped


def test_every_shipped_document_can_be_cut_and_cited() -> None:
    """One that cannot would stop the first start of everybody; ids are what chat and cases cite."""
    documents = {document.id: document for document in shipped()}
    sections = [section.id for document in documents.values() for section in document.sections]

    assert len(sections) == len(set(sections))
    assert {"generic#contain", "lateral_movement#contain", "ransomware#contain"} <= set(sections)
    assert all(document.provenance == "T0" and document.origin == "shipped" for document in documents.values())
    assert all(document.language == ("zh" if name.startswith("zh/") else "en") for name, document in documents.items())
    assert documents["generic"].kind == "runbook"
