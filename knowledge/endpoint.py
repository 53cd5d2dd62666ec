"""The dense channel by another embedder: any endpoint that speaks the OpenAI form of `/embeddings`.

The texts of the documents and of every query are sent there, those of the operator (T0) and those brought from outside
(T2) alike, with the names of hosts and people in them: whoever sets an endpoint decides that it may read them.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EmbeddingEndpoint:
    """Where vectors come from."""

    base_url: str
    """Up to and without `/embeddings`: `http://127.0.0.1:8080/v1`."""
    model: str
