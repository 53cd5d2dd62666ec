"""What a reader brings back."""

from dataclasses import dataclass

from knowledge.models import Document


@dataclass(frozen=True, slots=True)
class Refusal:
    """A file or an entry that could not be read."""

    path: str
    """Of the file below what was read, or the id of the entry."""
    reason: str
    """What is wrong, and what to do."""


@dataclass(frozen=True, slots=True)
class Imported:
    """All that one source gave. To be kept with `store.replace(documents, origin)`."""

    origin: str
    documents: tuple[Document, ...]
    refused: tuple[Refusal, ...] = ()
    others: int = 0
    """Files of kinds that are not read, such as pictures."""
