"""As whom the person at this machine reads the knowledge base of a home."""

from agent.models import World
from agent.settings import Settings
from knowledge.models import Filter, Kind, Language, Trust
from ui.home import Home


def tenant_of(home: Home) -> str:
    """The tenant of a home's cases."""
    world: World = "lab" if home.is_demo else "site"
    return Settings(home=home.root).tenant(world)


def readable(
    home: Home, *, kind: Kind | None = None, language: Language | None = None, provenance: Trust | None = None
) -> Filter:
    """What that person may read of it; None does not restrict."""
    return Filter(
        kinds=(kind,) if kind else (),
        languages=(language,) if language else (),
        provenance=(provenance,) if provenance else (),
        tenant=tenant_of(home),
        roles=("admin",),
    )
