"""What people do to the knowledge base, in the audit log of its home."""

from contextlib import closing
from dataclasses import dataclass

from agent.models import JsonObject
from knowledge.trust.audit import AuditLog
from ui.home import Home
from ui.library.reading import tenant_of
from ui.store import now_in


@dataclass(frozen=True, slots=True)
class Told:
    """Something that somebody did."""

    event: str
    who: str
    data: JsonObject


def tell(home: Home, told: Told) -> None:
    """Add it to the chain of the home's tenant. Raises: AuditError."""
    with closing(AuditLog(home.audit)) as audit:
        audit.append(tenant_of(home), told.who, told.event, told.data, now_in(home))
