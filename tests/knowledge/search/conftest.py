"""Documents to search in."""

from collections.abc import Sequence

import pytest

from knowledge.models import Document, Kind, Language, Readers, Section, Trust


class Writing:
    """Makes small documents of one section each, or of several."""

    def __call__(
        self,
        name: str,
        *texts: str,
        provenance: Trust = "T0",
        kind: Kind = "document",
        language: Language = "en",
        readers: Sequence[str] = (),
    ) -> Document:
        sections = tuple(
            Section(f"{name}#part-{at}", name, f"About {name}", f"Part {at}", text) for at, text in enumerate(texts)
        )
        may_read = Readers(tenants=tuple(readers))
        return Document(name, f"About {name}", provenance, sections, kind, language, "tests", readers=may_read)


@pytest.fixture
def write() -> Writing:
    """Makes a document."""
    return Writing()
