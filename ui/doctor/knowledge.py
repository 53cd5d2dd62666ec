"""Check of the knowledge base: it opens, every section can be searched, and its index did not have to be made anew."""

from collections.abc import Iterator

from knowledge.errors import KnowledgeError
from ui.doctor.databases import damage
from ui.doctor.finding import Problem
from ui.doctor.surroundings import Surroundings
from ui.library.opening import knowledge_home, open_shelf

REINDEX = "mcpsoc kb reindex"
EMBEDDED = 0.9
"""Share of the sections that should have a vector; what came last gets its own at the next search."""


def check_knowledge(around: Surroundings) -> Iterator[Problem]:
    """The base of a home that has one; nothing is made by looking."""
    t, path = around.t, knowledge_home(around.home) / "knowledge.db"
    if not path.exists():
        return
    if (reason := damage(path)) is not None:
        yield Problem(
            t("{path} is damaged: {reason}", path=path, reason=reason),
            t("stop MCPSoc and bring {path} back from a backup, or move it away to begin anew", path=path),
        )
        return
    try:
        stats = open_shelf(around.home).stats()
    except KnowledgeError as error:
        yield Problem(str(error), t("move {path} away; what you added has to be added again", path=path))
        return
    again = t("run: {command}", command=REINDEX)
    if stats.embedder is not None and stats.vectors < EMBEDDED * stats.sections:
        missing = stats.sections - stats.vectors
        yield Problem(t("{n} sections of the knowledge base are found by words alone", n=missing), again, serious=False)
    if stats.rebuilt_because is not None:
        told = t("the index of the knowledge base was damaged and made anew: {reason}", reason=stats.rebuilt_because)
        yield Problem(told, again, serious=False)
