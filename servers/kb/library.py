"""The knowledge base behind the server: opened on first need, and read as one tenant."""

import threading
from pathlib import Path

from knowledge.errors import KnowledgeError
from knowledge.mapping import Mapper, load_mapper, retrieval_mapper
from knowledge.models import DocumentLine, Filter, Kind, Language, Trust
from knowledge.opening import Knowledge, open_knowledge
from knowledge.settings import Settings
from servers.errors import ToolError


class Library:
    """The knowledge base of a home folder as one tenant may read it; without a tenant, as anybody may."""

    def __init__(self, home: Path, settings: Settings, tenant: str = "") -> None:
        self._home = home
        self._settings = settings
        self._tenant = tenant
        self._lock = threading.Lock()
        self._open: Knowledge | None = None
        self._mapper: Mapper | None = None

    def opened(self) -> Knowledge:
        """The store with the shipped documents in it, and the search over it.

        Raises: ToolError when the store cannot be used."""
        with self._lock:
            if self._open is None:
                try:
                    self._open = open_knowledge(self._home, self._settings)
                except KnowledgeError as error:
                    raise ToolError("no_knowledge", "the knowledge base cannot be opened", "mcpsoc doctor") from error
            return self._open

    def wanted(self, provenance: Trust | None, kind: Kind | None = None, language: Language | None = None) -> Filter:
        """What this tenant may read of one class, kind and language; None does not restrict."""
        return Filter(
            kinds=(kind,) if kind else (),
            languages=(language,) if language else (),
            provenance=(provenance,) if provenance else (),
            tenant=self._tenant,
        )

    def documents(self, provenance: Trust, kind: Kind | None = None) -> tuple[DocumentLine, ...]:
        """Documents of one class, by id."""
        return self.opened().store.documents(self.wanted(provenance, kind))

    def mapper(self) -> Mapper:
        """The fitted mapper kept beside the store, or one that looks names up.

        Raises: ToolError when the kept one cannot be used."""
        with self._lock:
            if self._mapper is None:
                try:
                    self._mapper = load_mapper(self._home) or retrieval_mapper()
                except KnowledgeError as error:
                    raise ToolError("no_mapper", "the technique mapper cannot be read", "fit it again") from error
            return self._mapper
