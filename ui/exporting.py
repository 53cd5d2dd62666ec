"""A case handed on: as signed JSON, as Markdown, or as one HTML page."""

from collections.abc import Callable, Mapping
from contextlib import closing
from typing import cast

from agent.cases.report import render_html, render_markdown
from agent.cases.report.words import Language
from agent.evidence.verification import sign_export
from agent.models import Case
from knowledge.trust.audit import AuditLog
from knowledge.trust.keys import SigningKey
from ui.home import Home

Writer = Callable[[Case, Home, Language], bytes]


def export_case(case: Case, home: Home, form: str, language: str = "en") -> bytes:
    """The case in one of FORMATS; the signed form is the same in every language."""
    return FORMATS[form](case, home, cast(Language, language))


def signed_json(case: Case, home: Home) -> bytes:
    """The case signed with the home's export key, which is made on first use."""
    return sign_export(case, SigningKey.load_or_create(home.export_key), _audit_head(case, home))


def _audit_head(case: Case, home: Home) -> str | None:
    """Where the tenant's audit chain stood when this was written; None when nothing was logged."""
    if not home.audit.exists():
        return None
    with closing(AuditLog(home.audit)) as log:
        tenants = log.verify(case.tenant).tenants
    return tenants[0].head if tenants else None


FORMATS: Mapping[str, Writer] = {
    "json": lambda case, home, _: signed_json(case, home),
    "markdown": lambda case, _, language: render_markdown(case, language).encode(),
    "html": lambda case, _, language: render_html(case, language).encode(),
}
"""Name to writer."""
