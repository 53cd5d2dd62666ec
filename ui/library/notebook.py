"""What closed cases teach, kept as notes: T2, and for the tenant of the case alone."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from agent.cases.lessons import lesson
from agent.models import Case
from agent.playbooks.format import load_playbooks
from agent.replay.aliases.aliases import Aliases
from agent.replay.errors import NotReplayableError
from agent.replay.stored import open_stored
from agent.wording import Language
from knowledge.chunking import document_from_markdown
from knowledge.errors import KnowledgeError
from knowledge.models import Document, Kind, Readers
from ui.home import Home
from ui.library.opening import open_shelf

ORIGIN: Final = "cases"
"""Of documents that come of cases."""
HIDDEN: Final = "…"
"""Stands for a text whose names cannot be learned."""
_LOG: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Notebook:
    """Where the notes of a home's cases are kept, and how they are written."""

    home: Home
    language: Language = "en"
    pseudonymise: bool = False

    def propose(self, case: Case) -> str | None:
        """Keep the note that a closed case proposes; its document id, None when there is nothing to learn or nowhere
        to keep it. A case is closed whether this works or not."""
        try:
            if (document := self.note(case)) is None:
                return None
            open_shelf(self.home).put([document])
        except KnowledgeError as error:
            _LOG.warning("no note of %s was kept: %s", case.id, error)
            return None
        return document.id

    def withdraw(self, case: Case) -> str | None:
        """Take back the note of a case that is open again, unless a person made it their own; its id if it was
        there."""
        try:
            shelf = open_shelf(self.home)
            held = shelf.document(note_id(case.id))
            if held is None or held.promoted_by is not None:
                return None
            shelf.remove([held.id])
        except KnowledgeError as error:
            _LOG.warning("the note of %s was not taken back: %s", case.id, error)
            return None
        return held.id

    def note(self, case: Case) -> Document | None:
        """The note as a document. Raises: DocumentError."""
        rename = _renaming(case) if self.pseudonymise else None
        taught = lesson(case, load_playbooks(), self.language, rename)
        return None if taught is None else of_case(case, "note", taught.text, self.language)


def note_id(case_id: str) -> str:
    """Document id of the note of a case."""
    return f"note/{case_id}"


def of_case(case: Case, kind: Kind, text: str, language: Language) -> Document:
    """A document that comes of a case, for its tenant alone. Raises: DocumentError."""
    document = document_from_markdown(
        f"{kind}/{case.id}",
        text,
        provenance="T2",
        kind=kind,
        language=language,
        origin=ORIGIN,
        source=case.id,
        title=case.id,
    )
    return replace(document, readers=Readers(tenants=(case.tenant,)))


def _renaming(case: Case) -> Callable[[str], str]:
    """Replaces the names of a case by others, the same everywhere in it, by a key that is forgotten."""
    try:
        return Aliases.for_stored(open_stored(case), outsiders=False).text
    except NotReplayableError:
        return lambda text: HIDDEN if text else ""
