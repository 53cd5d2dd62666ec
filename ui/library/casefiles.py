"""Closed cases as documents of the knowledge base: their reports, T2, each for its tenant alone."""

from collections.abc import Iterator
from typing import Final

from agent.cases import CaseStore
from agent.cases.queries import CaseQuery
from agent.cases.report import render_markdown
from agent.models import Case, Evidence
from agent.replay.aliases.aliases import Aliases
from agent.replay.errors import NotReplayableError
from agent.replay.stored import open_stored
from agent.wording import Language
from knowledge.errors import DocumentError
from knowledge.importers import Imported, Refusal
from knowledge.models import Document
from knowledge.trust.canonical import sha256_of
from knowledge.trust.masking import mask_secrets
from ui.home import Home
from ui.library.notebook import ORIGIN, of_case
from ui.store import now_in, open_store

_PAGE: Final = 200


def read_cases(home: Home, language: Language = "en", *, pseudonymise: bool = False) -> Imported:
    """The report of every closed case of a home; with `pseudonymise` all names of hosts, accounts and people are
    others, and a case whose names cannot be learned is refused. Raises: UsageError when there is no case at all."""
    documents: list[Document] = []
    refused: list[Refusal] = []
    with open_store(home) as store:
        for case in _closed(store, home):
            try:
                shown = renamed(case) if pseudonymise else case
                documents.append(of_case(shown, "case", mask_secrets(render_markdown(shown, language)), language))
            except (DocumentError, NotReplayableError) as error:
                refused.append(Refusal(case.id, str(error)))
    return Imported(ORIGIN, tuple(documents), tuple(refused))


def renamed(case: Case) -> Case:
    """The same case about others: every name replaced by one of its shape, by a key that is forgotten.

    Raises: NotReplayableError when its names cannot be learned."""
    aliases = Aliases.for_stored(open_stored(case), outsiders=False)
    other = Case.model_validate(aliases.value(case.model_dump(mode="json")))
    kept = {"id": case.id, "tenant": case.tenant, "evidence": tuple(map(_sealed, other.evidence))}
    return other.model_copy(update=kept)


def _sealed(item: Evidence) -> Evidence:
    """With the hash of what it says now."""
    return item.model_copy(update={"sha256": sha256_of(item.data)})


def _closed(store: CaseStore, home: Home) -> Iterator[Case]:
    everything = CaseQuery(now=now_in(home), status=("closed",), sort="recent", limit=_PAGE)
    for offset in range(0, store.count(everything).total, _PAGE):
        for row in store.list_cases(everything.model_copy(update={"offset": offset})):
            yield store.get(row.id)
