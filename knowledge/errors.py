"""What can go wrong in the knowledge base.

KnowledgeError
├── DocumentError    a document is not in the form the base can cut into sections
├── EmbeddingError   an endpoint gives no vectors
├── NotThereError    no document of that id
└── StoreError       the store's file cannot be used
"""


class KnowledgeError(Exception):
    """Base of the knowledge base's errors; the package `trust` has its own."""


class DocumentError(KnowledgeError):
    """A document cannot be read; the message names the file and what is wrong with it."""


class StoreError(KnowledgeError):
    """The knowledge base's file cannot be opened or is of another version."""


class NotThereError(KnowledgeError):
    """The knowledge base holds no document of that id."""


class EmbeddingError(KnowledgeError):
    """An embedding endpoint cannot be reached or does not answer as it should. `passing`: it may do so later."""

    def __init__(self, message: str, *, passing: bool = False) -> None:
        super().__init__(message)
        self.passing = passing
