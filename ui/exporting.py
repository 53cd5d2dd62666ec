"""A case handed on: as signed JSON, as Markdown, or as one HTML page."""

from collections.abc import Callable, Mapping
from contextlib import closing

from agent.evidence.verification import sign_export
from agent.models import Case
from knowledge.trust.audit import AuditLog
from knowledge.trust.keys import SigningKey
from ui.home import Home


def export_case(case: Case, home: Home, form: str) -> bytes:
    """The case in one of FORMATS."""
    return FORMATS[form](case, home)


def _json(case: Case, home: Home) -> bytes:
    return sign_export(case, SigningKey.load_or_create(home.export_key), _audit_head(case, home))


def _audit_head(case: Case, home: Home) -> str | None:
    """Where the tenant's audit chain stood when this was written; None when nothing was logged."""
    if not home.audit.exists():
        return None
    with closing(AuditLog(home.audit)) as log:
        tenants = log.verify(case.tenant).tenants
    return tenants[0].head if tenants else None


FORMATS: Mapping[str, Callable[[Case, Home], bytes]] = {"json": _json}
"""Name to writer."""
