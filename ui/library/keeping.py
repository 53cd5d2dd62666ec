"""What a person decides about documents that are there: to make one the operator's own, to remove one."""

from knowledge.errors import NotThereError
from knowledge.models import SHIPPED, Document
from knowledge.store import KnowledgeStore
from ui.errors import UsageError
from ui.home import Home
from ui.library.auditing import Told, tell
from ui.library.opening import open_shelf
from ui.store import now_in


def to_promote(home: Home, document_id: str) -> Document:
    """The document somebody wants to make the operator's own, to be looked at first.

    Raises: NotThereError; UsageError when it is the operator's already."""
    document = _found(open_shelf(home), home, document_id)
    if document.provenance == "T0":
        raise UsageError("{id} is one of your own documents already", id=document_id)
    return document


def promote(home: Home, document: Document, by: str) -> Document:
    """Make exactly this text one of the operator's own (T0), and write down who said so.

    Raises: NotThereError; UsageError when its text has changed since it was looked at."""
    shelf = open_shelf(home)
    if _found(shelf, home, document.id).sha256 != document.sha256:
        raise UsageError("{id} has changed meanwhile; look at it again", id=document.id)
    promoted = shelf.promote(document.id, by, now_in(home))
    data = {"document": document.id, "title": document.title, "sha256": document.sha256}
    tell(home, Told("knowledge.promoted", by, {**data}))
    return promoted


def remove(home: Home, document_id: str, who: str) -> Document:
    """Take a document out. Raises: NotThereError; UsageError for one that comes with the product."""
    shelf = open_shelf(home)
    document = _found(shelf, home, document_id)
    if document.origin == SHIPPED:
        raise UsageError("{id} comes with the product and would come again", id=document_id)
    shelf.remove([document_id])
    tell(home, Told("knowledge.removed", who, {"document": document_id, "sha256": document.sha256}))
    return document


def _found(shelf: KnowledgeStore, home: Home, document_id: str) -> Document:
    document = shelf.document(document_id)
    if document is None:
        there = "" if not home.demo.root.exists() else "; with --demo the knowledge base of the demo is looked at"
        raise NotThereError(f"no document {document_id!r}: mcpsoc kb ls lists them{there}")
    return document
